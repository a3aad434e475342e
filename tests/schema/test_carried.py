"""Columns that a format holds as attributes are restored."""

from __future__ import annotations

import pyarrow as pa

from tests.schema.samples import events


def test_carried_attributes_become_columns_again():
    row = {
        "duration_ms": 1.0,
        "obskit.duration_ms": 1.0000001,
        "status_code": "UNSET",
        "kind": "event",
        "obskit.null": "status_code,kind,no such",
        "obskit.field.time": "noon",
        "obskit.list.cart": "[1, null]",
        "obskit.list.bad": "[1, true]",
        "obskit.error": True,
        "obskit.events": '[{"name":"a"}]',
        "obskit.deployment.track": "canary",
    }
    rows, report, schema = events(row)
    assert {name: value for name, value in rows[0].items() if value is not None} == {
        "duration_ms": 1.0000001,
        "error": True,
        "time": "noon",
        "cart": [1, None],
        "obskit.list.bad": "[1, true]",
        "events": [{"timestamp": None, "name": "a", "attributes": None}],
        "obskit.deployment.track": "canary",
    }
    assert schema.field("cart").type == pa.list_(pa.int64())
    assert (report.overridden, report.renamed) == ({}, {})
