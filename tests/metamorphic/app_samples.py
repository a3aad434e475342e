"""Samples of application logs: as text, as logfmt, and as the JSON of well-known libraries.

Shapes: Python's logging, Logback, glog, zap, pino, bunyan, Serilog, slog, ECS and logstash-logback-encoder, each as
its documentation describes the output; all values are made up.
"""

from __future__ import annotations

from typing import Any

from tests.metamorphic.line_samples import objects, texts
from tests.metamorphic.sample import Sample
from tests.metamorphic.world import Request

_DAY = rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d"
_PINO = {"INFO": 30, "WARN": 40, "ERROR": 50}


def _clock(one: Request, point: str = ",") -> str:
    return f"{one.time:%Y-%m-%d %H:%M:%S}{point}{one.time.microsecond // 1000:03d}"


def _python(one: Request) -> str:
    level = {"WARN": "WARNING"}.get(one.level, one.level)
    line = (
        f"{_clock(one)} - shop.{one.service} - {level} - {one.method} {one.path} done, request {one.number}"
    )
    if not one.failed:
        return line
    return (
        f"{line}\nTraceback (most recent call last):\n"
        f'  File "/app/pay.py", line {40 + one.number}, in pay\n    charge(card)\n'
        f"ValueError: no card for request {one.number}"
    )


def _logback(one: Request) -> str:
    line = f"{_clock(one, '.')} [http-{one.number % 4}] {one.level:5} c.shop.{one.service}.Pay - request {one.number}"
    if not one.failed:
        return line
    return f"{line}\njava.io.IOException: reset {one.number}\n\tat c.shop.Pay.run(Pay.java:{one.number + 5})"


def _glog(one: Request) -> str:
    stamp = f"{one.time:%m%d %H:%M:%S}.{one.time.microsecond:06d}"
    return (
        f"{one.level[0]}{stamp} {4100 + one.number % 3:7d} server.go:{100 + one.number}] served {one.number}"
    )


def _logfmt(one: Request) -> str:
    return (
        f'time={one.iso} level={one.level.lower()} msg="request {one.number} done" method={one.method} '
        f"path={one.path} status={one.status} duration_ms={one.ms} trace_id={one.trace_id} user=u{one.number}"
    )


def _zap(one: Request) -> dict[str, Any]:
    return {
        "level": one.level.lower(),
        "ts": one.epoch_us / 1e6,
        "caller": f"server/pay.go:{40 + one.number}",
        "msg": f"request {one.number} done",
        "status": one.status,
        "trace_id": one.trace_id,
    }


def _pino(one: Request) -> dict[str, Any]:
    return {
        "level": _PINO[one.level],
        "time": one.epoch_us // 1000,
        "pid": 41,
        "hostname": "host-1",
        "req": {"method": one.method, "url": one.path},
        "res": {"statusCode": one.status},
        "responseTime": one.duration_us // 1000,
        "msg": "request completed",
    }


def _bunyan(one: Request) -> dict[str, Any]:
    return {
        "name": "shop",
        "hostname": "host-1",
        "pid": 41,
        "level": _PINO[one.level],
        "msg": f"request {one.number} done",
        "time": one.iso,
        "v": 0,
    }


def _serilog(one: Request) -> dict[str, Any]:
    level = {"WARN": {"@l": "Warning"}, "ERROR": {"@l": "Error"}}.get(one.level, {})
    return {
        "@t": one.iso,
        "@mt": "HTTP {Method} {Path} responded {StatusCode}",
        **level,
        "@tr": one.trace_id,
        "@sp": one.span_id,
        "Method": one.method,
        "Path": one.path,
        "StatusCode": one.status,
    }


def _slog(one: Request) -> dict[str, Any]:
    return {"time": one.iso, "level": one.level, "msg": f"request {one.number} done", "status": one.status}


def _ecs(one: Request) -> dict[str, Any]:
    return {
        "@timestamp": one.iso,
        "log.level": one.level,
        "message": f"request {one.number} done",
        "ecs.version": "1.2.0",
        "service.name": one.service,
        "process.thread.name": f"http-{one.number % 4}",
        "log.logger": "com.shop.Pay",
        "trace.id": one.trace_id,
    }


def _logstash(one: Request) -> dict[str, Any]:
    return {
        "@timestamp": one.iso,
        "@version": "1",
        "message": f"request {one.number} done",
        "logger_name": "com.shop.Pay",
        "thread_name": f"http-{one.number % 4}",
        "level": one.level,
        "level_value": {"INFO": 20000, "WARN": 30000, "ERROR": 40000}[one.level],
        **(
            {"stack_trace": f"java.io.IOException: reset\n\tat c.Pay.run(Pay.java:{one.number})\n"}
            if one.failed
            else {}
        ),
    }


SAMPLES = (
    Sample("application log", "python", "app.log", texts(_python), start=_DAY),
    Sample("application log", "logback", "app.log", texts(_logback), start=_DAY),
    Sample("application log", "glog", "glog.INFO", texts(_glog), clock=False),
    Sample("logfmt", "", "app.log", texts(_logfmt), unit=b"duration_ms", zone=True),
    Sample("flat JSONL", "zap", "zap.json", objects(_zap), names=True),
    Sample("flat JSONL", "pino", "pino.log", objects(_pino)),
    Sample("flat JSONL", "bunyan", "bunyan.log", objects(_bunyan), zone=True),
    Sample("flat JSONL", "Serilog", "serilog.clef", objects(_serilog), zone=True),
    Sample("flat JSONL", "slog", "slog.jsonl", objects(_slog), names=True, zone=True),
    Sample("flat JSONL", "ECS", "ecs.json", objects(_ecs), zone=True),
    Sample("flat JSONL", "logstash", "logstash.json", objects(_logstash), zone=True),
)
