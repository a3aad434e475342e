"""Bad input from end to end: the command as typed, its exit status, and its whole output.

Status 0: an answer, with rejected rows counted; 1: bad data; 2: wrong arguments.
"""

from __future__ import annotations

import errno
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import obskit as ok
from obskit.cli import main
from obskit.cli.terminal import Progress
from obskit.dataset import parts

ROWS = 300
SQL = '"; drop table events; --'
Said = tuple[int, str, str]


def row(i: int, **fields: Any) -> str:
    event = {
        "timestamp": f"2026-05-04T10:{i // 60:02d}:{i % 60:02d}Z",
        "duration_ms": float(i % 50),
        "name": "GET",
        "kind": "server",
    }
    return json.dumps(event | fields) + "\n"


GOOD = "".join(row(i, v="b" if i % 5 == 0 else "a") for i in range(ROWS)).encode()
TABLE = """\
300 events from 2026-05-04T10:00:00Z to 2026-05-04T10:04:59Z

field        type    fill  values  top
───────────  ──────  ────  ──────  ───────────────────────────────────────────
timestamp    time    100%       -  2026-05-04T10:00:00Z … 2026-05-04T10:04:59Z
duration_ms  float   100%       -  0 ms … 24 ms … 49 ms
name         string  100%       1  GET 100%
error        bool    100%       1  false 100%
kind         string  100%       1  server 100%
v            string  100%       2  a 80.0%, b 20.0%
"""


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def say(*words: object) -> Said:
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return say


def file(folder: Path, data: bytes | str, name: str = "a.jsonl") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    ("data", "name", "what", "hint"),
    [
        (b"", "e.jsonl", "is empty", "it may be truncated: a file needs at least one event"),
        (
            b"hello\nworld\n",
            "x.txt",
            "cannot be read as events: it looks like plain text: line 1 is neither JSON, nor a header of CSV, nor"
            " a log line of a known layout: 'hello'",
            "if these are access logs, give their layout: --log-format '%h %l %u %t \"%r\" %>s %b'",
        ),
        (
            b'{"a":1',
            "torn.jsonl",
            "has no line that is a JSON object (line 1, byte 0: torn: the file ends within the line)",
            "look at that line: the file may be truncated, or may not be JSON",
        ),
        (
            ("{" + ",".join(f'"f{i}":1' for i in range(1_000_000)) + "}\n").encode(),
            "wide.jsonl",
            None,
            'move ids from names into values: {"key": "user-17", "count": 3} instead of {"user-17": 3}',
        ),
    ],
    ids=["empty", "format", "torn only", "a million fields"],
)
def test_a_file_without_events_is_an_error(
    tmp_path: Path, say: Callable[..., Said], data: bytes, name: str, what: str | None, hint: str
) -> None:
    path = file(tmp_path, data, name)
    what = f"{path} {what}" if what else f"{path}: more than 20,000 distinct field names"
    assert say("info", path) == (1, "", f"obskit: {what}\nHint: {hint}\n")


