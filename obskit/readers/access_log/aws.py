"""Access logs that AWS writes as text: Application and Classic Load Balancers, and S3.

    https 2026-05-04T10:00:00.186641Z app/my-lb/50dc 203.0.113.7:2817 10.0.0.1:80 0.086 0.048 0.037 502 ...
    -> 171 ms (the three times, in seconds), began 171 ms before the time of the line, client 203.0.113.7

A time of -1 was not measured, and then there is no duration either. AWS has extended the layouts over the
years: the older ones are read, too.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.log_formats import layout
from obskit.readers.access_log.request_lines import no_empty, split_absolute
from obskit.readers.access_log.text_reader import TextLog
from obskit.readers.registry import Reader
from obskit.schema.parse import parse

Columns = dict[str, pa.Array]

_ALB = (
    "$alb_type $iso_time $elb $client_port $target_port $request_s $target_s $response_s $code $target_code "
    '$request_length $bytes_sent "$url_line" "$agent" $cipher $tls $target_group "$amzn_trace" "$domain" '
    '"$certificate" $rule_priority $created "$actions" "$redirect" "$error_reason"'
)
_ALB_TARGETS = f'{_ALB} "$targets" "$target_codes" "$classification" "$classification_reason"'
_ELB = (
    "$iso_time $elb $client_port $target_port $request_s $target_s $response_s $code $target_code $received "
    '$sent "$url_line"'
)
_S3 = (
    '$owner $bucket [$clock] $host $requester $request_id $operation $key "$request" $code $error_code $size '
    '$object_size $duration $turnaround "$referer" "$agent" $version_id'
)
_S3_HOSTS = f"{_S3} $host_id $signature $cipher $authentication $authority $tls"

_ALB_LAYOUTS = (
    layout("ALB", f"{_ALB_TARGETS} $conn_trace_id"),
    layout("ALB without connection", _ALB_TARGETS),
    layout("ALB with more", f"{_ALB_TARGETS} $conn_trace_id $more"),
    layout("ALB of 2019", f"{_ALB}"),
)
_ELB_LAYOUTS = (layout("ELB", f'{_ELB} "$agent" $cipher $tls'), layout("ELB of 2014", _ELB))
_S3_LAYOUTS = (
    layout("S3", f"{_S3_HOSTS} $access_point $acl_required"),
    layout("S3 without ACL", f"{_S3_HOSTS} $access_point"),
    layout("S3 without access points", _S3_HOSTS),
    layout("S3 of 2018", _S3),
    layout("S3 with more", f"{_S3_HOSTS} $access_point $acl_required $more"),
)
_HOST_PORT = r"^\[?(?P<host>[^\]]*?)\]?:(?P<port>\d{1,5})$"
_ROOT = r"(?:^|;)Root=1-(?P<time>[0-9a-fA-F]{8})-(?P<id>[0-9a-fA-F]{24})(?:;|$)"
_PARENT = r"(?:^|;)Parent=(?P<id>[0-9a-fA-F]{16})(?:;|$)"


def address_and_port(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Split `10.0.0.1:80` or `[2001:db8::1]:443` into addresses and ports; other text is an address."""
    host, port = pc.extract_regex(values, _HOST_PORT).flatten()
    return pc.coalesce(no_empty(host), values), no_empty(port).cast(pa.int64())


def amzn_trace(values: pa.Array) -> Columns:
    """Return the trace ids of `X-Amzn-Trace-Id` headers: `Root=1-58337281-1d84...` is 583372811d84...

    Args:
        values: the headers.

    Returns:
        The header, `trace_id` and `parent_span_id`.
    """
    times, ids = pc.extract_regex(values, _ROOT).flatten()
    trace = pc.utf8_lower(pc.binary_join_element_wise(times, ids, ""))
    parent = pc.utf8_lower(pc.extract_regex(values, _PARENT).flatten()[0])
    return {
        "http.request.header.x-amzn-trace-id": values,
        "trace_id": no_empty(trace),
        "parent_span_id": no_empty(parent),
    }


