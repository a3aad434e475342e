"""Tables of spreadsheets and consoles, Parquet and Arrow of data frames."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.readers.posted_shapes.shape import Shape

AT, LATER = "2026-05-04T10:00:00Z", "2026-05-14T10:00:01.500Z"

START = 1_777_888_800

_TIME = datetime(2026, 5, 4, 10, tzinfo=UTC)

_TWO = [
    {"timestamp": AT, "duration_ms": 250.0, "http.response.status_code": 503, "error": True},
    {"timestamp": LATER, "duration_ms": 1250.5, "http.response.status_code": 200, "error": False},
]


def _parquet(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def _arrow(table: pa.Table) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


_NANOS = pa.array([START * 10**9 + 7, (START + 1) * 10**9], pa.timestamp("ns", tz="UTC"))

_SPARK = pa.table(
    {
        "ts": pa.array([_TIME, _TIME + timedelta(seconds=1)], pa.timestamp("ns")),
        "status": pa.array([503, 200], pa.int32()),
        "http": pa.array([{"method": "GET", "route": "/cart"}] * 2),
        "labels": pa.array([[("team", "a")], []], pa.map_(pa.string(), pa.string())),
    }
)

_POLARS = pa.table(
    {
        "timestamp": pa.array([_TIME, _TIME], pa.timestamp("us")),
        "elapsed": pa.array([timedelta(milliseconds=250), timedelta(milliseconds=12)], pa.duration("us")),
        "level": pa.array(["ERROR", "INFO"]).dictionary_encode(),
        "msg": pa.array(["out of stock", "ok"], pa.large_string()),
    }
)

_PANDAS = pa.table(
    {
        "duration_ms": [250.0, 12.5],
        "error": pa.array([True, None], pa.bool_()),
        "tags": pa.array([["a", "b"], []], pa.list_(pa.string())),
        "timestamp": _NANOS,
    }
)

_DATE_ONLY = pa.table(
    {
        "date": pa.array([_TIME.date()] * 2, pa.date32()),
        "event_time": pa.array([START * 1000, START * 1000 + 1500], pa.int64()),
        "latency_ms": pa.array([250, 12], pa.int32()),
    }
)

_KIBANA = (
    '"@timestamp",level,message,"http.response.status_code","event.duration"\n'
    '"May 4, 2026 @ 10:00:00.000",ERROR,"out of stock",503,"250,000,000"\n'
    '"May 14, 2026 @ 10:00:01.500",INFO,ok,200,"1,250,500,000"\n'
)

_STATUSES = [
    {"timestamp": AT, "http.response.status_code": 503, "error": True},
    {"timestamp": LATER, "http.response.status_code": 200, "error": False},
]

SHAPES = [
    Shape(
        "CSV of Excel with its mark of UTF-8 and CRLF",
        "documentation of Excel, CSV UTF-8",
        "\ufeffTimestamp,Duration (ms),Status\r\n2026-05-04 10:00:00,250,503\r\n2026-05-14 10:00:01.500,1250.5,200\r\n",
        _TWO,
    ),
    Shape(
        "CSV of Excel in the USA",
        "documentation of Excel, date formats",
        "Timestamp,Duration (ms),Status\r\n5/4/2026 10:00:00 AM,250,503\r\n"
        '5/14/2026 10:00:01.500 AM,"1,250.5",200\r\n',
        _TWO,
    ),
    Shape(
        "CSV of Excel in Germany",
        "documentation of Excel, list separators",
        "Timestamp;Duration (ms);Status\r\n04.05.2026 10:00:00;250;503\r\n14.05.2026 10:00:01,500;1250,5;200\r\n",
        _TWO,
    ),
    Shape(
        "CSV of Excel, whose dates are days since 1900",
        "https://stackoverflow.com/questions/1703505",
        "Timestamp,Duration (ms),Status\r\n46146.4166666667,250,503\r\n46156.4166840278,1250.5,200\r\n",
        [{"duration_ms": 250.0, "timestamp": None}, {"duration_ms": 1250.5, "timestamp": None}],
        notes=["time"],
    ),
    Shape(
        "TSV copied from Google Sheets",
        "documentation of Google Sheets, download as TSV",
        "Timestamp\tDuration (ms)\tStatus\r\n5/4/2026 10:00:00\t250\t503\r\n5/14/2026 10:00:01.500\t1250.5\t200",
        _TWO,
        file="events.tsv",
    ),
    Shape(
        "pandas, to_csv with an index of times",
        "documentation of pandas, DataFrame.to_csv",
        ",duration_ms,status\n2026-05-04 10:00:00+00:00,250.0,503\n2026-05-14 10:00:01.500000+00:00,1250.5,200\n",
        _TWO,
    ),
    Shape(
        "pandas, to_csv with a number as index and gaps as floats",
        "documentation of pandas, integer columns with gaps",
        ",timestamp,duration_ms,status,error\n0,2026-05-04 10:00:00+00:00,250.0,503.0,True\n"
        "1,2026-05-14 10:00:01.500000+00:00,1250.5,200.0,False\n2,2026-05-14 10:00:02+00:00,,,\n",
        [*_TWO, {"duration_ms": None, "http.response.status_code": None, "error": False}],
    ),
    Shape(
        "pandas, to_csv of Timedelta",
        "documentation of pandas, Timedelta",
        "timestamp,elapsed,status\n2026-05-04 10:00:00,0 days 00:00:00.250000,503\n"
        "2026-05-14 10:00:01.500,0 days 00:00:01.250500,200\n",
        _TWO,
    ),
    Shape(
        "pandas, to_json by columns",
        "documentation of pandas, DataFrame.to_json",
        json.dumps({"timestamp": {"0": START * 1000}, "duration_ms": {"0": 250.0}, "status": {"0": 503}}),
        refused="pandas",
    ),
    Shape(
        "pandas, to_json orient=records",
        "documentation of pandas, DataFrame.to_json",
        json.dumps(
            [
                {"timestamp": START * 1000, "duration_ms": 250.0, "status": 503},
                {"timestamp": 1778752801500, "duration_ms": 1250.5, "status": 200},
            ]
        ),
        _TWO,
    ),
    Shape(
        "pandas, to_json orient=split",
        "documentation of pandas, DataFrame.to_json",
        json.dumps(
            {
                "columns": ["timestamp", "duration_ms", "status"],
                "index": [0, 1],
                "data": [[START * 1000, 250.0, 503], [1778752801500, 1250.5, 200]],
            }
        ),
        _TWO,
    ),
    Shape(
        "pandas, to_json orient=table",
        "documentation of pandas, DataFrame.to_json",
        json.dumps(
            {
                "schema": {"fields": [{"name": "timestamp", "type": "datetime"}], "pandas_version": "1.4.0"},
                "data": [
                    {
                        "index": 0,
                        "timestamp": "2026-05-04T10:00:00.000Z",
                        "duration_ms": 250.0,
                        "status": 503,
                    },
                    {"index": 1, "timestamp": LATER, "duration_ms": 1250.5, "status": 200},
                ],
            }
        ),
        _TWO,
    ),
    Shape(
        "Grafana, data of a panel with units",
        "documentation of Grafana, inspect: data, formatted data",
        '"Time","Value","duration"\n2026-05-04 10:00:00.000,503,250 ms\n2026-05-14 10:00:01.500,200,1.25 s\n',
        [{"timestamp": AT, "duration_ms": 250.0}, {"timestamp": LATER, "duration_ms": 1250.0}],
    ),
    Shape(
        "Kibana, Discover's CSV",
        "documentation of Kibana, CSV reports; event.duration is nanoseconds in the Elastic Common Schema",
        _KIBANA,
        [
            {"timestamp": AT, "severity_text": "ERROR", "http.response.status_code": 503, "error": True},
            {"timestamp": LATER, "severity_text": "INFO", "http.response.status_code": 200, "error": False},
        ],
    ),
    Shape(
        "Splunk, exported CSV",
        "documentation of Splunk, export search results",
        '"_time","_raw",host,sourcetype,status\n'
        '"2026-05-04T10:00:00.000+0000","out of stock",web-1,app,503\n'
        '"2026-05-14T12:00:01.500+0200",ok,web-1,app,200\n',
        [row | {"host.name": "web-1"} for row in _STATUSES],
    ),
    Shape(
        "Parquet of Spark, INT96, nested struct and map",
        "documentation of Spark, spark.sql.parquet.outputTimestampType",
        _parquet(_SPARK, use_deprecated_int96_timestamps=True),
        [
            {
                "timestamp": AT,
                "http.response.status_code": 503,
                "http.method": None,
                "http.request.method": "GET",
                "labels.team": "a",
                "error": True,
            },
            {"timestamp": "2026-05-04T10:00:01Z", "error": False},
        ],
        file="part-00000.snappy.parquet",
    ),
    Shape(
        "Parquet of pandas, nanoseconds, nullable booleans, lists",
        "documentation of pandas, to_parquet",
        _parquet(_PANDAS),
        [
            {"timestamp": AT, "duration_ms": 250.0, "error": True, "tags": ["a", "b"]},
            {"timestamp": "2026-05-04T10:00:01Z", "duration_ms": 12.5, "error": False},
        ],
        file="events.parquet",
    ),
    Shape(
        "Arrow of polars: durations, categories, large strings",
        "documentation of polars, write_ipc",
        _arrow(_POLARS),
        [
            {
                "timestamp": AT,
                "duration_ms": 250.0,
                "severity_text": "ERROR",
                "body": "out of stock",
                "error": True,
            },
            {"timestamp": AT, "duration_ms": 12.0, "error": False},
        ],
        file="events.arrow",
    ),
    Shape(
        "Parquet with a day as partition and times in milliseconds",
        "documentation of Athena, partition projection",
        _parquet(_DATE_ONLY),
        [
            {"timestamp": AT, "duration_ms": 250.0},
            {"timestamp": "2026-05-04T10:00:01.500Z", "duration_ms": 12.0},
        ],
        file="events.parquet",
    ),
]
