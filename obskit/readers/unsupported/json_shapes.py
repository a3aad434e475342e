"""JSON that is not events, or is in a format that obskit does not read.

    {"traceEvents": [{"ph": "X", "ts": 123456789, ...      a trace of Chrome, whose times have no date
    [{"a": 1}, {"a": 2}]                                   a list: `jq -c '.[]'` makes lines of it

`jq` is suggested only where its result is lines that hold a time, as far as the first bytes show.
"""

from __future__ import annotations

import json
import re
from typing import Any

from obskit.readers.sniffing import json_start
from obskit.readers.unsupported.json_reports import HINTS, report_format
from obskit.readers.unsupported.kinds import Unsupported, without_events

CHROME = Unsupported(
    "a trace of Chrome's tracing format, whose times have no date",
    "open it in Perfetto (ui.perfetto.dev); obskit needs times of day, as in OTLP or Zipkin",
)
ACTIONS_JOBS = Unsupported(
    "jobs of GitHub Actions",
    "load the runs instead: gh run list --json workflowName,status,conclusion,headSha,createdAt,updatedAt",
)
K6_SUMMARY = Unsupported("a summary of k6", "it has totals, not requests: k6 run --out json=results.json")
PROMETHEUS = without_events(
    "metrics from the API of Prometheus", "obskit reads events, not metrics: name a file of logs or traces"
)
DASHBOARD = without_events("a dashboard of Grafana")

# A file without any of these keys needs no look at its first object.
_HINTS = re.compile(
    rb'"(?:ph|traceEvents|head_sha|root_group|resultType|panels|' + HINTS.encode() + rb')"\s*:'
)
_JSON = re.compile(rb"\{\s*(?:[\"}]|$)|\[\s*(?:[\"\[\]{\d-]|true|false|null|$)")
_PHASES = frozenset("BEXiIsftPNODMCbneSTpFRcv(),=")
# `[GIN] ...`, `[    0.000000] ...`: text in brackets before a line, and not a list.
_BRACKETS = re.compile(r"\[\s*(?:(?!(?:true|false|null)\b)[A-Za-z_/$%]|[^\[\]{}\n]*\][ \t]*[^\s,\]}])")
_DECODER = json.JSONDecoder()
_TIME = re.compile(r"(?i)(?:^|[^a-z])(?:ts|at|t|date|instant)$|time|stamp|date|(?<=[a-z])At$")


def json_format(head: bytes) -> Unsupported | None:
    """Return the format of JSON that has the keys of a known one.

    Args:
        head: the first bytes, decompressed.

    Returns:
        The format; None for any other JSON, and for what is not JSON.

    Example:
        print(json_format(b'{"traceEvents": [{"ph": "X", "ts": 1, "pid": 1}]}').what)
    """
    text = json_start(head)
    if not text or not _HINTS.search(text):
        return None
    start = text[:65_536].decode(errors="replace")
    document = _first_value(start)
    row = document[0] if type(document) is list and document else document
    if type(row) is dict:
        return _of_object(row) or report_format(row, text)
    # The document is longer than the head: what it begins with decides.
    if re.match(
        r'\{\s*(?:"(?:displayTimeUnit|metadata|otherData)"[^\[]{0,2000}?)?"traceEvents"\s*:\s*\[', start
    ):
        return CHROME
    if re.match(
        r'\{\s*"status"\s*:\s*"success"\s*,\s*"data"\s*:\s*\{\s*"resultType"\s*:\s*"(?:matrix|vector|scalar|string)"',
        start,
    ):
        return PROMETHEUS
    row = _first_item(start)
    return _of_object(row) if row is not None else None