def _balancer(given: Columns, family: str) -> Columns:
    """Return what both kinds of load balancers log."""
    columns = dict(given)
    out: Columns = split_absolute(columns.pop("url_line"))
    client, port = address_and_port(columns.pop("client_port"))
    out |= {"client.address": client, "client.port": port}
    out["upstream.address"] = columns.pop("target_port")
    parts: list[pa.Array] = []
    for name, field in (
        ("request_s", f"{family}.request_processing_ms"),
        ("target_s", "upstream.duration_ms"),
        ("response_s", f"{family}.response_processing_ms"),
    ):
        seconds = parse(columns.pop(name), "float")
        measured = pc.if_else(pc.less(seconds, 0.0), pa.scalar(None, pa.float64()), seconds)
        out[field] = pc.round(pc.multiply(measured, 1000.0), 6)
        parts.append(out[field])
    # The time of an ALB's line is when it answered, that of a classic balancer when the request came.
    took = pc.round(pc.add(pc.add(parts[0], parts[1]), parts[2]), 6)
    out["took_ms" if family == "alb" else "duration"] = took
    out["upstream.status_code"] = parse(columns.pop("target_code"), "int")
    out[f"{family}.name"] = columns.pop("elb")
    return columns | out


def _alb(given: Columns, _tz: str | None) -> Columns:
    out = _balancer(given, "alb")
    out["ended"] = parse(out.pop("iso_time"), "timestamp").cast(pa.int64())
    # WebSockets are logged when they are closed. A request is logged when it is answered, and then its three
    # times are more exact than the difference of the two moments.
    created = out.pop("created")
    sockets = pc.starts_with(out["alb_type"], "ws")
    out["start"] = pc.if_else(
        pc.or_(sockets, pc.is_null(out["took_ms"])), created, pa.scalar(None, pa.string())
    )
    out["alb.request_creation_time"] = parse(created, "timestamp")
    out |= amzn_trace(out.pop("amzn_trace"))
    out["alb.type"] = out.pop("alb_type")
    out["alb.domain_name"] = out.pop("domain")
    return out


def _elb(given: Columns, _tz: str | None) -> Columns:
    connections = pc.equal(pc.utf8_trim_whitespace(given["url_line"]), "- - -")
    tcp = bool(pc.any(connections).as_py())
    if tcp:
        given = given | {"url_line": _where_not(connections, given["url_line"])}
    out = _balancer(given, "elb")
    out["start"] = out.pop("iso_time")
    if tcp:  # a connection's three times end with its first byte
        out["duration"] = _where_not(connections, out["duration"])
        out["operation"] = pc.if_else(connections, "TCP", pa.scalar(None, pa.string()))
    return out


def _where_not(rows: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(rows, pa.scalar(None, values.type), values)


def _s3(given: Columns, _tz: str | None) -> Columns:
    columns = dict(given)
    turnaround = parse(columns.pop("turnaround"), "float")
    return columns | {
        "s3.turn_around_ms": turnaround,
        "s3.operation": columns["operation"],
        "s3.object_size": parse(columns.pop("object_size"), "int"),
        "client.address": columns.pop("host"),
    }


_MARKS = (b'"', b"/", b":")
_alb_log = TextLog(_ALB_LAYOUTS, "alb", convert=_alb, marks=_MARKS)
_elb_log = TextLog(_ELB_LAYOUTS, "elb", convert=_elb, marks=(b'"', b":"))
_s3_log = TextLog(_S3_LAYOUTS, "s3", convert=_s3)
ALB = Reader("AWS ALB access log", (".log", ".txt"), _alb_log.sniff, _alb_log.read, lines="text")
ELB = Reader("AWS ELB access log", (".log", ".txt"), _elb_log.sniff, _elb_log.read, lines="text")
S3 = Reader("S3 access log", (".log", ".txt"), _s3_log.sniff, _s3_log.read, lines="text")
