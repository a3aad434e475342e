"""The choice of a reader, and the same events in several formats."""

import dataclasses
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.errors import InvalidArgument, ReadError
from obskit.readers import Match, Reader
from obskit.readers import registry as registry_module
from obskit.readers.io.source import Source
from obskit.readers.registry import Registry
from obskit.schema import LoadReport, ReadOptions

EVENTS = [
    {
        "timestamp": "2026-05-04T10:00:00.000001Z",
        "duration_ms": 1.5,
        "name": "GET /book",
        "kind": "server",
        "trace_id": "5b8efff798038103d269b633813fc60c",
        "span_id": "eee19b7ec3c1b174",
        "status_code": "ERROR",
        "http.response.status_code": 503,
        "ok": True,
        "share": 0.25,
        "region": "eu, west",
    },
    {
        "timestamp": "2026-05-04T10:00:01.000000Z",
        "duration_ms": 2.0,
        "name": "GET /été",
        "kind": "client",
        "trace_id": "00000000000000000000000000000001",
        "span_id": "0000000000000002",
        "status_code": "UNSET",
        "http.response.status_code": 404,
        "ok": False,
        "share": 1.5,
        "region": "us",
    },
]


def as_otlp(event):
    typed = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    start = pa.array([event["timestamp"]]).cast(pa.timestamp("ns", "UTC")).cast(pa.int64())[0].as_py()
    return {
        "traceId": event["trace_id"].upper(),
        "spanId": event["span_id"],
        "name": event["name"],
        "kind": {"server": 2, "client": 3}[event["kind"]],
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(event["duration_ms"] * 1e6)),
        "status": {"code": {"ERROR": 2, "UNSET": 0}[event["status_code"]]},
        "attributes": [
            {"key": key, "value": {typed[type(event[key])]: event[key]}}
            for key in ("http.response.status_code", "ok", "share", "region")
        ],
    }


def table():
    return pa.Table.from_pylist(EVENTS)


def written(form: str) -> bytes:
    if form == "jsonl":
        return b"".join(json.dumps(event).encode() + b"\n" for event in EVENTS)
    if form == "otlp":
        return json.dumps(
            {"resourceSpans": [{"scopeSpans": [{"spans": [as_otlp(e) for e in EVENTS]}]}]}
        ).encode()
    sink = io.BytesIO()
    if form == "csv":
        names = list(EVENTS[0])
        rows = [",".join(f'"{event[name]}"' for name in names) for event in EVENTS]
        return "\n".join([",".join(names), *rows, ""]).encode()
    if form == "parquet":
        pq.write_table(table(), sink)
    else:
        with (pa.ipc.new_file if form == "arrow file" else pa.ipc.new_stream)(sink, table().schema) as writer:
            writer.write_table(table())
    return sink.getvalue()


