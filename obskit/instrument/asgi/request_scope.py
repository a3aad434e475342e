"""What the scope of an ASGI request says: fields, the caller's context, and the route that routers left.

A route is of the program, never of the client: what a client may vary stands in it by its name.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry import propagate
from opentelemetry.context import Context, get_current
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.trace import INVALID_SPAN, get_current_span

from obskit.instrument.runtime import Runtime

Headers = Iterable[tuple[bytes, bytes]]

_METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"),
)

PLACEHOLDER_NAMES = _METHODS | {"HTTP", "WS"}
"""What events are called until their route is known."""


def describe_request(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> tuple[str, dict[str, Any]]:
    """Return what the event is called until its route is known, and what a scope says of the request.

    Args:
        scope: of the request.
        headers: its headers by name; the last of those that come twice.
    """
    said: str = scope.get("method", "")
    method = "WS" if scope["type"] == "websocket" else said if said in _METHODS else "HTTP"
    fields: dict[str, Any] = {"url.scheme": scope.get("scheme", "http"), "url.path": scope.get("path", "")}
    if method == "WS":
        fields["network.protocol.name"] = "websocket"
    elif method == "HTTP":
        fields["http.request.method"] = "_OTHER"
        fields["http.request.method_original"] = said
    else:
        fields["http.request.method"] = method
    if query := scope.get("query_string"):
        fields["url.query"] = query.decode("utf-8", "replace")
    if version := scope.get("http_version"):
        fields["network.protocol.version"] = version
    if (client := scope.get("client")) and client[0]:
        fields["client.address"] = client[0]
    if (host := headers.get(b"host")) is not None:
        fields |= _authority(host) if len(host) <= _LONGEST_HOST else _parse_authority(host)
    if (agent := headers.get(b"user-agent")) is not None:
        fields["user_agent.original"] = agent.decode("latin-1")
    if (length := headers.get(b"content-length")) is not None and length.isdigit():
        fields["http.request.body.size"] = int(length[:18])
    return method, fields


def _parse_authority(host: bytes) -> dict[str, Any]:
    """Return `server.address`, and `server.port` if it is said, of a Host header; never its user."""
    text = host.decode("latin-1").rpartition("@")[2]
    address, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or len(port) > 5:
        address, port = text, ""
    said: dict[str, Any] = {"server.address": address.strip("[]")}
    return {**said, "server.port": int(port)} if port else said


_authority = functools.lru_cache(1024)(_parse_authority)
_LONGEST_HOST = 300  # a name has 253 characters: clients may not fill memory with longer ones


class _Getter(Getter[Headers]):
    """Reads headers for OpenTelemetry's propagators."""

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        wanted = key.lower().encode("latin-1")
        found = [value.decode("latin-1") for name, value in carrier if name == wanted]
        if key == "baggage" and len(found) > 1:  # its propagator looks at the first alone
            return [",".join(found)]
        return found or None

    def keys(self, carrier: Headers) -> list[str]:
        return [name.decode("latin-1") for name, _ in carrier]


_GETTER = _Getter()


@functools.lru_cache(8)
def _carriers(propagator: TextMapPropagator) -> frozenset[bytes]:
    """Return the headers in which a propagator's contexts come."""
    return frozenset(name.lower().encode("latin-1") for name in propagator.fields)


def caller_context(runtime: Runtime, headers: Headers, names: Iterable[bytes]) -> Context:
    """Return the caller's context, if nothing is current here; what cannot be read is a new trace."""
    context = get_current()
    if get_current_span(context) is not INVALID_SPAN:
        return context
    propagator = propagate.get_global_textmap()
    if _carriers(propagator).isdisjoint(names):
        return context
    try:
        return propagator.extract(headers, context, _GETTER)
    except Exception as error:
        runtime.record_failure("a caller's context", error)
        return context


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
        mounted = above + _mount_templates(scope.get("router"), mounted[len(above) :])
    if path is None or not hasattr(route, "endpoint"):  # an application that has no routes, or a mount of one
        return mounted or None
    return mounted + path


def _mount_templates(app: Any, prefix: str) -> str:
    """Return the templates of the mounts by which routers took a prefix of the path, "/*" for unknown ones.

    The prefix itself has the client's words in it, and there would be a route for each client.
    """
    if not prefix:
        return ""
    routes = getattr(app, "routes", None)
    if routes is None and hasattr(app, "effective_candidates"):  # a router that FastAPI includes
        routes = [getattr(known, "starlette_route", None) or known for known in app.effective_candidates()]
    if not routes and hasattr(app, "app"):  # a middleware
        return _mount_templates(app.app, prefix)
    for known in routes or ():
        regex = getattr(known, "path_regex", None)
        if getattr(known, "endpoint", None) is not None:
            continue
        if regex is None:  # a host, an included router
            if (found := _mount_templates(known, prefix)) != "/*":
                return found
        elif match := regex.match(prefix + "/"):
            template: str = known.path_format.removesuffix("/{path}")
            return template + _mount_templates(known, prefix[match.start("path") - 1 :])
    return "/*"
