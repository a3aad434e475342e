"""The command `probe`: to a folder, to a pipe, to a terminal; ended by Ctrl-C; what it refuses."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from obskit.cli import main
from obskit.cli.probe import interval_seconds
from obskit.errors import InvalidArgument
from obskit.text import pluralize

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from obskit.cli import main; sys.exit(main(sys.argv[1:]))",
    "probe",
]


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on loopback that answers everything."""
    for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_events_go_to_a_pipe_and_the_summary_beside_it(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", url, "http://127.0.0.1:1/"]) == 0
    said = capfd.readouterr()
    events = [json.loads(line) for line in said.out.splitlines()]
    assert {event["url.full"] for event in events} == {url, "http://127.0.0.1:1/"}
    assert {event.get("error.type") for event in events} == {None, "CouldNotConnect"}
    assert f"{url}: 1 of 1 answered (1 x 200), median " in said.err
    assert "http://127.0.0.1:1/: 0 of 1 answered; CouldNotConnect 1\n" in said.err


def test_events_go_into_a_folder(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "probes"
    assert main(["probe", url, "--every", "100ms", "--count", "3", "--into", str(there)]) == 0
    said = capsys.readouterr()
    (path,) = there.iterdir()
    assert said.out.splitlines()[-1] == f"3 events in {path}"
    assert said.err == ""
    assert main(["query", str(there), "count()", "--by", "http.response.status_code", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [{"http.response.status_code": 200, "count()": 3}]


def test_without_an_end_ctrl_c_is_one(url: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, url, "--every", "100ms"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    events = [json.loads(line) for line in [*first, *rest.splitlines()]]
    n = len(events)
    assert said.startswith(f"{url}: {n} of {n} answered ({n} x 200), median ")
    assert "Traceback" not in said


def test_sigterm_ends_it_too(url: str, tmp_path: Path) -> None:
    words = [*COMMAND, url, "--every", "100ms", "--into", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not any(path.stat().st_size for path in tmp_path.iterdir()):
            assert process.poll() is None
        process.terminate()
        out, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    (path,) = tmp_path.iterdir()
    assert out.splitlines()[-1] == f"{pluralize(len(path.read_text().splitlines()), 'event')} in {path}"


def test_a_terminal_gets_lines_for_a_person(url: str) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([*COMMAND, url], stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        said = b""
        while b"answered" not in said:
            said += os.read(ours, 4096)
        process.communicate(timeout=20)
    os.close(ours)
    assert process.returncode == 0
    assert f"{url}" in said.decode()
    assert b"  200  " in said
    assert b"{" not in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["ftp://u:s3cr3t@h/"], "ftp://[redacted]@h/ is not an http or https URL"),
        (["http://h/", "--every", "often"], "--every must be an interval, got 'often'"),
        (["http://h/", "--every", "1ms"], "the interval must be at least 0.1 s, got 0.001 s"),
        (["http://h/\udcff"], "http://h/? is not a URL"),
    ],
)
def test_what_cannot_be_asked_is_2(words: list[str], why: str, capsys, tmp_path: Path) -> None:
    assert main(["probe", *words, "--into", str(tmp_path / "x")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"obskit: {why}")
    assert "s3cr3t" not in said.err


def test_a_folder_that_cannot_be_made_is_1(capsys, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main(["probe", "http://127.0.0.1:1/", "--into", str(tmp_path / "file")]) == 1
    assert "file" in capsys.readouterr().err


def test_stretches_of_time() -> None:
    assert [interval_seconds(text) for text in ("10s", "500ms", "1.5m", "2min", "1h")] == [
        10,
        0.5,
        90,
        120,
        3600,
    ]
    with pytest.raises(InvalidArgument):
        interval_seconds("10")