def test_an_empty_folder_and_missing_paths_are_errors(
    tmp_path: Path, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.jsonl").mkdir()
    assert say("triage", tmp_path / "x.jsonl") == (
        1,
        "",
        f"obskit: the folder {tmp_path}/x.jsonl has no file to read\nHint: name a folder that holds events\n",
    )
    for given, what, hint in (
        (
            tmp_path / "nope",
            f"{tmp_path}/nope does not exist",
            f"check the path; the current folder is {tmp_path}",
        ),
        ("*.gz", "nothing matches *.gz", "check the pattern, and quote it in a shell"),
        ("", "the path is empty", "give a file, a folder or a pattern; '.' is the current folder"),
    ):
        assert say("info", given) == (2, "", f"obskit: {what}\nHint: {hint}\n")
    with pytest.raises(ok.NoSuchPath, match=r"^no path given\n"):
        ok.load([])


END = f"line {ROWS + 1}, byte {len(GOOD)}"


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (b'{"a":1,"b', "torn: the file ends within the line"),
        (b'{"a":"\xff"}\n', "not UTF-8"),
        (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}\n", "nested deeper than 64 levels"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"\n", "nested deeper than 64 levels"),
        (b'{"a":"' + b"x" * 50_000_000 + b'"}\n', "a line of more than 16 MiB"),
    ],
    ids=["torn", "utf-8", "lists", "objects", "50 MB"],
)
def test_a_rejected_line_is_reported_with_its_position(
    tmp_path: Path, say: Callable[..., Said], tail: bytes, reason: str
) -> None:
    path = file(tmp_path, GOOD + tail)
    status, out, err = say("info", path)
    assert (status, err) == (0, "")
    assert out.startswith(TABLE)
    assert out.endswith(f"300 rows read, 1 rejected\nrejected 1: {reason} (first: {path}, {END})\n")


def test_a_truncated_gzip_gives_the_rows_before_it_breaks_off(
    tmp_path: Path, say: Callable[..., Said]
) -> None:
    path = file(tmp_path, gzip.compress(GOOD * 20)[:-300], "a.jsonl.gz")
    events = ok.load(path)
    rows = events.dataset.rows
    assert 5_000 < rows < 6_000
    assert (GOOD * 20).decode().splitlines()[rows - 1] == row(
        (rows - 1) % 300, v="b" if (rows - 1) % 5 == 0 else "a"
    )[:-1]
    place = events.load_report.rejected[0].position
    status, out, _ = say("info", path)
    assert status == 0
    assert out.endswith(
        f"{rows:,} rows read, 1 rejected\nrejected 1: the gzip stream is cut off (first: {path}, {place})\n"
    )


def test_mixed_types_and_repeated_keys_are_reported(tmp_path: Path, say: Callable[..., Said]) -> None:
    values: list[Any] = [1, 1.5, "s", True, [1, 2]]
    lines = "".join(row(i, x=value) for i, value in enumerate(values)) + '{"x":"first","x":"last"}\n'
    path = file(tmp_path, lines)
    status, out, err = say("query", path, "count()", "--by", "x", "--order", "x", "--json")
    assert (status, err) == (0, "")
    assert [line["x"] for line in json.loads(out)["rows"]] == ["1", "1.5", "[1,2]", "last", "s", "true"]
    status, out, _ = say("info", path)
    assert status == 0
    assert "\nx had two values in 1 row: kept one\n" in out
    assert "\nconverted x from bool, float, int, list, string to string in 4 rows\n" in out


def test_nan_and_infinities_do_not_break_json(tmp_path: Path, say: Callable[..., Said]) -> None:
    odd = "".join(row(300 + i, duration_ms=float(x)) for i, x in enumerate(("nan", "inf", "-inf")))
    path = file(tmp_path, GOOD + odd.encode())
    status, out, _ = say("query", path, "count()", "p50(duration_ms)", "avg(duration_ms)", "max(duration_ms)")
    assert (status, out.splitlines()[2].split()) == (0, ["303", "24", "ms", "NaN", "NaN"])
    for words in (
        ["query", path, "avg(duration_ms)", "max(duration_ms)"],
        ["explain", path, "--select", "duration_ms > 45"],
        ["triage", path],
        ["info", path],
    ):
        status, out, err = say(*words, "--json")
        assert (status, err) == (0, "")
        json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_a_span_of_infinite_duration_in_a_trace(tmp_path: Path, say: Callable[..., Said]) -> None:
    lengths = ("nan", "inf", "-inf", "1e308", "-5", "20")
    path = file(
        tmp_path,
        "".join(
            row(0, trace_id="ab", span_id=f"{i:x}1", duration_ms=float(x)) for i, x in enumerate(lengths)
        ),
    )
    status, out, err = say("trace", path, "ab")
    assert (status, err) == (0, "")
    shown = [line.split()[1] for line in out.splitlines()[1:7]]
    assert shown == ["unknown", "unknown", "unknown", "2.78e+301", "unknown", "20"]
    ok.load(path).trace("ab").plot()


