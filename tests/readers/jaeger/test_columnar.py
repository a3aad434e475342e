"""The columnar parser of Jaeger documents: what it takes, and the same rows as the row-wise parser."""

import pytest

from obskit.readers.jaeger.columnar import JaegerTagSchema, parse_columns
from obskit.readers.spans import json_documents as documents
from obskit.schema import LoadReport
from tests.support.jaeger_json import START, answer, child_of, compact, dumped, span, tag, trace

KNOWN = [tag("http.status_code", 200), tag("cached", True)]


def parsed(document, known=KNOWN, write=compact):
    tags = JaegerTagSchema()
    tags.learn(known)
    return parse_columns(write(document), tags, LoadReport().file("x"))


def test_a_document_as_jaeger_writes_it_becomes_one_batch():
    logs = [{"timestamp": START + 5, "fields": [tag("event", "retry")]}]
    given = span("1", [tag("http.status_code", 503), tag("cached", False)], logs=logs)
    (batch,) = parsed(answer(trace(given, tags=[tag("host.name", "a")])))
    (row,) = batch.to_pylist()
    assert (row["http.status_code"], row["cached"], row["service.name"], row["host.name"]) == (
        *(503, False),
        *("front", "a"),
    )
    assert [event["name"] for event in row["events"]] == ["retry"]


def test_a_new_tag_is_added_to_the_schema():
    tags = JaegerTagSchema()
    tags.learn(KNOWN)
    document = compact(trace(span("1", [tag("new", 0.5)])))
    (batch,) = parse_columns(document, tags, LoadReport().file("x"))
    assert batch.column("new").to_pylist() == [0.5]
    assert "new#f" in tags.tags


@pytest.mark.parametrize(
    ("document", "known", "write"),
    [
        (trace(span()), [], compact),
        (trace(span()), KNOWN, dumped),
        (trace(span("1", [tag("cached", "yes", "bool")])), KNOWN, compact),
        (trace(span("1", [tag("cached", True), tag("cached", True)])), KNOWN, compact),
        (trace(span("1", [tag("x", 1), tag("x", "1")])), KNOWN, compact),
        (trace(span("1", [tag("x", 2**70, "float64")])), KNOWN, compact),
        (trace(span("")), KNOWN, compact),
        (trace(span(extra=1)), KNOWN, compact),
        (trace(span(logs=[0])), KNOWN, compact),
    ],
    ids=[
        "no tags yet",
        "spaces",
        "a value of another type",
        "a tag twice",
        "a tag of two types",
        "a large number",
        "a span without an id",
        "an unknown field",
        "a number instead of logs",
    ],
)
def test_any_other_document_is_left_to_the_rowwise_parser(document, known, write):
    assert parsed(document, known, write) is None


def big(count=400):
    """Traces as Jaeger writes them, with every case that the columnar parser handles."""
    traces = []
    for n in range(0, count, 4):
        spans = [
            span(
                f"{n + i + 1:x}",
                [tag("span.kind", "server"), tag("n", n), tag("ratio", n / 8), tag("flag", n % 8 == 0)]
                + ([tag("error", True)] if n % 12 == 0 else [])
                + ([tag("rare", "x")] if n % 100 == 0 else []),
                [child_of(f"{n + i:x}")] if i else [],
                startTime=START + n,
                processID="p1" if i % 2 else "p2",
                logs=[{"timestamp": START, "fields": [tag("event", "e"), tag("k", i)]}]
                if n % 16 == 0
                else [],
                warnings=["late"] if n % 40 == 0 else None,
            )
            for i in range(4)
        ]
        spans[3]["references"].append(child_of("1", kind="FOLLOWS_FROM"))
        one = trace(*spans, tags=[tag("host.name", "a"), tag("n.host", 1)])
        one["processes"]["p2"] = {"serviceName": "back", "tags": [tag("host.name", f"b{n % 3}")]}
        traces.append(one)
    return answer(*traces)


@pytest.mark.parametrize("form", ["answer", "traces", "a trace per line"])
def test_both_parsers_give_the_same(read, monkeypatch, form):
    document = big()
    data = {
        "answer": compact(document),
        "traces": compact(document["data"]),
        "a trace per line": b"\n".join(map(compact, document["data"])),
    }[form]
    monkeypatch.setattr(documents, "PIECE", 20_000)
    monkeypatch.setattr(documents.SpanFormat, "piece_size", 20_000)
    by_columns = []
    read_columns = documents.SpanFormat.read_columns

    def counted(self, data):
        batches = read_columns(self, data)
        by_columns.append(batches is not None)
        return batches

    monkeypatch.setattr(documents.SpanFormat, "read_columns", counted)
    one = read(data)
    assert sum(by_columns) >= (3 if form != "a trace per line" else 0)
    monkeypatch.setattr(documents.SpanFormat, "read_columns", lambda self, data: None)
    other = read(data)
    assert one.rows == other.rows
    assert one.types == other.types
    assert one.report.to_dict() == other.report.to_dict()
    assert len(one.rows) == 400
