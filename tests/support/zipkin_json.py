"""Zipkin JSON, version 2."""

import json

START = 1_777_888_800_000_000  # 2026-05-04T10:00:00Z


def span(own="b", **more):
    return {
        "traceId": "5b8efff798038103",
        "parentId": "a",
        "id": own,
        "kind": "CLIENT",
        "name": "get /book",
        "timestamp": START,
        "duration": 1500,
        "localEndpoint": {"serviceName": "front", "ipv4": "10.0.0.1", "port": 8080},
        "remoteEndpoint": {"serviceName": "back", "ipv6": "2001:db8::1", "port": 9000},
        "tags": {"http.status_code": "503", "n": "12"},
    } | more


def dumped(document, **how):
    return json.dumps(document, **how).encode()