def test_dates_in_1601_and_9999(tmp_path: Path, say: Callable[..., Said]) -> None:
    path = file(
        tmp_path,
        GOOD
        + row(0, timestamp="1601-01-01T00:00:00Z").encode()
        + row(0, timestamp="9999-12-31T23:59:59Z").encode(),
    )
    status, out, _ = say("info", path)
    assert status == 0
    assert out.startswith(
        "look at this: 2 rows have times far from the rest (1601-01-01 and 9999-12-31): a clock was not set, or "
        "it is another kind of time. --between leaves them out\n"
        "302 events from 1601-01-01T00:00:00Z to 9999-12-31T23:59:59Z\n"
    )
    assert out.endswith("some timestamps are before 1970 or after 2100: a clock was not set, or is broken\n")
    assert say("query", path, "count()", "--every", "1m") == (
        1,
        "",
        "obskit: `every` makes 4,417,446,240 intervals; the limit is 1,000,000\nHint: use a longer `every`\n",
    )
    assert say("query", path, "count()", "--since", "30m")[1].splitlines()[2].strip() == "1"
    for words in (["triage", path], ["explain", path, "--select", "duration_ms > 45"]):
        assert say(*words)[0] == 0
    drawn = ok.load(path).heatmap()
    assert drawn.grid.sum() == 302 - drawn.apart["zero"]


def test_a_field_named_like_sql(tmp_path: Path, say: Callable[..., Said]) -> None:
    path = file(tmp_path, "".join(row(i, **{SQL: i % 3, "select": 2}) for i in range(ROWS)))
    named = '"' + SQL.replace('"', '""') + '"'
    status, out, err = say(
        "query", path, "count()", f"sum({named}) as s", "--by", SQL, "--where", f"{named} > 0"
    )
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()[2:4]] == [["1", "100", "100"], ["2", "100", "200"]]
    status, out, err = say("explain", path, "--select", f"{named} = 1")
    assert (status, err) == (0, "")
    assert out.startswith(f"100 events where {named} = 1\nagainst 200 events where not ({named} = 1)\n")


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (
            ["query", "--where", "duraton_ms > 5"],
            "no field is called 'duraton_ms'",
            "the nearest fields are duration_ms; if it is a value, put it in single quotes: 'duraton_ms'",
        ),
        (
            ["explain", "--select", "lenght(name) > 5"],
            "conditions have no function 'lenght'",
            "the nearest are length, len, strlen; all functions: abs, ceil, coalesce, contains, date_trunc, day, "
            "ends_with, floor, hour, isinf, isnan, json_extract_string, length, ln, lower, make_timestamptz, "
            "minute, regexp_extract, regexp_matches, regexp_replace, round, second, split_part, sqrt, "
            "starts_with, trim, upper, weekday",
        ),
        (
            ["query", "count()", "--by", "nmae"],
            "no field is called 'nmae'",
            "the nearest fields are name",
        ),
        (
            ["query", "count() as timestamp", "--every", "1m"],
            "with `every`, the column 'timestamp' holds the times",
            "name the calculation with `as`",
        ),
    ],
)
def test_an_unknown_field_or_function_exits_with_2(
    tmp_path: Path, say: Callable[..., Said], words: list[str], what: str, hint: str
) -> None:
    verb, *rest = words
    assert say(verb, file(tmp_path, GOOD), *rest) == (2, "", f"obskit: {what}\nHint: {hint}\n")


