"""Rows through a Normalizer."""

from __future__ import annotations

import pyarrow as pa

from obskit.schema import LoadReport, Normalizer, ReadOptions, cast


def events(*rows, mapping=None, metadata=None, tz=None, **options):
    """Normalize one batch of the rows; return (rows in the final schema, report, schema)."""
    report = LoadReport()
    normalizer = Normalizer(report, ReadOptions(mapping=mapping, tz=tz), **options)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    raw = pa.RecordBatch.from_pydict({key: [row.get(key) for row in rows] for key in keys})
    batch = normalizer.batch(raw.replace_schema_metadata(metadata))
    normalizer.finish()
    batch.validate(full=True)
    assert batch.num_rows == len(rows)
    return cast(batch, normalizer.schema).to_pylist(), report, normalizer.schema


def one(row, **options):
    return events(row, **options)[0][0]