FORMS = ["jsonl", "otlp", "csv", "parquet", "arrow file", "arrow stream"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", ["plain", "gzip", "zstd"])
def test_the_same_events_in_every_format(read, form, packed):
    pack = {
        "plain": bytes,
        "gzip": gzip.compress,
        "zstd": lambda d: pa.Codec("zstd").compress(d, asbytes=True),
    }
    got = read(pack[packed](written(form)), name="events.txt")
    wanted = [dict(event, error=event["status_code"] == "ERROR") for event in EVENTS]
    for row, want in zip(got.rows, wanted, strict=True):
        assert row.pop("timestamp").isoformat(timespec="microseconds") == want.pop("timestamp").replace(
            "Z", "+00:00"
        )
        assert row == want
    assert got.report.rejected_count == 0
    assert got.types["http.response.status_code"] == "int64"


def reader(name, suffixes, match):
    return Reader(name, suffixes, lambda head: match, lambda source, report, options: iter(()))


def test_the_best_match_wins_then_the_suffix_else_an_error_names_both(tmp_path):
    path = tmp_path / "a.two.gz"
    path.write_bytes(b"x")
    registry = Registry()
    one, two = reader("one", (".one",), Match.POSSIBLE), reader("two", (".two",), Match.POSSIBLE)
    registry.register(one)
    registry.register(two)
    registry.register(reader("no", (".gz",), Match.NO))
    assert registry.choose(Source(path)) is two
    other = path.rename(tmp_path / "a.txt")
    with pytest.raises(ReadError) as caught:
        registry.choose(Source(other))
    assert str(caught.value) == (
        f"{other} could be one or two, and its suffix does not decide\n"
        "Hint: rename the file; its suffix selects the reader: .one for one, .two for two"
    )
    registry.register(sure := reader("sure", (), Match.CERTAIN))
    assert registry.choose(Source(other)) is sure


def test_a_suffix_that_several_readers_have_is_not_suggested(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"x")
    registry = Registry()
    registry.register(reader("one", (".txt",), Match.CERTAIN))
    registry.register(reader("two", (".log", ".txt"), Match.CERTAIN))
    with pytest.raises(ReadError) as caught:
        registry.choose(Source(path))
    assert str(caught.value) == (
        f"{path} could be one or two, and its suffix does not decide\n"
        "Hint: rename the file; its suffix selects the reader: .log for two"
    )
    registry = Registry()
    registry.register(reader("one", (".txt",), Match.CERTAIN))
    registry.register(reader("two", (".txt",), Match.CERTAIN))
    with pytest.raises(ReadError) as caught:
        registry.choose(Source(path))
    assert caught.value.hint == "make `sniff` of one of these readers stricter"


def test_a_reader_may_claim_a_file_by_its_name(tmp_path):
    path = tmp_path / "a.segment"
    path.write_bytes(b"x")
    registry = Registry()
    registry.register(reader("sure", (), Match.CERTAIN))
    own = dataclasses.replace(reader("own", (), Match.NO), claims=lambda path: path.suffix == ".segment")
    registry.register(own)
    assert registry.choose(Source(path)) is own


def test_two_readers_cannot_have_one_name():
    registry = Registry()
    registry.register(reader("one", (), Match.NO))
    with pytest.raises(InvalidArgument) as caught:
        registry.register(reader("one", (".x",), Match.NO))
    assert str(caught.value) == (
        "another reader is already registered as 'one'\nHint: give your Reader another name"
    )


def test_readers_of_other_packages_are_found_by_entry_point(monkeypatch):
    class Entry:
        def load(self):
            return reader("theirs", (".t",), Match.CERTAIN)

    asked = []
    monkeypatch.setattr(registry_module, "entry_points", lambda group: asked.append(group) or [Entry()])
    registry = Registry()
    assert [found.name for found in registry.readers()] == ["theirs"]
    assert [found.name for found in registry.readers()] == ["theirs"]
    assert asked == ["obskit.readers"]


def keyword_only(source, report, *, mapping=None):
    yield pa.RecordBatch.from_pydict({"mapped": [str(mapping)]})


def positional(source, report, mapping):
    return keyword_only(source, report, mapping=mapping)


def with_options(source, report, options):
    return keyword_only(source, report, mapping=options.mapping)


class WithOptions:
    def read(self, source, report, options):
        return keyword_only(source, report, mapping=options.mapping)


@pytest.mark.parametrize("read", [keyword_only, positional, with_options, WithOptions().read])
def test_a_reader_takes_the_options_or_the_mapping_alone(tmp_path, read):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    reader = Reader("x", (), lambda _: Match.CERTAIN, read)
    mapping = {"name": "op"}
    (batch,) = reader.read(Source(path), LoadReport().file(path), ReadOptions(mapping=mapping))
    assert batch.to_pylist() == [{"mapped": str(mapping)}]


def test_the_same_reader_can_be_registered_twice():
    registry = Registry()
    for _ in range(2):
        registry.register(Reader("x", (), sniffed, keyword_only))
    assert [reader.name for reader in registry.readers()] == ["x"]


def sniffed(head):
    return Match.NO
