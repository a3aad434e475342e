"""The records within JSON documents of logs, by the tool that exports them.

    {"events": [{"timestamp": 1777888800000, "message": "a"}]}                   CloudWatch
    {"results": [[{"field": "@timestamp", "value": "..."}]]}                     CloudWatch Logs Insights
    {"data": {"result": [{"stream": {"app": "shop"}, "values": [["17...", "a"]]}]}}      Loki
    {"hits": {"hits": [{"_source": {"message": "a"}}]}}                          Elasticsearch
    {"_index": "app", "_source": {"message": "a"}}                               elasticdump, one per line
    {"Item": {"msg": {"S": "a"}}}                                                DynamoDB, one per line
    {"columns": ["time", "msg"], "rows": [["...", "a"]]}                         tables of databases
    [{"time": "...", "msg": "a"}], {"logs": [...]}, {"records": [...]}           others

A record keeps the names of its fields. What a document says about all of its records, such as `logGroup`,
becomes a field of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from obskit.names import flat_field

LISTS = (
    "logs",
    "events",
    "records",
    "Records",
    "entries",
    "logEvents",
    "results",
    "messages",
    "value",
    "hits",
    "data",
    "rows",
    "result",
    "items",
    "docs",
)
"""Names under which documents hold their records."""

_GENERIC = frozenset({"data", "rows", "result", "items", "docs"})
"""Those of them under which a record may hold a list that is not of records."""

_SIBLINGS = (
    "nextToken nextForwardToken nextBackwardToken searchedLogStreams took timed_out _shards total "
    "total_results count size status statistics messageType owner logGroup logStream "
    "subscriptionFilters meta metadata links page paging query preview init_offset fields cursor "
    "next next_page_token nextPageToken nextLink max_score data stats queryLanguage encryptionKey "
    "success errors request_id requestId limit offset start end hasMore has_more aggregations "
    "highlighted post_process_count _scroll_id pit_id messages @odata.context @odata.nextLink @odata.count "
    "used_indices built_query "
    "time from to relation eq skipped failed successful resultType code stream streams result "
    "data rows items docs ok rowCount command fields sliceSize nextSliceKey scan_size scan_records "
    "cached_ratio is_partial function_error new_start_time new_end_time histogram_interval order_by "
    "took_detail response_type "
    "idx_scan_size result_cache_ratio schema columns index performanceStats rows_before_limit_at_least"
)
SIBLINGS = frozenset(_SIBLINGS.split())
"""Names next to the records, in documents that are known. A document with other names is a record itself."""

_PAGES = frozenset(
    (
        *("nextToken", "nextForwardToken", "nextBackwardToken", "searchedLogStreams", "statistics"),
        *("nextPageToken", "next_page_token", "init_offset"),
    )
)
"""Names that only the answers of an API have."""

_COMMON = ("logGroup", "logStream", "owner")
_SIGNOZ = frozenset({"durationNano", "duration_nano"})
_GRAFANA = frozenset({"line", "timestamp", "date", "fields", "id", "labels"})
_SPLUNK = frozenset({"preview", "offset", "lastrow", "result"})
_METRICS = ("matrix", "vector", "scalar")


class NotRecord(ValueError):
    """An item that is not a record; the message is the reason it is rejected for."""


def records(document: Any) -> Iterator[dict[str, Any] | NotRecord]:
    """Yield the records of a document.

    Args:
        document: parsed JSON.

    Yields:
        Each record, not flattened; or why an item is not one.
    """
    if type(document) is list:
        for item in document:
            yield _record(item)
        return
    if type(document) is not dict:
        yield NotRecord("not a JSON object")
        return
    if (loki := _loki(document)) is not None:
        yield from loki
        return
    if (tables := document.get("tables")) is not None and type(tables) is list:
        for table in tables:
            yield from _table(table)
        return
    if (table := _columns_and_rows(document)) is not None:
        yield from _table(table)
        return
    if (answer := _new_relic(document) or _dynatrace(document)) is not None:
        yield from answer
        return
    found = record_list(document)
    if found is None:
        # Elasticsearch's `_source` in a line of its own is left to the schema, which reads many at once.
        yield document if "_source" in document else _record(document)
        return
    common = {name: document[name] for name in _COMMON if type(document.get(name)) is str}
    for item in found:
        record = _record(item)
        yield record if type(record) is NotRecord or not common else {**common, **record}  # type: ignore[dict-item]


def record_list(document: dict[str, Any]) -> list[Any] | None:
    """Return the list of a document's records; None if the document is a record itself."""
    hits = document.get("hits")
    if type(hits) is dict and type(hits.get("hits")) is list:
        inner: list[Any] = hits["hits"]
        return inner
    data = document.get("data")
    if (
        type(data) is list
        and data
        and all(type(i) is dict and type(i.get("attributes")) is dict for i in data)
    ):
        return data if document.keys() <= SIBLINGS else None
    names = [name for name in LISTS if type(document.get(name)) is list]
    others = document.keys() - set(LISTS) - SIBLINGS
    if not names or others:
        return None
    if "init_offset" in document and "results" in names:
        names = ["results"]  # Splunk: its messages are about the search
    name = max(names, key=lambda name: (len(document[name]), -LISTS.index(name)))
    chosen: list[Any] = document[name]
    if not chosen and (len(document) == 1 or document.keys() & _PAGES):
        return chosen  # an export without a record
    if name in _GENERIC and (_has_time(document) or not all(map(_has_time, chosen))):
        return None  # a record that has a list: an order and its items
    return chosen if any(type(item) in (dict, list) for item in chosen) else None


