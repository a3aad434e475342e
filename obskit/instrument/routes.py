"""The route of a request, as the routers of Starlette, FastAPI and Litestar have left it in its scope.

A route is of the program, never of the client: what a client may vary stands in it by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def route_of(scope: Mapping[str, Any]) -> str | None:
    """Return the route as routers have left it in the scope, with what it is mounted on; None if none has."""
    if isinstance(template := scope.get("path_template"), str):  # Litestar
        return template
    route, endpoint = scope.get("route"), scope.get("endpoint")  # Starlette, FastAPI
    within = scope["fastapi"].get("effective_route_context") if "fastapi" in scope else None
    if within is not None:  # of a router that FastAPI includes, with its prefix; or of a mount above
        within = getattr(within, "starlette_route", None) or within
        if getattr(within, "endpoint", None) is endpoint:
            route = within
    if route is None and endpoint is not None and "router" in scope:
        found = [known for known in scope["router"].routes if getattr(known, "endpoint", None) is endpoint]
        route = found[0] if len(found) == 1 else None  # before Starlette 1.7, and the pages that FastAPI adds
    path: str | None = getattr(route, "path_format", None) or getattr(route, "path", None)
    mounted: str = scope.get("root_path", "")
    above: str | None = scope.get("app_root_path")  # what was there before the first mount
    if above is not None and mounted.startswith(above) and scope.get("path_params"):
        mounted = above + _mounts(scope.get("router"), mounted[len(above) :])
    if path is None or not hasattr(route, "endpoint"):  # an application that has no routes, or a mount of one
        return mounted or None
    return mounted + path


def _mounts(app: Any, prefix: str) -> str:
    """Return the templates of the mounts by which routers took a prefix of the path, "/*" for unknown ones.

    The prefix itself has the client's words in it, and there would be a route for each client.
    """
    if not prefix:
        return ""
    routes = getattr(app, "routes", None)
    if routes is None and hasattr(app, "effective_candidates"):  # a router that FastAPI includes
        routes = [getattr(known, "starlette_route", None) or known for known in app.effective_candidates()]
    if not routes and hasattr(app, "app"):  # a middleware
        return _mounts(app.app, prefix)
    for known in routes or ():
        regex = getattr(known, "path_regex", None)
        if getattr(known, "endpoint", None) is not None:
            continue
        if regex is None:  # a host, an included router
            if (found := _mounts(known, prefix)) != "/*":
                return found
        elif match := regex.match(prefix + "/"):
            template: str = known.path_format.removesuffix("/{path}")
            return template + _mounts(known, prefix[match.start("path") - 1 :])
    return "/*"
