"""Lines of one format in a file of another: noted, never silent."""

import json

import pytest

from obskit.readers import REGISTRY, Source
from obskit.readers.foreign import formats_among
from tests.metamorphic.samples import samples
from tests.metamorphic.world import World

EVENT = '{"timestamp": "2026-05-04T10:00:00Z", "name": "book", "duration_ms": 2}\n'
MARKER = json.dumps(
    {
        "specversion": "1.0",
        "id": "41",
        "source": "/ci",
        "type": "shop.deployed",
        "time": "2026-05-04T10:00:00Z",
    }
)


def test_lines_of_another_format_are_noted_once(tmp_path, load):
    path = tmp_path / "events.jsonl"
    path.write_text(EVENT * 3 + (MARKER + "\n") * 3)
    loaded = load(path)
    assert len(loaded.rows) == 6
    assert loaded.report.notes == [
        "some lines look like CloudEvents, but are read by the reader for flat JSONL "
        f"(first in {path}): their times, durations and statuses may be missing; put them into a file of their own"
    ]


def test_small_files_that_are_read_together_are_looked_at_too(tmp_path, load):
    paths = [tmp_path / f"{n}.jsonl" for n in range(3)]
    for path in paths:
        path.write_text(EVENT + MARKER + "\n")
    notes = load(*paths).report.notes
    assert notes == [
        "some lines look like CloudEvents, but are read by the reader for flat JSONL "
        f"(first in 3 files from {paths[0]}): their times, durations and statuses may be missing; "
        "put them into a file of their own"
    ]


@pytest.mark.parametrize("sample", [one for one in samples() if one.shape != "binary"], ids=str)
def test_a_file_of_one_format_has_no_foreign_lines(sample, tmp_path, load):
    path = tmp_path / sample.file
    path.write_bytes(sample.write(World(4)))
    assert load(path).report.notes == []


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ([], []),
        (["timestamp", "name", "source", "type"], []),
        (["traceId", "id"], []),
        (["traceId", "localEndpoint", "time_total", "time_namelookup"], ["Zipkin", "curl"]),
        (["context.type", "subject.content"], ["CDEvents"]),
    ],
)
def test_only_all_names_of_a_mark_are_one(names, wanted):
    assert formats_among(names) == wanted


KNOWN = [
    one
    for one in samples()
    if one.shape == "lines" and one.file.endswith(("json", "jsonl", "curl")) and one.reader != "OTLP JSON"
]


@pytest.mark.parametrize("sample", KNOWN, ids=str)
@pytest.mark.parametrize(
    "before",
    [
        b"Picked up JAVA_TOOL_OPTIONS: -Xmx512m\n",
        b"==> app.log <==\n\n",
        b'ice":"gateway"}}\n',
        b"\xef\xbb\xbf",
    ],
    ids=["banner", "header of tail", "rest of a line", "byte order mark"],
)
def test_what_comes_before_the_first_object_does_not_hide_the_format(sample, before, tmp_path, load):
    path = tmp_path / "file.log"
    path.write_bytes(before + sample.write(World(6)))
    assert REGISTRY.choose(Source(path)).name == sample.reader
    loaded = load(path)
    assert len(loaded.rows) == 6
    assert loaded.report.rejected_count == before.endswith(b"\n")


def test_a_plain_event_between_honeycombs_keeps_its_ids(tmp_path, load):
    path = tmp_path / "mixed.jsonl"
    path.write_text(
        '{"time": "2026-05-04T10:00:00Z", "data": {"trace.trace_id": "aa", "name": "a", "trace_id": "own"}}\n'
        '{"timestamp": "2026-05-04T10:00:01Z", "trace_id": "bb", "span_id": "cc", "name": "b"}\n'
    )
    rows = load(path).rows
    assert [(row["trace_id"], row.get("attributes.trace_id")) for row in rows] == [
        ("aa", "own"),
        ("bb", None),
    ]
    assert rows[1]["span_id"] == "cc"
