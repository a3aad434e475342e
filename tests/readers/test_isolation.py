"""A reader's fault costs the line or file that it happens in, for every reader.

A fault is an error that nobody thought of, so the tests plant one: each reader fails on bytes with a mark.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.errors import LimitExceeded, ReadError
from obskit.readers import REGISTRY, LineBlocks, Match, PreviewReader, Reader, read_paths
from obskit.readers import isolation as isolation_module
from obskit.readers.registry import Registry
from obskit.schema import LoadReport
from tests.support import otlp_requests as otlp
from tests.support.loaded import load_files

MARK = b"planted"
FAULTS: list[Exception] = [
    *(KeyError("x"), TypeError("x"), IndexError("x"), RecursionError("x"), OverflowError("x")),
    *(AttributeError("x"), UnicodeEncodeError("utf-8", "x", 0, 1, "x"), pa.ArrowInvalid("x")),
    *(pa.ArrowTypeError("x"), AssertionError("x"), ZeroDivisionError("x"), NotImplementedError("x")),
]


def fail_on_mark(reader: Reader, fault: BaseException, *, late: bool = False) -> Reader:
    """A reader that fails if what it reads has the mark; `late`: after the rows before the mark."""

    def read(source: Any, report: Any, options: Any) -> Iterator[pa.RecordBatch]:
        with source.stream() as stream:
            data = b"".join(iter(stream.piece, b""))
        if MARK in data:
            before = data[: data.rfind(b"\n", 0, data.index(MARK)) + 1]
            if late and before:
                yield from reader.read(isolation_module._Lines(source, before), report, options)
            raise fault
        yield from reader.read(source, report, options)

    return dataclasses.replace(reader, read=read)


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make all readers fail on the mark."""

    def plant(fault: BaseException, *, late: bool = False) -> None:
        real = REGISTRY.readers()
        monkeypatch.setattr(
            REGISTRY, "_readers", {reader.name: fail_on_mark(reader, fault, late=late) for reader in real}
        )

    return plant


def event(number: int, **more: Any) -> str:
    return json.dumps({"timestamp": f"2026-05-04T10:00:{number:02d}Z", "name": f"event {number}", **more})


def otlp_line(number: int, name: str = "ok") -> str:
    return json.dumps(otlp.request(otlp.span(number, name=name)))


def jaeger_line(number: int, name: str = "ok") -> str:
    return json.dumps(
        {"traceID": "ab", "spanID": f"{number + 1:x}", "operationName": name, "startTime": 1, "duration": 1}
    )


def zipkin_line(number: int, name: str = "ok") -> str:
    return json.dumps(
        {"traceId": "ab", "id": f"{number + 1:x}", "name": name, "kind": "SERVER", "timestamp": 1}
    )


def access_line(number: int, name: str = "ok") -> str:
    return f'10.0.0.1 - - [04/May/2026:10:00:{number:02d} +0000] "GET /{name} HTTP/1.1" 200 5 "-" "curl"'


def nginx_line(number: int, name: str = "ok") -> str:
    fields = {
        "time_iso8601": f"2026-05-04T10:00:{number:02d}+00:00",
        "request_uri": f"/{name}",
        "status": 200,
    }
    return json.dumps({**fields, "remote_addr": "10.0.0.1", "body_bytes_sent": 5})


def marker_line(number: int, name: str = "ok") -> str:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "/shop",
            "type": name,
            "time": f"2026-05-04T10:00:{number:02d}Z",
        }
    )


LINES: dict[str, Callable[..., str]] = {
    "flat JSONL": lambda number, name="ok": event(number, v=name),
    "OTLP JSON": otlp_line,
    "Jaeger": jaeger_line,
    "Zipkin": zipkin_line,
    "access log": access_line,
    "nginx JSON": nginx_line,
    "CloudEvents": marker_line,
}


def lines_of(format_name: str, *bad: int, count: int = 40) -> list[str]:
    make = LINES[format_name]
    return [make(number, MARK.decode() if number in bad else "ok") for number in range(count)]


@pytest.mark.parametrize("format_name", LINES)
@pytest.mark.parametrize("late", [False, True])
def test_a_fault_costs_the_line_that_it_happens_in(
    tmp_path: Path, plant: Callable[..., None], format_name: str, late: bool
) -> None:
    lines = lines_of(format_name, 7, 20, 39)
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines) + "\n")
    assert REGISTRY.choose(isolation_module.Source(path)).name == format_name
    plant(KeyError("x"), late=late)
    loaded = load_files(path)
    assert len(loaded.rows) == 37
    offsets = [sum(len(line) + 1 for line in lines[:number]) for number in (7, 20, 39)]
    assert loaded.reasons == [
        (f"line {number}, byte {offset}", "a fault in the reader (KeyError)")
        for number, offset in zip((8, 21, 40), offsets, strict=True)
    ]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_every_unexpected_error_is_a_fault(
    tmp_path: Path, plant: Callable[..., None], fault: Exception
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines_of("flat JSONL", 3)))
    plant(fault)
    loaded = load_files(path)
    assert len(loaded.rows) == 39
    assert loaded.report.rejected_by_reason == {f"a fault in the reader ({type(fault).__name__})": 1}


def write_csv(path: Path) -> None:
    path.write_text(
        "timestamp,v\n2026-05-04T10:00:00Z,a\n2026-05-04T10:00:01Z,planted\n2026-05-04T10:00:02Z,b\n"
    )


