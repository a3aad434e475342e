"""Migrations of a database's schema, from the table in which Flyway or Liquibase records them.

    installed_rank,version,description,type,script,installed_by,installed_on,execution_time,success
    3,2.4,add seats,SQL,V2.4__add_seats.sql,shop,2026-05-04 10:00:00,41,t

The names of the columns may be in any case. Who ran the migration is not kept. Source: the documentation of
`flyway_schema_history` and of `DATABASECHANGELOG`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obskit.names.markers import MIGRATION
from obskit.readers.markers.rows import Row, iso_time

FLYWAY = frozenset({"installed_rank", "version", "description", "type", "script", "installed_on", "success"})
LIQUIBASE = frozenset({"id", "filename", "dateexecuted", "orderexecuted", "exectype"})
FLYWAY_KNOWN = FLYWAY | {"checksum", "installed_by", "execution_time"}
LIQUIBASE_KNOWN = LIQUIBASE | {
    *("author", "md5sum", "description", "comments", "tag", "liquibase"),
    *("contexts", "labels", "deployment_id"),
}
_TRUE = frozenset({"t", "true", "1", "y", "yes", "\\x01", "b'1'"})
_FALSE = frozenset({"f", "false", "0", "n", "no", "\\x00", "b'0'", ""})
_UNDONE = frozenset({"DELETE", "UNDO_SQL", "UNDO_JDBC", "UNDO_SCRIPT"})


def flyway(item: dict[str, Any]) -> list[Row] | None:
    """Return the marker of a row of `flyway_schema_history`; None for anything else."""
    row = _folded(item)
    return [flyway_row(row)] if row.keys() >= FLYWAY and row.keys() <= FLYWAY_KNOWN else None


def liquibase(item: dict[str, Any]) -> list[Row] | None:
    """Return the marker of a row of `DATABASECHANGELOG`; None for anything else."""
    row = _folded(item)
    return [liquibase_row(row)] if row.keys() >= LIQUIBASE and row.keys() <= LIQUIBASE_KNOWN else None


def flyway_row(row: Mapping[str, Any]) -> Row:
    """Return the marker of a row, whose names are in lower case.

    Args:
        row: the row; texts as in CSV or values as in JSON.

    Returns:
        A flat row. A migration that failed has `database.migration.success` false; one that was taken back
        has `database.migration.undone` true.
    """
    kind = _text(row.get("type"))
    return _marker(
        "flyway",
        row.get("installed_on"),
        _text(row.get("description")) or _text(row.get("script")),
        {
            "database.migration.version": _text(row.get("version")),
            "database.migration.script": _text(row.get("script")),
            "database.migration.type": kind,
            "database.migration.duration_ms": _integer(row.get("execution_time")),
            "database.migration.order": _integer(row.get("installed_rank")),
            "database.migration.success": _boolean(row.get("success")),
            "database.migration.undone": True if kind in _UNDONE else None,
        },
    )


def liquibase_row(row: Mapping[str, Any]) -> Row:
    """Return the marker of a row, whose names are in lower case.

    Args:
        row: the row; texts as in CSV or values as in JSON.

    Returns:
        A flat row. `database.migration.success` is false for a change set that failed.
    """
    outcome = _text(row.get("exectype"))
    return _marker(
        "liquibase",
        row.get("dateexecuted"),
        _text(row.get("comments")) or _text(row.get("description")) or _text(row.get("id")),
        {
            "database.migration.version": _text(row.get("tag")),
            "database.migration.id": _text(row.get("id")),
            "database.migration.script": _text(row.get("filename")),
            "database.migration.type": outcome,
            "database.migration.order": _integer(row.get("orderexecuted")),
            "database.migration.success": outcome != "FAILED" if outcome else None,
            "deployment.id": _text(row.get("deployment_id")),
        },
    )


def _marker(tool: str, time: Any, body: str | None, fields: Row) -> Row:
    own = {"timestamp": iso_time(time), "name": MIGRATION, "kind": "event", "body": body}
    row = {**own, "database.migration.tool": tool, **fields}
    return {name: value for name, value in row.items() if value is not None}


def _folded(item: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in item.items()} if len(item) <= 20 else {}


def _text(value: Any) -> str | None:
    return (value or None) if type(value) is str else str(value) if type(value) in (int, float) else None


def _integer(value: Any) -> int | None:
    if type(value) is str and value.lstrip("-").isascii() and value.lstrip("-").isdigit() and len(value) < 19:
        return int(value)
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _boolean(value: Any) -> bool | None:
    if type(value) in (bool, int):
        return bool(value)
    word = value.lower() if type(value) is str else None
    return True if word in _TRUE else False if word in _FALSE else None
