"""Samples of access logs, as text and as JSON."""

from __future__ import annotations

from typing import Any

from tests.metamorphic.line_samples import objects, texts
from tests.metamorphic.sample import Sample
from tests.metamorphic.world import Request


def _common(one: Request) -> str:
    return f'{one.client} - - [{one.clf}] "{one.line}" {one.status} {one.size}'


def _combined(one: Request) -> str:
    return f'{_common(one)} "-" "agent/{one.number}"'


def _ingress(one: Request) -> str:
    seconds = f"{one.duration_us / 1e6:.3f}"
    return (
        f"{_combined(one)} 411 {seconds} [shop-booking-80] [] 10.244.1.7:8080 {one.size} {seconds} "
        f"{one.status} 5e1c4f0b2d8a9c7e6f3b1a2d4c5e6f{one.number:02d}"
    )


def _nginx(one: Request) -> dict[str, Any]:
    return {
        "time_iso8601": one.time.isoformat(timespec="seconds"),
        "remote_addr": one.client,
        "request": one.line,
        "status": str(one.status),
        "body_bytes_sent": str(one.size),
        "request_time": f"{one.duration_us / 1e6:.3f}",
    }


def _envoy(one: Request) -> str:
    ms = one.duration_us // 1000
    return (
        f'[{one.iso}] "{one.line}" {one.status} - 0 {one.size} {ms} {ms - 1} "{one.client}" '
        f'"agent/{one.number}" "{one.span_id}" "shop.example" "10.0.0.9:80"'
    )


def _envoy_json(one: Request) -> dict[str, Any]:
    return {
        "start_time": one.iso,
        "method": one.method,
        "path": one.path,
        "protocol": "HTTP/1.1",
        "response_code": one.status,
        "response_flags": "UF" if one.failed else "-",
        "bytes_received": 0,
        "bytes_sent": one.size,
        "duration": one.duration_us // 1000,
        "upstream_service_time": "7",
        "x_forwarded_for": one.client,
    }


SAMPLES = (
    Sample("access log", "common", "access.log", texts(_common), zone=True),
    Sample("access log", "combined", "access.log", texts(_combined), zone=True),
    Sample(
        "access log",
        "nginx with request time",
        "access.log",
        texts(lambda one: f"{_combined(one)} {one.duration_us / 1e6:.3f}"),
        zone=True,
    ),
    Sample("access log", "ingress-nginx", "ingress.log", texts(_ingress), zone=True),
    Sample("nginx JSON", "", "access.json", objects(_nginx), zone=True),
    Sample("Envoy access log", "", "envoy.log", texts(_envoy)),
    Sample("Envoy JSON", "", "envoy.json", objects(_envoy_json)),
)
