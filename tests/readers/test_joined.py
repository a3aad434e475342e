"""Small files are read together, with the result that each would have by itself."""

from __future__ import annotations

import json

import pytest

from obskit.readers import REGISTRY, joined, read, read_paths
from obskit.readers.registry import Reader
from obskit.schema import LoadReport


def event(number: int, **more: object) -> str:
    return json.dumps({"timestamp": 1_777_888_800 + number, "name": f"{number}", **more}) + "\n"


def both_ways(folder, monkeypatch):
    """Return rows and report with small files joined, and without."""
    out = []
    for together in (True, False):
        if not together:
            monkeypatch.setattr(read, "group_of", lambda *_: None)
        report = LoadReport()
        rows = [row for batch in read_paths(sorted(folder.iterdir()), report) for row in batch.to_pylist()]
        rows = [{key: value for key, value in row.items() if value is not None} for row in rows]
        out.append((sorted(rows, key=str), sorted(map(str, report.rejected)), report.overridden))
    return out


def test_bad_lines_have_their_own_files_and_lines(tmp_path, monkeypatch):
    for number in range(20):
        (tmp_path / f"{number:02}.jsonl").write_text(event(number) + event(number + 50, extra=number % 3))
    (tmp_path / "03.jsonl").write_text(event(3) + "oops\n" + event(53))
    (tmp_path / "04.jsonl").write_text(event(4) + '{"name": "to')
    (tmp_path / "05.jsonl").write_text(event(5) + "[1]\n\n" + '{"a":1,"a":2}\n' + "[2]")
    (tmp_path / "06.jsonl").write_bytes(event(6).encode() + b'{"a":"\xff"}\n')
    (tmp_path / "07.jsonl").write_text(event(7) + '{"a":' + "[" * 200 + "]" * 200 + "}\n")
    (tmp_path / "08.jsonl").write_text("nothing\n")
    (tmp_path / "09.jsonl").write_text("")
    (tmp_path / "10.csv").write_text("name,took\na,1\nb,2\n")
    (tmp_path / "11.csv").write_text("name,took\nc,1,5\nd,2\n")
    (tmp_path / "12.csv").write_text('name,took\n"e\nf",2\n')
    together, alone = both_ways(tmp_path, monkeypatch)
    assert together == alone
    assert len(together[1]) == 8  # the empty file is skipped, with a note
    assert (
        f"{tmp_path}/04.jsonl, line 2, byte {len(event(4))}: torn: the file ends within the line"
        in together[1]
    )


def test_the_readers_are_called_once_for_many_files(tmp_path, monkeypatch):
    calls = []
    reader = joined.JSONL

    def counted(source, report, options):
        calls.append(source.path)
        yield from reader.read(source, report, options)

    counting = Reader(reader.name, reader.suffixes, reader.sniff, counted, lines="json")
    monkeypatch.setitem(REGISTRY._readers, reader.name, counting)
    monkeypatch.setattr(joined, "JSONL", counting)
    monkeypatch.setitem(joined._READERS, reader.name, counting)
    for number in range(300):
        (tmp_path / f"{number:03}.jsonl").write_text(event(number))
    report = LoadReport()
    assert sum(batch.num_rows for batch in read_paths(sorted(tmp_path.iterdir()), report)) == 300
    assert len(calls) == 1


@pytest.mark.parametrize(
    "other",
    [
        '{"resourceSpans": [], "name": "x"}\n',
        '{"timestamp": 1, "name": "x", "items": {"traceID": "1", "spanID": "2"}}\n',
        '{"timestamp": 1, "name": "deployment"}\n',
    ],
)
def test_a_remembered_first_line_decides_only_what_it_can(tmp_path, other):
    recognizer = joined.Recognizer()
    for number, text in enumerate([event(1) * 2, event(2) * 2, event(3) + other, other + event(3)]):
        path = tmp_path / f"{number}.jsonl"
        path.write_text(text)
        source = read.Source(path)
        assert recognizer.choose(source) is REGISTRY.choose(source)