def test_an_empty_selection_or_baseline_is_an_error(tmp_path: Path, say: Callable[..., Said]) -> None:
    path = file(tmp_path, GOOD)
    assert say("explain", path, "--select", "duration_ms > 1e9") == (
        1,
        "",
        "obskit: the selection has no events\nHint: no compared event meets 'duration_ms > 1e9': widen the "
        "condition or the window of time; population='all' (--population all) also compares events that are not "
        "units of work\n",
    )
    assert say("explain", path, "--select", "duration_ms >= 0") == (
        1,
        "",
        "obskit: the baseline has no events\nHint: every compared event is selected: narrow the selection, or "
        "give a baseline\n",
    )
    status, _, err = say("explain", path, "--select", "duration_ms > 40", "--baseline", "duration_ms > 1e9")
    assert (status, err.splitlines()[0]) == (1, "obskit: the baseline has no events")
    assert say("impact", path, "--select", "duration_ms > 1e9", "--by", "v") == (
        1,
        "",
        "obskit: the selection is empty: duration_ms > 1e9 is true for none of 300 rows\n"
        "Hint: choose a condition that some rows meet; fields() and info show the values of a field; "
        "population='all' also counts rows that are not units of work\n",
    )
    for verb in ("query", "info"):
        assert say(verb, path, "--where", "duration_ms > 1e9") == (
            1,
            "",
            "obskit: none of 300 rows matches duration_ms > 1e9\n"
            "Hint: obskit info PATH lists the fields, their most common values and the time range\n",
        )
    status, out, _ = say("query", path, "--by", "v", "--having", '"count()" > 1000')
    assert (status, out.splitlines()[0]) == (0, "v  count()"), "no groups are a valid answer"


def test_a_full_disk(tmp_path: Path, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    path, out = file(tmp_path, GOOD), tmp_path / "out"
    monkeypatch.setattr(parts, "_Hashing", full)
    assert say("convert", path, "--out", out) == (
        1,
        "",
        f"obskit: no space left to write the Dataset to {tmp_path}\n"
        "Hint: free disk space, or write to another disk (obskit convert --out, OBSKIT_CACHE)\n",
    )
    assert list(tmp_path.iterdir()) == [path], "nothing is left behind"
    monkeypatch.undo()
    assert say("convert", path, "--out", out)[0] == 0


def test_an_interrupted_conversion(
    tmp_path: Path, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    path, out = file(tmp_path, GOOD), tmp_path / "out"
    monkeypatch.setattr(Progress, "__call__", interrupt)
    assert say("convert", path, "--out", out) == (130, "", "obskit: interrupted\n")
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    assert say("convert", path, "--out", out)[0] == 0
    assert say("info", out)[1].startswith(TABLE)


def test_a_dataset_and_a_cache_of_another_version(tmp_path: Path, say: Callable[..., Said]) -> None:
    path, out = file(tmp_path, GOOD), tmp_path / "out"
    assert say("convert", path, "--out", out)[0] == 0
    for data in (out, ok.load(path).dataset.path):
        manifest = json.loads((data / "obskit.json").read_text())
        (data / "obskit.json").write_text(json.dumps(manifest | {"format": 99}))
    assert say("info", out) == (
        1,
        "",
        f"obskit: {out}/obskit.json has format 99, but this version of obskit reads formats 1 and 2\n"
        "Hint: convert the source again with this version, or open it with the version that wrote it\n",
    )
    status, shown, _ = say("info", path)
    assert (status, shown.startswith(TABLE)) == (0, True), "the cache entry is made again"
    shutil.rmtree(ok.load(path).dataset.path)
    assert say("info", path)[0] == 0, "and so is a deleted one"


def test_a_cluster_that_is_a_list(tmp_path: Path, say: Callable[..., Said]) -> None:
    path = file(tmp_path, "".join(row(i, tags=["a", "b"][: i % 3]) for i in range(ROWS)))
    assert say("explain", path, "--select", "duration_ms > 40", "--cluster", "tags") == (
        2,
        "",
        "obskit: cluster must be a field with one value per event, got 'tags', which is a list\n"
        "Hint: use a field with one value per event, such as trace_id\n",
    )
