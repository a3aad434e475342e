"""Units of columns, and what answers about traces say in common."""

from __future__ import annotations

import pyarrow as pa

from obskit.display.tables import MS, UNIT

WHOLE_TRACES = "each trace is shown whole: `matching` is the number of its spans that the condition selects"
NO_TRACES = "if a column of another name holds it, load with mapping= (--mapping FILE.json)"


def with_units(table: pa.Table, **units: bytes) -> pa.Table:
    """Return the table with the units of its columns in their metadata, for display."""
    units = {"duration_ms": MS, **units}
    fields = [f.with_metadata({UNIT: units[f.name]}) if f.name in units else f for f in table.schema]
    return table.cast(pa.schema(fields))
