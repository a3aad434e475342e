"""Every format gives back the same table, for any values."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit.readers import read_paths
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, NAMED, TIMESTAMP, LoadReport, Normalizer, cast
from obskit.schema.types import word
from obskit.writers import FORMATS
from obskit.writers.notes import WriteNotes
from tests.support.examples import examples

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
MICROS = st.one_of(
    st.integers(1_700_000_000_000_000, 1_800_000_000_000_000),
    st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    st.just(0),
)
NUMBERS = st.one_of(
    st.floats(), st.sampled_from([0.0, -0.0, 5.0, 1e16, 2.0**63, math.nan, math.inf, -math.inf])
)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
# Tracing formats have nanoseconds; every bit of an invalid duration is kept.
DURATIONS = st.one_of(
    st.integers(0, 10**12).map(lambda ns: ns / 1e6), st.sampled_from([-1.0, math.nan, math.inf, 1e300])
)
TRACES = st.one_of(
    st.text("0123456789abcdef", min_size=32, max_size=32).filter(lambda t: t != "0" * 32),
    st.sampled_from(["ab", "trace-7"]),
)
SPANS = st.one_of(
    st.text("0123456789abcdef", min_size=16, max_size=16).filter(lambda t: t != "0" * 16), st.just("7")
)
JSON = st.sampled_from(
    [
        None,
        "{}",
        "",
        "no json",
        "[1]",
        '{"event":"x"}',
        '{"n":1}',
        '{"a":[1,"x",null,2.0],"b":{"c":true,"d":1.5}}',
        '{"é":"","f":-0.0}',
    ]
)

OURS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "timestamp": (TIMESTAMP, MICROS),
    "duration_ms": (pa.float64(), DURATIONS),
    "name": (pa.string(), TEXT),
    "kind": (
        pa.string(),
        st.sampled_from(["server", "client", "internal", "producer", "consumer", "event", "odd"]),
    ),
    "trace_id": (pa.string(), TRACES),
    "span_id": (pa.string(), SPANS),
    "parent_span_id": (pa.string(), SPANS),
    "trace_state": (pa.string(), st.sampled_from(["", "a=b", "ot=th:c"])),
    "status_code": (pa.string(), st.sampled_from(["OK", "ERROR", "UNSET"])),
    "status_message": (pa.string(), TEXT),
    "error": (pa.bool_(), st.booleans()),
    "sample_weight": (pa.float64(), st.sampled_from([1.0, 4.0, 2.5])),
    "event_count": (pa.int64(), st.integers(0, 10**10)),
    "body": (pa.string(), TEXT),
    "severity_text": (pa.string(), st.sampled_from(["", "INFO", "Warn"])),
    "severity_number": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "events": (
        EVENTS_TYPE,
        st.lists(
            st.fixed_dictionaries(
                {
                    "timestamp": st.one_of(st.none(), MICROS),
                    "name": st.one_of(st.none(), TEXT),
                    "attributes": JSON,
                }
            ),
            max_size=2,
        ),
    ),
    "links": (
        LINKS_TYPE,
        st.lists(
            st.fixed_dictionaries(
                {
                    "trace_id": st.sampled_from([None, "", "0af7651916cd43dd8448eb211c80319c", "AB"]),
                    "span_id": st.sampled_from([None, "b7ad6b7169203331"]),
                    "trace_state": st.sampled_from([None, "", "a=b"]),
                    "attributes": JSON,
                }
            ),
            max_size=2,
        ),
    ),
}
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXT),
    "integer": (pa.int64(), INTEGERS),
    "float": (pa.float64(), NUMBERS),
    "flag": (pa.bool_(), st.booleans()),
    "texts": (pa.list_(pa.string()), st.lists(st.one_of(st.none(), TEXT), max_size=3)),
    "integers": (pa.list_(pa.int64()), st.lists(st.one_of(st.none(), INTEGERS), max_size=3)),
    "floats": (pa.list_(pa.float64()), st.lists(NUMBERS, max_size=3)),
    "flags": (pa.list_(pa.bool_()), st.lists(st.booleans(), max_size=3)),
}
ODD = (
    *(
        "a.b",
        "a",
        "time",
        "ts",
        "traceId",
        "duration_us",
        "@timestamp",
        "attributes.name",
        "attributes.error",
    ),
    *('q"\\', "é ü", "A", "obskit.deployment.track", "host.cores", "k8s.label.x/y", "events.n"),
    *(
        "span.kind",
        "otel.status_code",
        "w3c.tracestate",
        "attributes.kind",
        "error.message",
        "jaeger.warnings",
    ),
)
NAMES = st.one_of(st.sampled_from(ODD), TEXT.filter(bool))
CONVENTIONS = {
    "http.response.status_code": KINDS["integer"],
    "error.type": KINDS["text"],
    "event.name": KINDS["text"],
    "otel.scope.name": KINDS["text"],
    "otel.scope.version": KINDS["text"],
    "service.name": KINDS["text"],
    "k8s.pod.name": KINDS["text"],
    "process.command_args": KINDS["texts"],
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Events as in a Dataset: some of obskit's columns, some others, nulls anywhere."""
    rows = draw(st.integers(1, 4))
    columns: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {}
    for name in draw(st.lists(st.sampled_from(sorted(OURS)), unique=True)):
        columns[name] = OURS[name]
    for name in draw(st.lists(st.sampled_from(sorted(CONVENTIONS)), unique=True, max_size=4)):
        columns[name] = CONVENTIONS[name]
    for name in draw(st.lists(NAMES, unique=True, max_size=5)):
        columns.setdefault(name, KINDS[draw(st.sampled_from(sorted(KINDS)))])
    arrays = [
        pa.array(draw(st.lists(st.one_of(values, st.none()), min_size=rows, max_size=rows)), kind)
        for kind, values in columns.values()
    ]
    schema = pa.schema(
        [(name, kind) for name, (kind, _) in columns.items()] + [("row", pa.int64())], metadata=NAMED
    )
    batch = pa.RecordBatch.from_arrays([*arrays, pa.array(range(rows), pa.int64())], schema=schema)
    normalizer = Normalizer(LoadReport())
    return cast(pa.Table.from_batches([normalizer.batch(batch)]), normalizer.schema)


