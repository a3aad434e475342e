"""Columns of JMeter's results (`.jtl`) as CSV.

    timeStamp,elapsed,label,responseCode,...,success,...,URL,Latency,IdleTime,Connect
    1777888800000,250,Cart,200,...,true,...              one request: started then, took 250 ms

`timeStamp` is the start in milliseconds since 1970 (`sampleresult.timestamp.start=true` in the properties that
JMeter comes with). `elapsed`, `Latency` (until the first byte), `Connect` and `IdleTime` are milliseconds. A
sample whose `success` is false failed.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.tables.columns import Columns
from obskit.schema import FileReport

TRANSACTIONS = "JMeter's samples of transactions are read next to the requests that they add up"

_STATUS = r"^[1-5]\d\d$"
_INTS = {
    "bytes": "http.response.size",
    "sentBytes": "http.request.size",
    "grpThreads": "jmeter.group_threads",
    "allThreads": "jmeter.threads",
}
_MILLISECONDS = {"Latency": "jmeter.latency_ms", "Connect": "jmeter.connect_ms", "IdleTime": "jmeter.idle_ms"}
_TEXTS = {
    "label": "name",
    "URL": "url.full",
    "threadName": "thread.name",
    "responseMessage": "jmeter.response_message",
    "failureMessage": "jmeter.failure_message",
    "dataType": "jmeter.data_type",
    "Hostname": "host.name",
}


def matches(names: AbstractSet[str]) -> bool:
    """Return whether a table has JMeter's columns.

    Args:
        names: of its columns.

    Returns:
        Whether they are JMeter's.

    Example:
        print(matches({"timeStamp", "elapsed", "label", "success"}))
    """
    return {"timeStamp", "elapsed", "label"} <= names and bool({"success", "responseCode"} & names)


def convert(batch: pa.RecordBatch, report: FileReport) -> pa.RecordBatch:
    """Return a batch of results as requests.

    Args:
        batch: with text columns under JMeter's names.
        report: receives the notes.

    Returns:
        The batch with the names of events.

    Example:
        import pyarrow as pa

        from obskit.schema import FileReport, LoadReport

        row = {"timeStamp": ["1777888800000"], "elapsed": ["250"], "label": ["Cart"], "success": ["true"]}
        print(convert(pa.RecordBatch.from_pydict(row), FileReport(LoadReport(), "a.jtl")).schema.names)
    """
    columns = Columns(batch)
    _time(columns)
    columns.duration("elapsed", 1.0)
    for name, target in _TEXTS.items():
        columns.rename(name, target)
    for name, target in {**_INTS, **_MILLISECONDS}.items():
        if name in columns:
            columns[target] = (
                pc.cast(columns.numbers(name), pa.int64(), safe=False)
                if name in _INTS
                else (columns.numbers(name))
            )
            columns.drop(name)
    if "responseCode" in columns:
        code = columns["responseCode"]
        status = pc.match_substring_regex(code, _STATUS)
        none = pa.scalar(None, pa.string())
        columns["http.response.status_code"] = pc.if_else(status, code, none)
        columns["error.type"] = pc.if_else(
            pc.match_substring(code, "Non HTTP response code: "),
            pc.replace_substring(code, "Non HTTP response code: ", ""),
            none,
        )
        columns.rename("responseCode", "jmeter.response_code")
    if "success" in columns:
        failed = pc.equal(pc.utf8_lower(columns["success"]), "false")
        columns["status_code"] = pc.if_else(failed, "ERROR", "UNSET")
        columns.rename("success", "jmeter.success")
    columns["kind"] = pa.repeat("client", batch.num_rows)
    _note_transactions(columns, report)
    return columns.batch()


def _time(columns: Columns) -> None:
    """Read milliseconds since 1970; JMeter can be told to write text instead, which stays text."""
    text = columns["timeStamp"]
    first = next((value for value in text.to_pylist() if value), "")
    if re.fullmatch(r"\d{1,15}", first):
        columns.time("timeStamp", 1000.0)
    else:
        columns.rename("timeStamp", "timestamp")


def _note_transactions(columns: Columns, report: FileReport) -> None:
    if (
        "jmeter.response_message" in columns
        and pc.any(
            pc.starts_with(columns["jmeter.response_message"], "Number of samples in transaction")
        ).as_py()
    ):
        report.note(TRANSACTIONS)