def loki_metrics(document: Any) -> bool:
    """Whether a document is the answer to a metric query of Loki or Prometheus."""
    data = document.get("data") if type(document) is dict else None
    return type(data) is dict and data.get("resultType") in _METRICS


def _record(item: Any) -> dict[str, Any] | NotRecord:
    if type(item) is list:
        return _insights(item)
    if type(item) is not dict:
        return NotRecord("not a JSON object")
    source, place = item.get("_source"), {k: v for k, v in item.items() if k in ("_index", "_id")}
    if type(source) is dict:
        return {**place, **source}
    if "_index" in item and type(item.get("fields")) is dict:
        fields = {k: v[0] if type(v) is list and len(v) == 1 else v for k, v in item["fields"].items()}
        return {**place, **fields}
    if item.keys() == {"Item"} and _is_typed(item["Item"]):
        return {name: _untyped(value) for name, value in item["Item"].items()}
    if item.keys() >= {"line", "timestamp", "fields"} and item.keys() <= _GRAFANA:
        labels = item["fields"] if type(item["fields"]) is dict else {}
        return {**labels, **{name: item[name] for name in ("line", "timestamp")}}
    if "preview" in item and type(item.get("result")) is dict and item.keys() <= _SPLUNK:
        return {**{name: value for name, value in item.items() if name != "result"}, **item["result"]}
    if item.keys() == {"timestamp", "data"} and type(item["data"]) is dict and item["data"].keys() & _SIGNOZ:
        return {**item["data"], "timestamp": item["timestamp"]}
    message = item.get("message")
    if type(message) is dict and item.keys() <= {"message", "index", "highlight_ranges", "decoration_stats"}:
        # Graylog: its level is syslog's.
        return {"syslog.priority" if name == "level" else name: value for name, value in message.items()}
    attributes = item.get("attributes")
    if type(attributes) is dict and item.get("type") == "log" and item.keys() <= {"id", "type", "attributes"}:
        return _datadog(attributes)
    return item


_DYNAMO = frozenset({"S", "N", "BOOL", "NULL", "M", "L", "B", "SS", "NS", "BS"})


def _is_typed(item: Any) -> bool:
    """Whether each value of an object names its type, as DynamoDB writes them: {"N": "503"}."""
    return (
        type(item) is dict
        and bool(item)
        and all(type(v) is dict and len(v) == 1 and v.keys() <= _DYNAMO for v in item.values())
    )


def _untyped(value: Any) -> Any:
    kind, inner = next(iter(value.items())) if type(value) is dict and len(value) == 1 else ("", value)
    if kind == "N" and type(inner) is str:
        try:
            return int(inner) if inner.lstrip("-").isdigit() and len(inner) < 19 else float(inner)
        except ValueError:
            return inner
    if kind == "M" and type(inner) is dict:
        return {name: _untyped(item) for name, item in inner.items()}
    if kind == "L" and type(inner) is list:
        return [_untyped(item) for item in inner]
    return None if kind == "NULL" else inner


def _insights(pairs: list[Any]) -> dict[str, Any] | NotRecord:
    """Return a row of CloudWatch Logs Insights, which is a list of fields."""
    row: dict[str, Any] = {}
    for pair in pairs:
        if type(pair) is not dict or type(pair.get("field")) is not str:
            return NotRecord("not a row of fields")
        row[pair["field"]] = pair.get("value")
    if not row:
        return NotRecord("not a row of fields")
    row.pop("@ptr", None)  # a reference for a further query
    if "@message" in row and "message" not in row:
        row["message"] = row.pop("@message")
    return row


