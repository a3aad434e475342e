"""Requests of curl and of browsers, and what browsers' tools write."""

from __future__ import annotations

from typing import Any

from tests.readers.posted_shapes.made import AT, text
from tests.readers.posted_shapes.shape import Shape

_FAILED = {"timestamp": AT, "duration_ms": 250.0, "http.response.status_code": 503, "error": True}

_CPU_PROFILE = {
    "nodes": [{"id": 1, "callFrame": {"functionName": "(root)"}, "hitCount": 0}],
    "startTime": 41_000_000,
    "endTime": 42_000_000,
    "samples": [1],
    "timeDeltas": [100],
}

_SPEEDSCOPE = {
    "$schema": "https://www.speedscope.app/file-format-schema.json",
    "profiles": [{"type": "evented", "unit": "milliseconds", "events": []}],
    "shared": {"frames": []},
}

_LIGHTHOUSE = {
    "lighthouseVersion": "12.0.0",
    "requestedUrl": "https://shop.example/",
    "fetchTime": AT,
    "audits": {"first-contentful-paint": {"numericValue": 1250.0}},
}


def _har(**more: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-05-04T12:00:00.000+02:00",
        "time": 250.0,
        "request": {"method": "GET", "url": "https://shop.example/cart", "headers": [], "httpVersion": "h2"},
        "response": {"status": 503, "statusText": "", "headers": [], "content": {"size": 41}},
        "cache": {},
        "timings": {"blocked": 1, "dns": -1, "connect": -1, "send": 0, "wait": 240, "receive": 9, "ssl": -1},
        **more,
    }


def _har_file(creator: str, *entries: dict[str, Any], indent: int | None = 2) -> str:
    return text(
        {
            "log": {
                "version": "1.2",
                "creator": {"name": creator, "version": "1"},
                "pages": [],
                "entries": entries,
            }
        },
        indent,
    )


_CURL = {
    "http_code": 503,
    "response_code": 503,
    "time_total": 0.25,
    "time_namelookup": 0.001,
    "time_starttransfer": 0.24,
    "url_effective": "https://shop.example/cart",
    "method": "GET",
    "exitcode": 0,
    "errormsg": None,
}

SHAPES = [
    Shape(
        "curl -w %{json}",
        "documentation of curl, --write-out",
        text(_CURL) * 2,
        [{"timestamp": None, "duration_ms": 250.0, "kind": "client", "error": True}] * 2,
    ),
    Shape(
        "curl -w with a label per line",
        "https://stackoverflow.com/questions/18215389",
        "    time_namelookup:  0.001s\n       time_connect:  0.005s\n         time_total:  0.250s\n",
        refused="curl",
    ),
    Shape(
        "HAR of Chrome",
        "documentation of HAR 1.2; _priority, _initiator and _resourceType are Chrome's",
        _har_file("WebInspector", _har(_priority="High", _resourceType="xhr", _initiator={"type": "script"})),
        [_FAILED | {"url.full": "https://shop.example/cart", "http.request.method": "GET"}],
        file="shop.har",
    ),
    Shape(
        "HAR of Firefox, a blocked request",
        "https://bugzilla.mozilla.org/show_bug.cgi?id=1330791",
        _har_file(
            "Firefox",
            _har(),
            _har(response={"status": 0, "statusText": "", "headers": [], "content": {"size": 0}}, time=0),
        ),
        [_FAILED, {"http.response.status_code": None}],
        file="shop.har",
    ),
    Shape(
        "HAR of Safari, a failed request with a negative time",
        "documentation of HAR 1.2: -1 means that there is none",
        _har_file("WebKit Web Inspector", _har(time=-1), indent=None),
        [_FAILED | {"duration_ms": None}],
        file="shop.har",
    ),
    Shape(
        "Chrome trace, a list",
        "documentation of the Trace Event Format",
        '[\n{"name":"a","cat":"x","ph":"X","ts":1,"dur":250,"pid":1,"tid":1},\n',
        refused="Chrome",
    ),
    Shape(
        "CPU profile of V8",
        "documentation of the Chrome DevTools protocol",
        text(_CPU_PROFILE),
        refused="profile",
    ),
    Shape("profile of speedscope", "documentation of speedscope", text(_SPEEDSCOPE), refused="profile"),
    Shape("report of Lighthouse", "documentation of Lighthouse", text(_LIGHTHOUSE), refused="Lighthouse"),
]
