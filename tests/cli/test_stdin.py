"""`-` is stdin in every command that takes paths."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from obskit.cli import main
from obskit.cli.lab import _lasting

ROWS = [
    {
        "timestamp": f"2026-05-04T10:{i // 10:02d}:{i % 10:02d}Z",
        "duration_ms": 600.0 if i % 4 == 0 else 20.0,
        "name": "GET /book" if i % 2 == 0 else "GET /home",
        "kind": "server",
        "trace_id": f"{i + 1:032x}",
        "span_id": f"{i + 1:016x}",
        "user.id": f"u{i % 20}",
        "error": i % 4 == 0,
    }
    for i in range(200)
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The events, zipped, on stdin: they can be read once."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(gzip.compress(LINES))))


@pytest.mark.usefixtures("stdin")
@pytest.mark.parametrize(
    "words",
    [
        ("triage", "-"),
        ("info", "-"),
        ("query", "-", "count() as n"),
        ("explain", "-", "--select", "error"),
        ("impact", "-", "--select", "error"),
        ("trace", "-", f"{1:032x}"),
        ("convert", "-", "--out", "OUT"),
        ("convert", "-", "--out", "OUT.jsonl"),
    ],
    ids=lambda words: words[-1] if words[0] == "convert" else words[0],
)
def test_a_command_reads_stdin(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tuple(word.replace("OUT", str(tmp_path / "out")) for word in words)
    assert main(words) == 0, capsys.readouterr().err
    said = capsys.readouterr()
    assert said.err == ""
    assert len(said.out) > 20
    if words[0] == "query":
        assert said.out.split()[:3:2] == ["n", "200"]


@pytest.mark.usefixtures("stdin")
def test_lab_keeps_stdin_where_the_notebook_finds_it(tmp_path: Path) -> None:
    (kept,) = _lasting(["-"])
    assert gzip.decompress(Path(kept).read_bytes()) == LINES
    assert _lasting([str(tmp_path), "s3://bucket/a.jsonl"]) == [str(tmp_path), "s3://bucket/a.jsonl"]


def test_stdin_next_to_files_and_errors_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES)
    fed = SimpleNamespace(buffer=io.BytesIO(LINES + b"torn\n"), name="<stdin>")
    fed.buffer.name = "<stdin>"  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "stdin", fed)
    assert main(["query", "-", str(tmp_path / "a.jsonl"), "count() as n"]) == 0
    assert capsys.readouterr().out.split()[:3:2] == ["n", "400"]
    empty = io.BytesIO(b"")
    empty.name = "<stdin>"  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=empty))
    assert main(["info", "-"]) == 1
    assert capsys.readouterr().err == (
        "obskit: stdin is empty\nHint: it may be truncated: a file needs at least one event\n"
    )


def test_through_a_real_pipe() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from obskit.cli import main; raise SystemExit(main())",
            "query",
            "-",
            "--json",
        ],
        input=LINES,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == [{"count()": 200}]