def _datadog(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return a log of Datadog's API, whose own attributes are nested, and whose status is its level."""
    row = {name: value for name, value in attributes.items() if name not in ("attributes", "status")}
    if "status" in attributes:
        row["level"] = attributes["status"]
    own = attributes.get("attributes")
    return {**own, **row} if type(own) is dict else row


def _loki(document: dict[str, Any]) -> Iterator[dict[str, Any] | NotRecord] | None:
    data = document.get("data")
    found = data.get("result") if type(data) is dict else document.get("streams")
    if type(found) is not list or not all(
        type(s) is dict and ("stream" in s or "labels" in s) for s in found
    ):
        return None
    if not found and (type(data) is not dict or data.get("resultType") != "streams"):
        return None
    return _streams(found)


def _streams(found: list[dict[str, Any]]) -> Iterator[dict[str, Any] | NotRecord]:
    for stream in found:
        labels = stream.get("stream", stream.get("labels"))
        labels = labels if type(labels) is dict else {"labels": labels}
        labels = {f"labels.{k}" if k in ("timestamp", "body") else k: v for k, v in labels.items()}
        values = stream.get("values")
        for item in values if type(values) is list else []:
            if type(item) is not list or len(item) < 2 or not str(item[0]).isdigit():
                yield NotRecord("not a pair of a time and a line")
                continue
            more = item[2] if len(item) > 2 and type(item[2]) is dict else {}
            more = (
                more.get("structuredMetadata", more) if type(more.get("structuredMetadata")) is dict else more
            )
            yield {**labels, **more, "timestamp": int(item[0]), "body": item[1]}


def _has_time(record: Any) -> bool:
    """Whether an object has a field whose name means a time."""
    if type(record) is not dict:
        return False
    for name in record.get("_source", record) if type(record.get("_source")) is dict else record:
        meaning = flat_field(name)
        if name == "timestamp" or (meaning is not None and meaning.target == "timestamp"):
            return True
    return False


def _columns_and_rows(document: dict[str, Any]) -> dict[str, Any] | None:
    """Return the table of a document whose names and rows are lists of one length; None if it is not one.

    {"columns": ["ts", "status"], "data": [["...", 200]]}                   pandas, Trino, Druid
    {"meta": [{"name": "ts", "type": "DateTime"}], "data": [["..."]]}       ClickHouse
    """
    if _has_time(document):
        return None
    for names in ("columns", "meta", "fields"):
        columns = document.get(names)
        if type(columns) is not list or not columns:
            continue
        texts = [column.get("name") if type(column) is dict else column for column in columns]
        if not all(type(text) is str for text in texts) or len({*texts}) < len(texts):
            continue
        for values in ("rows", "data", "values", "result", "results"):
            rows = document.get(values)
            if type(rows) is list and rows and all(type(r) is list and len(r) == len(texts) for r in rows):
                return {"columns": columns, "rows": rows}
    return None


def _new_relic(document: dict[str, Any]) -> Iterator[dict[str, Any] | NotRecord] | None:
    """Yield the events of an answer to NRQL, which are in lists within a list."""
    results = document.get("results")
    if "performanceStats" not in document or type(results) is not list or not results:
        return None
    if not all(type(r) is dict and r.keys() == {"events"} and type(r["events"]) is list for r in results):
        return None
    return (_record(item) for result in results for item in result["events"])


def _dynatrace(document: dict[str, Any]) -> Iterator[dict[str, Any] | NotRecord] | None:
    """Yield the records of an answer of Dynatrace, whose durations are nanoseconds by their documentation."""
    result = document.get("result")
    if type(result) is dict and type(result.get("records")) is list and type(result.get("types")) is list:
        return (_dynatrace_record(item) for item in result["records"])
    found = document.get("results")
    if type(found) is list and found and document.keys() == {"results", "sliceSize", "nextSliceKey"}:
        return (_dynatrace_record(item) for item in found)
    return None


_DYNATRACE = {
    "duration": "duration_ns",
    "request.is_failed": "is_error",
    "content": "message",
    "span.name": "name",
}


def _dynatrace_record(item: Any) -> dict[str, Any] | NotRecord:
    if type(item) is not dict:
        return NotRecord("not a JSON object")
    row: dict[str, Any] = dict(item)
    row.pop("additionalColumns", None)
    for name, known in _DYNATRACE.items():
        if name in row:
            row.setdefault(known, row.pop(name))
    more = item.get("additionalColumns")
    for name, value in more.items() if type(more) is dict else ():
        row.setdefault(name, value[0] if type(value) is list and len(value) == 1 else value)
    return row


def _table(table: Any) -> Iterator[dict[str, Any] | NotRecord]:
    """Yield the rows of a table of Azure Monitor: columns with names, and rows of values."""
    columns = table.get("columns") if type(table) is dict else None
    rows = table.get("rows") if type(table) is dict else None
    if type(columns) is not list or type(rows) is not list:
        yield NotRecord("not a table of columns and rows")
        return
    # The name that Azure Monitor gives to the time of every record.
    names = [str(column.get("name")) if type(column) is dict else str(column) for column in columns]
    names = ["timestamp" if name == "TimeGenerated" and "timestamp" not in names else name for name in names]
    for row in rows:
        if type(row) is list and len(row) == len(names):
            yield {name: value for name, value in zip(names, row, strict=True) if value is not None}
        else:
            yield NotRecord("not as many values as columns")