def write_parquet(path: Path) -> None:
    pq.write_table(
        pa.table({"timestamp": ["2026-05-04T10:00:00Z"], "v": ["planted"]}), path, compression="none"
    )


def write_document(path: Path) -> None:
    path.write_text(json.dumps(otlp.request(otlp.span(name="planted")), indent=1))


def write_protobuf(path: Path) -> None:
    path.write_bytes(otlp.fixed(otlp.protobuf(otlp.request(otlp.span(name="planted")))))


def test_a_row_of_a_table_in_text_is_a_line_too(tmp_path: Path, plant: Callable[..., None]) -> None:
    path = tmp_path / "a.csv"
    write_csv(path)
    plant(IndexError("x"))
    loaded = load_files(path)
    assert [row["v"] for row in loaded.rows] == ["a", "b"]
    assert loaded.reasons == [("line 3, byte 35", "a fault in the reader (IndexError)")]


@pytest.mark.parametrize("write", [write_parquet, write_document, write_protobuf])
def test_a_fault_in_another_file_costs_that_file(
    tmp_path: Path, plant: Callable[..., None], write: Callable[[Path], None]
) -> None:
    good, bad = tmp_path / "a.jsonl", tmp_path / "b"
    good.write_text(event(1) + "\n" + event(2))
    write(bad)
    plant(KeyError("x"))
    loaded = load_files(good, bad)
    assert len(loaded.rows) == 2
    assert [(r.file, r.position, r.reason) for r in loaded.report.rejected] == [
        (str(bad), "", "cannot be read: a fault in the reader (KeyError)")
    ]
    with pytest.raises(ReadError) as caught:
        load_files(bad)
    name = {write_parquet: "Parquet", write_document: "OTLP JSON", write_protobuf: "OTLP protobuf"}[write]
    assert str(caught.value) == (
        f"{bad} cannot be read: a fault in the reader (KeyError)\n"
        f"Hint: this is a bug of the reader of {name}: report it with a part of the file"
    )
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_file_of_faulty_lines_alone_is_an_error(tmp_path: Path, plant: Callable[..., None]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines_of("flat JSONL", 0, 1, count=2)))
    plant(KeyError("x"))
    with pytest.raises(ReadError, match=r"a fault in the reader \(KeyError\), first at line 1, byte 0"):
        load_files(path)


def test_what_else_was_rejected_is_counted_once(tmp_path: Path, plant: Callable[..., None]) -> None:
    lines = lines_of("flat JSONL", 30)
    lines[3] = '{"torn'
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(("\ufeff" + "\r\n".join(lines)).encode()))
    plant(KeyError("x"), late=True)
    loaded = load_files(path)
    assert len(loaded.rows) == 38
    assert [reason for _, reason in loaded.reasons] == ["not JSON", "a fault in the reader (KeyError)"]
    assert loaded.reasons[1][0] == f"line 31, byte {3 + sum(len(line) + 2 for line in lines[:30])}"


@pytest.mark.parametrize(
    "error", [MemoryError(), KeyboardInterrupt(), LimitExceeded("too much"), OSError(28, "No space left")]
)
def test_what_concerns_the_whole_run_is_no_fault(
    tmp_path: Path, plant: Callable[..., None], error: BaseException
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines_of("flat JSONL", 3)))
    plant(error)
    with pytest.raises(type(error)):
        load_files(path)


def test_a_reader_that_fails_only_on_lines_together_costs_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(source: Any, report: Any, _options: Any) -> Iterator[pa.RecordBatch]:
        with source.stream() as stream:
            for block in LineBlocks(stream, report):
                if len(list(block.lines())) > 1:
                    raise KeyError("x")
                yield pa.RecordBatch.from_pydict({"name": ["x"]})

    registry = Registry()
    registry.register(Reader("tally", (), lambda _head: Match.CERTAIN, read, lines="json"))
    monkeypatch.setattr(REGISTRY, "_readers", registry._readers)
    path = tmp_path / "a.tally"
    path.write_text("{}\n{}\n{}\n")
    with pytest.raises(ReadError, match=r"cannot be read: a fault in the reader \(KeyError\)\n"):
        list(read_paths([path], LoadReport()))


def test_too_many_faulty_lines_cost_the_file(
    tmp_path: Path, plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation_module, "MOST_LINES", 3)
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines_of("flat JSONL", 1, 2, 3, 4)))
    plant(KeyError("x"))
    with pytest.raises(ReadError, match="a fault in the reader"):
        load_files(path)


def test_a_preview_leaves_out_a_file_with_a_fault(tmp_path: Path, plant: Callable[..., None]) -> None:
    good, bad = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    good.write_text("\n".join(lines_of("flat JSONL")))
    bad.write_text("\n".join(lines_of("flat JSONL", 0)))
    plant(KeyError("x"))
    preview = PreviewReader([good, bad], rows=1_000, seconds=5.0)
    assert sum(batch.num_rows for batch in preview.batches()) == 40


def test_a_reader_whose_detection_fails_does_not_match(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sniff(_head: bytes) -> Match:
        raise KeyError("x")

    faulty = Reader("tally", (), sniff, lambda *_: iter(()))
    monkeypatch.setattr(REGISTRY, "_readers", {**REGISTRY._readers, "tally": faulty})
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines_of("flat JSONL")))
    assert len(load_files(path).rows) == 40
