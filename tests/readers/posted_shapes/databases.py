"""Tables as databases and their clients write them."""

from __future__ import annotations

import json

from tests.readers.posted_shapes.made import SPAN, TRACE
from tests.readers.posted_shapes.shape import Shape

AT, LATER = "2026-05-04T10:00:00Z", "2026-05-14T10:00:01.500Z"

_TWO = [
    {"timestamp": AT, "duration_ms": 250.0, "http.response.status_code": 503, "error": True},
    {"timestamp": LATER, "duration_ms": 1250.5, "http.response.status_code": 200, "error": False},
]

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
