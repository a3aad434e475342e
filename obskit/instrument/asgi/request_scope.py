"""What the scope of an ASGI request contains: fields, the caller's context, and the route that routers set.

A route comes from the program, never from the client. Parts of the path that vary appear as parameter names.
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
"""The names of events whose route is not known yet."""


def describe_request(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> tuple[str, dict[str, Any]]:
    """Extract the method and the fields of a request.

    Args:
        scope: the request's scope.
        headers: its headers by name; the last value of a repeated one.

    Returns:
        The event's name until its route is known, and its first fields.
    """
    sent: str = scope.get("method", "")
    method = "WS" if scope["type"] == "websocket" else sent if sent in _METHODS else "HTTP"
    fields: dict[str, Any] = {"url.scheme": scope.get("scheme", "http"), "url.path": scope.get("path", "")}
    if method == "WS":
        fields["network.protocol.name"] = "websocket"
    elif method == "HTTP":
        fields["http.request.method"] = "_OTHER"
        fields["http.request.method_original"] = sent
    else:
        fields["http.request.method"] = method
    if query := scope.get("query_string"):
        fields["url.query"] = query.decode("utf-8", "replace")
    if version := scope.get("http_version"):
        fields["network.protocol.version"] = version
    if (client := scope.get("client")) and client[0]:
        fields["client.address"] = client[0]
    if (host := headers.get(b"host")) is not None:
        fields |= cached_authority(host) if len(host) <= _LONGEST_HOST else parse_authority(host)
    if (agent := headers.get(b"user-agent")) is not None:
        fields["user_agent.original"] = agent.decode("latin-1")
    if (length := headers.get(b"content-length")) is not None and length.isdigit():
        fields["http.request.body.size"] = int(length[:18])
    return method, fields


def parse_authority(host: bytes) -> dict[str, Any]:
    """Return `server.address`, and `server.port` if there is one, from a Host header; never its user."""
    text = host.decode("latin-1").rpartition("@")[2]
    address, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or len(port) > 5:
        address, port = text, ""
    fields: dict[str, Any] = {"server.address": address.strip("[]")}
    return {**fields, "server.port": int(port)} if port else fields


cached_authority = functools.lru_cache(1024)(parse_authority)
_LONGEST_HOST = 300  # a host name has at most 253 characters; longer ones must not fill the cache


class _Getter(Getter[Headers]):
    """Reads headers for OpenTelemetry's propagators."""

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        wanted = key.lower().encode("latin-1")
        found = [value.decode("latin-1") for name, value in carrier if name == wanted]
        if key == "baggage" and len(found) > 1:  # its propagator reads only the first value
            return [",".join(found)]
        return found or None

    def keys(self, carrier: Headers) -> list[str]:
        return [name.decode("latin-1") for name, _ in carrier]


_GETTER = _Getter()


@functools.lru_cache(8)
def _carriers(propagator: TextMapPropagator) -> frozenset[bytes]:
    """Return the names of the headers that a propagator reads."""
    return frozenset(name.lower().encode("latin-1") for name in propagator.fields)


def caller_context(runtime: Runtime, headers: Headers, names: Iterable[bytes]) -> Context:
    """Return the current context if it has a span, else the caller's from the headers.

    Args:
        runtime: counts failures.
        headers: the request's headers.
        names: the names of its headers.

    Returns:
        The context; without a span, so that a new trace begins, if the headers have none or are unreadable.
    """
    context = get_current()
    if get_current_span(context) is not INVALID_SPAN:
        return context
    propagator = propagate.get_global_textmap()
    if _carriers(propagator).isdisjoint(names):
        return context
    try:
        return propagator.extract(headers, context, _GETTER)
    except Exception as error:
        runtime.record_failure("reading a caller's context", error)
        return context


def route_of(scope: Mapping[str, Any]) -> str | None:
    """Return the route that routers have set in the scope, with the prefixes of mounts; None without one."""
    if isinstance(template := scope.get("path_template"), str):  # Litestar
        return template
    route, endpoint = scope.get("route"), scope.get("endpoint")  # Starlette, FastAPI
    effective = scope["fastapi"].get("effective_route_context") if "fastapi" in scope else None
    if effective is not None:  # an included router's route with its prefix, or that of a mount above
        effective = getattr(effective, "starlette_route", None) or effective
        if getattr(effective, "endpoint", None) is endpoint:
            route = effective
    if route is None and endpoint is not None and "router" in scope:
        found = [known for known in scope["router"].routes if getattr(known, "endpoint", None) is endpoint]
        route = found[0] if len(found) == 1 else None  # Starlette before 1.7, and pages that FastAPI adds
    path: str | None = getattr(route, "path_format", None) or getattr(route, "path", None)
    mounted: str = scope.get("root_path", "")
    above: str | None = scope.get("app_root_path")  # the root path before the first mount
    if above is not None and mounted.startswith(above) and scope.get("path_params"):
        mounted = above + _mount_templates(scope.get("router"), mounted[len(above) :])
    if path is None or not hasattr(route, "endpoint"):  # an application without routes, or a mount of one
        return mounted or None
    return mounted + path


def _mount_templates(app: Any, prefix: str) -> str:
    """Return the templates of the mounts that matched a prefix of the path, "/*" for unknown ones.

    The prefix itself may hold values that clients choose, which would make a new route for each value.
    """
    if not prefix:
        return ""
    routes = getattr(app, "routes", None)
    if routes is None and hasattr(app, "effective_candidates"):  # a router included by FastAPI
        routes = [getattr(known, "starlette_route", None) or known for known in app.effective_candidates()]
    if not routes and hasattr(app, "app"):  # a middleware
        return _mount_templates(app.app, prefix)
    for known in routes or ():
        regex = getattr(known, "path_regex", None)
        if getattr(known, "endpoint", None) is not None:
            continue
        if regex is None:  # a Host route or an included router
            if (found := _mount_templates(known, prefix)) != "/*":
                return found
        elif match := regex.match(prefix + "/"):
            template: str = known.path_format.removesuffix("/{path}")
            return template + _mount_templates(known, prefix[match.start("path") - 1 :])
    return "/*"
