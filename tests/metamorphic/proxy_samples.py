"""Samples of what proxies, load balancers and tools for load tests write."""

from __future__ import annotations

import json
from typing import Any

from tests.metamorphic.line_samples import objects, texts
from tests.metamorphic.sample import Sample
from tests.metamorphic.world import Request, World


def _alb(one: Request) -> str:
    end = one.end.isoformat(timespec="microseconds").replace("+00:00", "Z")
    begin = one.time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    seconds = f"{one.duration_us / 1e6:.6f}"
    return (
        f"https {end} app/shop/50dc {one.client}:2817 10.0.0.1:80 0.000 {seconds} 0.000 {one.status} {one.status} "
        f'34 {one.size} "{one.method} https://shop.example:443{one.path} HTTP/1.1" "agent/{one.number}" '
        f'ECDHE TLSv1.2 arn:aws:tg "Root=1-{one.trace_id[:8]}-{one.trace_id[8:]}" "shop.example" "-" 1 '
        f'{begin} "forward" "-" "-" "10.0.0.1:80" "{one.status}" "-" "-" TID_{one.number}'
    )


def _elb(one: Request) -> str:
    begin = one.time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return (
        f"{begin} shop {one.client}:2817 10.0.0.1:80 0.000000 {one.duration_us / 1e6:.6f} 0.000000 "
        f'{one.status} {one.status} 0 {one.size} "{one.method} http://shop.example:80{one.path} HTTP/1.1" '
        f'"agent/{one.number}" - -'
    )


def _s3(one: Request) -> str:
    ms = one.duration_us // 1000
    return (
        f"79a5 bucket [{one.clf}] {one.client} - 3E57{one.number:02X} REST.{one.method}.OBJECT seat "
        f'"{one.line}" {one.status} - {one.size} 1024 {ms} {ms - 1} "-" "agent/{one.number}" -'
    )


def _haproxy(one: Request) -> str:
    ms = one.duration_us // 1000
    month = one.clf[3:6]
    time = one.time.strftime(f"%d/{month}/%Y:%H:%M:%S.") + f"{one.time.microsecond // 1000:03d}"
    return (
        f"{one.client}:33310 [{time}] http-in shop/srv1 0/0/1/{ms - 1}/{ms} {one.status} {one.size} "
        f'- - ---- 1/1/1/1/0 0/0 "{one.line}"'
    )


def _squid(one: Request) -> str:
    ms, end = one.duration_us // 1000, one.epoch_us // 1000 + one.duration_us // 1000
    return (
        f"{end // 1000}.{end % 1000:03d} {ms:6d} {one.client} TCP_MISS/{one.status:03d} {one.size} {one.method} "
        f"https://shop.example{one.path} - HIER_DIRECT/10.0.0.1 text/html"
    )


def _w3c(world: World) -> bytes:
    lines = [
        "#Software: Microsoft Internet Information Services 10.0",
        "#Version: 1.0",
        "#Fields: date time cs-method cs-uri-stem c-ip sc-status sc-bytes time-taken",
    ]
    for one in world.requests():
        lines.append(
            f"{one.time:%Y-%m-%d %H:%M:%S} {one.method} {one.path} {one.client} {one.status} {one.size} "
            f"{one.duration_us // 1000}"
        )
    return "".join(line + "\n" for line in lines).encode()


def _traefik(one: Request) -> dict[str, Any]:
    return {
        "StartUTC": one.iso,
        "RequestMethod": one.method,
        "RequestPath": one.path,
        "DownstreamStatus": one.status,
        "DownstreamContentSize": one.size,
        "Duration": one.duration_us * 1000,
        "ClientHost": one.client,
        "RouterName": "shop@docker",
    }


def _caddy(one: Request) -> dict[str, Any]:
    return {
        "level": "error" if one.failed else "info",
        "ts": one.epoch_us / 1e6,
        "logger": "http.log.access",
        "msg": "handled request",
        "request": {
            "remote_ip": one.client,
            "proto": "HTTP/2.0",
            "method": one.method,
            "host": "shop.example",
            "uri": one.path,
        },
        "duration": one.duration_us / 1e6,
        "size": one.size,
        "status": one.status,
    }


def _har(world: World) -> bytes:
    entries = [
        {
            "startedDateTime": one.iso,
            "time": one.ms,
            "request": {"method": one.method, "url": f"https://shop.example{one.path}"},
            "response": {"status": one.status},
        }
        for one in world.requests()
    ]
    return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}).encode()


def _jmeter_xml(world: World) -> bytes:
    samples = "".join(
        f'<httpSample t="{one.duration_us // 1000}" ts="{one.epoch_us // 1000}" '
        f's="{str(not one.failed).lower()}" lb="{one.path}" rc="{one.status}"/>\n'
        for one in world.requests()
    )
    return f'<testResults version="1.2">\n{samples}</testResults>\n'.encode()


def _k6(one: Request) -> dict[str, Any]:
    tags = {"method": one.method, "status": str(one.status), "name": one.path}
    data = {"time": one.end.isoformat(timespec="microseconds"), "value": one.ms, "tags": tags}
    return {"metric": "http_req_duration", "type": "Point", "data": data}


def _vegeta(one: Request) -> dict[str, Any]:
    return {
        "attack": "",
        "seq": one.number,
        "code": one.status,
        "timestamp": one.iso,
        "latency": one.duration_us * 1000,
        "bytes_out": 0,
        "bytes_in": one.size,
        "error": f"{one.status} Bad Gateway" if one.failed else "",
        "method": one.method,
        "url": f"https://shop.example{one.path}",
    }


SAMPLES = (
    Sample("AWS ALB access log", "", "alb.log", texts(_alb)),
    Sample("AWS ELB access log", "", "elb.log", texts(_elb)),
    Sample("S3 access log", "", "s3.log", texts(_s3), zone=True),
    Sample("HAProxy log", "", "haproxy.log", texts(_haproxy)),
    Sample("Squid access log", "", "squid.log", texts(_squid)),
    Sample("W3C access log", "", "u_ex260504.log", _w3c, header=3),
    Sample("Traefik JSON", "", "traefik.json", objects(_traefik)),
    Sample("Caddy JSON", "", "caddy.json", objects(_caddy)),
    Sample("HAR", "", "page.har", _har, shape="document"),
    Sample("JMeter XML", "", "result.jtl", _jmeter_xml, shape="document"),
    Sample("k6", "", "k6.json", objects(_k6)),
    Sample("vegeta", "", "vegeta.json", objects(_vegeta)),
)
