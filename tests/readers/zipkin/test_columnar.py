"""The columnar parser of Zipkin documents: what it takes, and the same rows as the row-wise parser."""

import pytest

from obskit.readers.spans import json_documents as documents
from obskit.readers.zipkin.columnar import ZipkinTagSchema, parse_columns
from tests.support.zipkin_json import START, dumped, span


def parsed(document, *known):
    tags = ZipkinTagSchema()
    tags.learn(dict.fromkeys(known, ""))
    return parse_columns(dumped(document), tags)


def test_a_list_of_spans_becomes_one_batch():
    (batch,) = parsed([span(tags={"n": "1"}), span(tags={"m": "2"})], "n")
    assert batch.column("n").to_pylist() == ["1", None]
    assert batch.column("m").to_pylist() == [None, "2"]
    assert batch.column("network.peer.port").to_pylist() == [9000, 9000]


@pytest.mark.parametrize(
    ("document", "known"),
    [
        ([span(tags={"n": "1"})], []),
        ([span(tags={"n": 1})], ["n"]),
        ([span(tags={"n": "1"}, extra=1)], ["n"]),
        ([span("", tags={"n": "1"})], ["n"]),
        ([span(tags={"name": "1", "attributes.name": "2"})], ["n"]),
        ([span(tags={"service.name": "1"})], ["n"]),
        ([], ["n"]),
    ],
    ids=[
        "no tags yet",
        "a tag that is not text",
        "an unknown field",
        "a span without an id",
        "two tags for one column",
        "a tag and an endpoint for one column",
        "no spans",
    ],
)
def test_any_other_document_is_left_to_the_rowwise_parser(document, known):
    assert parsed(document, *known) is None


def big(count=300):
    return [
        span(
            f"{n + 1:x}",
            kind=("CLIENT", "server", "NONE")[n % 3],
            tags={"n": str(n), "http.path": "/é", "name": "mine"} | ({"rare": "x"} if n % 90 == 0 else {}),
            annotations=[{"timestamp": START, "value": "é"}] if n % 5 == 0 else [],
            **({"shared": True} if n % 7 == 0 else {"debug": False}),
            **(
                {"timestamp": 0, "duration": None, "parentId": "", "localEndpoint": None}
                if n % 11 == 0
                else {}
            ),
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("form", ["list", "indented", "lines"])
def test_both_parsers_give_the_same(read, monkeypatch, form):
    data = {
        "list": dumped(big()),
        "indented": dumped(big(), indent=1),
        "lines": b"\n".join(map(dumped, big())),
    }[form]
    monkeypatch.setattr(documents, "PIECE", 20_000)
    by_columns = []
    read_columns = documents.SpanFormat.read_columns

    def counted(self, data):
        batches = read_columns(self, data)
        by_columns.append(batches is not None)
        return batches

    monkeypatch.setattr(documents.SpanFormat, "read_columns", counted)
    monkeypatch.setattr("obskit.readers.zipkin.reader.ZipkinFormat.piece_size", 10_000)
    one = read(data)
    assert any(by_columns)
    monkeypatch.setattr(documents.SpanFormat, "read_columns", lambda self, data: None)
    other = read(data)
    assert one.rows == other.rows
    assert one.types == other.types
    assert one.report.to_dict() == other.report.to_dict()
    assert len(one.rows) == 300