def _of_object(row: dict[str, Any]) -> Unsupported | None:
    keys = row.keys()
    phase = row.get("ph")
    if type(row.get("traceEvents")) is list:
        return CHROME
    if (
        type(phase) is str
        and phase in _PHASES
        and "pid" in keys
        and (phase == "M" or _is_number(row.get("ts")))
    ):
        return CHROME
    if {"conclusion", "status", "head_sha", "run_id"} <= keys:
        return ACTIONS_JOBS
    if type(row.get("metrics")) is dict and "root_group" in keys:
        return K6_SUMMARY
    data = row.get("data")
    if type(data) is dict and data.get("resultType") in ("matrix", "vector", "scalar", "string"):
        return PROMETHEUS
    if type(row.get("panels")) is list and ("schemaVersion" in keys or "templating" in keys):
        return DASHBOARD
    return None


def other_json(head: bytes, whole: bool = True) -> Unsupported | None:
    """Return a description of JSON that no reader recognizes; None if it does not begin like JSON.

    Args:
        head: the first bytes, decompressed.
        whole: whether they are the whole file.

    Returns:
        The description.

    Example:
        print(other_json(b'[{"time": 1777888800, "a": 1}, {"time": 1777888801, "a": 2}]').hint)
    """
    text = json_start(head)
    if not text or not _JSON.match(text):
        return None
    if re.search(rb'"binaryAnnotations"\s*:', text):
        return Unsupported(
            "Zipkin JSON of version 1, which is not supported",
            "export the traces as version 2: /api/v2/traces",
        )
    start = text.decode(errors="replace")
    if _BRACKETS.match(start):
        return None
    document = _first_value(start)
    if document is None:
        item = _first_item(start) if not whole else None
        if item is not None and start[:1] == "[":
            return Unsupported("a JSON list", _lines_hint([item], "'.[]'"))
        return Unsupported("JSON that breaks off, or is not valid", _torn_hint(start, whole))
    if type(document) is list:
        return Unsupported("a JSON list", _lines_hint(document, "'.[]'"))
    if type(document) is not dict:
        return Unsupported("JSON that is not objects", "each event has to be an object, one per line")
    lists = [key for key, value in document.items() if _is_objects(value)]
    if len(lists) == 1:
        key = lists[0]
        path = f"'.{key}[]'" if re.fullmatch(r"[A-Za-z_]\w*", key) else f"'.[\"{key}\"][]'"
        shown = "'" not in key and '"' not in key
        hint = _lines_hint(document[key], path if shown else "'.[][]'")
        return Unsupported("one JSON object with a list", hint, detail=f"the list is '{key}'")
    if lists:
        named = ", ".join(f"'{key}'" for key in lists[:5])
        return Unsupported(
            "one JSON object with several lists",
            "write the objects of the list that holds the events, one per line",
            detail=f"the lists are {named}",
        )
    return Unsupported("JSON objects on several lines each", _lines_hint([document], "."))


def _torn_hint(start: str, whole: bool) -> str:
    if not whole:
        return "write one JSON object per line"
    try:
        json.loads(start)
    except RecursionError:
        return "it is nested too deeply: write one JSON object per line"
    except ValueError as error:
        where = (
            f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        )
        return (
            f"the file may be truncated; it stops being JSON at {where}" if where else "copy the file again"
        )
    return "write one JSON object per line"


def _lines_hint(items: list[Any], path: str) -> str:
    """Return the `jq` that makes lines of the items if those can be events, else what they lack."""
    if not items or not all(type(item) is dict for item in items):
        return "each event has to be an object, one per line"
    if not all(any(_TIME.search(key) for key in item) for item in items):
        return "its objects have no field that looks like a time: write one JSON object with a time per line"
    return f"write one JSON object per line: jq -c {path} FILE > events.jsonl"


def _is_objects(value: Any) -> bool:
    return type(value) is list and bool(value) and all(type(item) is dict for item in value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _first_value(text: str) -> Any:
    """Return the first JSON value of a text; None if it is not complete."""
    try:
        return _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _first_item(text: str) -> dict[str, Any] | None:
    """Return the first object of a list, also of one that is not complete."""
    begin = re.match(r"\[\s*", text)
    value = _first_value(text[begin.end() :]) if begin else None
    return value if type(value) is dict else None
