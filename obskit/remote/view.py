"""The event model as a view in the SQL of an engine, to be completed with the columns of a table there."""

from __future__ import annotations

from obskit.errors import InvalidArgument
from obskit.names import COLUMNS
from obskit.remote.address import TableName

ENGINES = ("clickhouse", "spark")
_TYPES = {
    "clickhouse": {
        "timestamp": "Nullable(DateTime64(6, 'UTC'))",
        "float": "Nullable(Float64)",
        "string": "Nullable(String)",
        "bool": "Nullable(Bool)",
        "int": "Nullable(Int64)",
        "int32": "Nullable(Int32)",
    },
    "spark": {
        "timestamp": "TIMESTAMP",
        "float": "DOUBLE",
        "string": "STRING",
        "bool": "BOOLEAN",
        "int": "BIGINT",
        "int32": "INT",
    },
}
_MEANINGS = {
    "timestamp": "when it began",
    "duration_ms": "how long it took, in milliseconds; null for a log record",
    "name": "what it was: GET /book",
    "kind": "server, client, internal, producer, consumer or event",
    "trace_id": "lower-case hex",
    "span_id": "lower-case hex",
    "parent_span_id": "null for a root",
    "trace_state": "W3C trace state",
    "status_code": "OK, ERROR or UNSET",
    "status_message": "what the status says",
    "error": "whether it failed; leave this line out to have it computed",
    "sample_weight": "how many events it represents by sampling; null where unknown",
    "event_count": "how many identical events it represents; null is 1",
    "body": "text of a log record",
    "severity_text": "level of a log record",
    "severity_number": "1 to 24, of a log record",
}


def view(engine: str, name: TableName, source: TableName) -> str:
    """Return the statement that makes a view with obskit's columns.

    Args:
        engine: "clickhouse" or "spark".
        name: name of the view.
        source: name of the table that it reads.

    Returns:
        SQL. Every column is null until its NULL is replaced by an expression; all further columns of the view
        are fields under their own names.

    Raises:
        InvalidArgument: there is no such engine.
    """
    if engine not in ENGINES:
        raise InvalidArgument(f"there is no view for {engine!r}", hint=f"choose one of {', '.join(ENGINES)}")
    columns = [
        f"    CAST(NULL AS {_TYPES[engine][kind]}) AS {_quoted(engine, (column,))}"
        for column, kind in COLUMNS.items()
    ]
    last = len(columns) - 1
    lines = [
        f"{text}{'' if at == last else ','}  -- {_MEANINGS[column]}"
        for at, (text, column) in enumerate(zip(columns, COLUMNS, strict=True))
    ]
    head = [
        "-- Replace NULL by the column of your table, leave out the lines of columns that it does not have,",
        "-- and add further columns, such as `http.route`, under the names that fields shall have.",
        f"CREATE OR REPLACE VIEW {_quoted(engine, name.parts)} AS",
        "SELECT",
    ]
    return "\n".join([*head, *lines, f"FROM {_quoted(engine, source.parts)}", ""])


def _quoted(engine: str, parts: tuple[str, ...]) -> str:
    if engine == "spark":
        return ".".join("`" + part.replace("`", "``") + "`" for part in parts)
    return ".".join("`" + part.replace("\\", "\\\\").replace("`", "\\`") + "`" for part in parts)
