"""Tables of tracing tools are recognised by their columns."""

from obskit.readers.tables.column_layouts import layout_of
from obskit.readers.tempo import TRACES


def test_a_block_of_tempo_is_read_a_few_traces_at_once():
    layout = layout_of(["TraceID", "rs", "RootSpanName", "DurationNano"])
    assert layout is not None
    assert layout.rows == TRACES


def test_a_table_of_the_clickhouse_exporter_is_read_in_large_batches():
    layout = layout_of(["Timestamp", "TraceId", "SpanId", "SpanName", "ServiceName", "Duration"])
    assert layout is not None
    assert layout.rows == 65_536


def test_other_tables_have_no_layout():
    assert layout_of(["timestamp", "trace_id", "name"]) is None
    assert layout_of([]) is None
