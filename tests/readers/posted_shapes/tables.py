"""Tables: CSV and TSV of spreadsheets, stores and consoles, Parquet and Arrow of data frames."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.readers.posted_shapes.shape import Shape

TRACE, SPAN = "7d1c0e5fa2b94c3c8e6f1a2b3c4d5e6f", "a1b2c3d4e5f60718"
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
_PSQL = (
    "             ts             | status | duration_ms\n"
    "----------------------------+--------+-------------\n"
    " 2026-05-04 10:00:00+00     |    503 |         250\n"
    " 2026-05-14 10:00:01.5+00   |    200 |      1250.5\n"
    "(2 rows)\n\n"
)
_MYSQL_TABLE = (
    "+---------------------+--------+-------------+\n"
    "| ts                  | status | duration_ms |\n"
    "+---------------------+--------+-------------+\n"
    "| 2026-05-04 10:00:00 |    503 |         250 |\n"
    "| 2026-05-14 10:00:01 |    200 |      1250.5 |\n"
    "+---------------------+--------+-------------+\n"
    "2 rows in set (0.01 sec)\n"
)
_DUCKDB = (
    "┌─────────────────────┬────────┐\n"
    "│         ts          │ status │\n"
    "│      timestamp      │ int32  │\n"
    "├─────────────────────┼────────┤\n"
    "│ 2026-05-04 10:00:00 │    503 │\n"
    "│ 2026-05-14 10:00:01 │    200 │\n"
    "└─────────────────────┴────────┘\n"
)
_CLICKHOUSE = (
    "ts\tstatus\tduration_ms\tmsg\n"
    "DateTime64(3)\tUInt16\tFloat64\tNullable(String)\n"
    "2026-05-04 10:00:00.000\t503\t250\tout\\tof stock\n"
    "2026-05-14 10:00:01.500\t200\t1250.5\t\\N\n"
)
_CLICKHOUSE_JSON = {
    "meta": [{"name": "ts", "type": "DateTime64(3)"}, {"name": "status", "type": "UInt16"}],
    "data": [
        {"ts": "2026-05-04 10:00:00.000", "status": 503},
        {"ts": "2026-05-14 10:00:01.500", "status": 200},
    ],
    "rows": 2,
    "statistics": {"elapsed": 0.001, "rows_read": 2, "bytes_read": 41},
}
_CLICKHOUSE_COMPACT = {
    "meta": [{"name": "ts", "type": "DateTime64(3)"}, {"name": "status", "type": "UInt16"}],
    "data": [["2026-05-04 10:00:00.000", 503], ["2026-05-14 10:00:01.500", 200]],
    "rows": 2,
}
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
        "Athena, results of a query",
        "documentation of Athena, query results",
        '"ts","status","duration_ms"\n"2026-05-04 10:00:00.000","503","250.0"\n'
        '"2026-05-14 10:00:01.500 UTC","200","1250.5"\n',
        _TWO,
    ),
    Shape(
        "BigQuery, results as CSV",
        "documentation of BigQuery, TIMESTAMP as text",
        "ts,status,duration_ms\n2026-05-04 10:00:00 UTC,503,250.0\n2026-05-14 10:00:01.500000 UTC,200,1250.5\n",
        _TWO,
    ),
    Shape(
        "BigQuery, results as newline-delimited JSON, integers as text",
        "documentation of BigQuery, export to JSON",
        '{"ts":"2026-05-04 10:00:00 UTC","status":"503","duration_ms":"250.0"}\n'
        '{"ts":"2026-05-14 10:00:01.500000 UTC","status":"200","duration_ms":"1250.5"}\n',
        _TWO,
    ),
    Shape(
        "Snowflake, results as CSV",
        "documentation of Snowflake, TIMESTAMP_TZ_OUTPUT_FORMAT",
        "TS,STATUS,DURATION_MS\n2026-05-04 10:00:00.000 +0000,503,250\n2026-05-14 03:00:01.500 -0700,200,1250.5\n",
        _TWO,
    ),
    Shape(
        "ClickHouse, TabSeparatedWithNamesAndTypes",
        "documentation of ClickHouse, formats",
        _CLICKHOUSE,
        [_TWO[0] | {"body": "out\\tof stock"}, _TWO[1] | {"body": None}],
    ),
    Shape(
        "ClickHouse, CSVWithNamesAndTypes",
        "documentation of ClickHouse, formats",
        '"ts","status","duration_ms"\n"DateTime64(3)","UInt16","Float64"\n'
        '"2026-05-04 10:00:00.000",503,250\n"2026-05-14 10:00:01.500",200,1250.5\n',
        _TWO,
    ),
    Shape(
        "ClickHouse, JSON",
        "documentation of ClickHouse, formats",
        json.dumps(_CLICKHOUSE_JSON, indent="\t"),
        _STATUSES,
    ),
    Shape(
        "ClickHouse, JSONCompact",
        "documentation of ClickHouse, formats",
        json.dumps(_CLICKHOUSE_COMPACT, indent="\t"),
        _STATUSES,
    ),
    Shape(
        "ClickHouse, JSONCompactEachRowWithNamesAndTypes",
        "documentation of ClickHouse, formats",
        '["ts","status"]\n["DateTime64(3)","UInt16"]\n["2026-05-04 10:00:00.000",503]\n'
        '["2026-05-14 10:00:01.500",200]\n',
        refused="list",
    ),
    Shape(
        "PostgreSQL, \\copy to csv header",
        "documentation of PostgreSQL, COPY",
        "ts,status,duration_ms,paid\n2026-05-04 10:00:00+00,503,250,f\n2026-05-14 12:00:01.5+02,200,1250.5,t\n",
        _TWO,
    ),
    Shape("PostgreSQL, what psql prints", "documentation of psql, aligned output", _PSQL, _TWO, rejected=2),
    Shape("MySQL, what the client prints", "documentation of mysql, tables", _MYSQL_TABLE, refused="table"),
    Shape(
        "DuckDB, what the shell prints", "documentation of DuckDB, output formats", _DUCKDB, refused="table"
    ),
    Shape(
        "MySQL, mysql -B",
        "documentation of mysql, batch mode",
        "ts\tstatus\tduration_ms\tmsg\n2026-05-04 10:00:00.000\t503\t250\tout of stock\n"
        "2026-05-14 10:00:01.500\t200\t1250.5\tNULL\n",
        _TWO,
    ),
    Shape(
        "a table of Markdown",
        "https://github.github.com/gfm/#tables-extension-",
        "| ts | status | duration_ms |\n|---|---:|---:|\n| 2026-05-04 10:00:00 | 503 | 250 |\n"
        "| 2026-05-14 10:00:01 | 200 | 1250.5 |\n",
        refused="table",
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
    Shape(
        "PostgreSQL, csvlog",
        "documentation of PostgreSQL, log_destination = csvlog",
        '2026-05-04 10:00:00.000 UTC,"u","shop",41,"192.0.2.7:5000",69f.1,1,"SELECT",2026-05-04 09:00:00 UTC,3/4,0,'
        'ERROR,42P01,"relation ""cart"" does not exist",,,,,,"select 1\nfrom cart",15,,"web","client backend",,0\n'
        '2026-05-04 10:00:01.000 UTC,"u","shop",41,"192.0.2.7:5000",69f.1,2,"SELECT",2026-05-04 09:00:00 UTC,3/4,0,'
        'LOG,00000,"duration: 250.000 ms",,,,,,,,,"web","client backend",,0\n',
        [
            {
                "timestamp": AT,
                "severity_text": "ERROR",
                "error": True,
                "body": 'relation "cart" does not exist',
                "query": "select 1\nfrom cart",
                "sql_state_code": "42P01",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "severity_text": "LOG",
                "error": False,
                "duration_ms": None,
            },
        ],
        file="postgresql.csv",
    ),
    Shape(
        "ClickHouse, otel_traces as CSV",
        "documentation of the Collector's ClickHouse exporter",
        '"Timestamp","TraceId","SpanId","ParentSpanId","SpanName","SpanKind","ServiceName","Duration","StatusCode"\n'
        f'"2026-05-04 10:00:00.000000000","{TRACE}","{SPAN}","","GET /cart","Server","shop",250000000,"Error"\n'
        f'"2026-05-04 10:00:01.000000000","{TRACE}","{SPAN}","","GET /cart","Server","shop",12500000,"Ok"\n',
        [
            {
                "timestamp": AT,
                "kind": "server",
                "status_code": "ERROR",
                "error": True,
                "name": "GET /cart",
                "trace_id": TRACE,
                "parent_span_id": None,
                "duration_ms": None,
            },
            {"timestamp": "2026-05-04T10:00:01Z", "error": False, "status_code": "OK"},
        ],
        notes=["Duration has no unit"],
    ),
]