def written(name: str, table: pa.Table, path: Path) -> WriteNotes:
    form, notes = FORMATS[name], WriteNotes()
    batches = table.combine_chunks().to_batches()
    for batch in batches:
        notes.count_batch(batch)
    if form.save is not None:
        form.save(path, iter(batches), table.schema)
    else:
        assert form.encode is not None
        path.write_bytes(b"".join(form.encode(iter(batches), notes)))
    return notes


def read(path: Path) -> tuple[pa.Table, LoadReport]:
    report = LoadReport()
    normalizer = Normalizer(report)
    batches = [normalizer.batch(batch) for batch in read_paths([path], report)]
    return pa.Table.from_batches([cast(batch, normalizer.schema) for batch in batches]), report


def content(table: pa.Table) -> dict[str, Any]:
    """Every field with a value -> its type and values, in the order of the rows."""
    table = table.sort_by("row")
    out: dict[str, Any] = {}
    for name, column in zip(table.schema.names, table.columns, strict=True):
        values = column.to_pylist()
        if any(value is not None for value in values):
            # The item type of a list that is always empty is unknown.
            void = pa.types.is_list(column.type) and not any(i is not None for v in values for i in v or ())
            out[name] = ("list" if void else word(column.type), [repr(value) for value in values])
    return out


@pytest.mark.parametrize("name", sorted(FORMATS))
@given(table=tables())
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_table_round_trips(name: str, table: pa.Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"events{FORMATS[name].suffixes[0]}"
        written(name, table, path)
        got, report = read(path)
    want = content(table)
    assert content(got) == want
    assert report.rejected_count == 0
    assert report.renamed == {}
    assert report.unparsed == {}
    assert report.overridden == {}
