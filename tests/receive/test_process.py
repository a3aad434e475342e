"""`obskit receive` as a process of its own: killed, asked to end, called wrongly."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from obskit.cli import main
from obskit.errors import InvalidArgument
from obskit.events import load
from obskit.receive import Settings
from obskit.receive.settings import read_token
from tests.support.receive_harness import traces

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from obskit.cli import main; sys.exit(main(sys.argv[1:]))",
    *("receive", "--http", "0", "--grpc", "off"),
]


@contextlib.contextmanager
def receiving(folder: Path, *more: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A receiver, and its port; it is killed at the end if it is still there."""
    process = subprocess.Popen(
        [*COMMAND, "--into", str(folder), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        said = ""
        for line in process.stderr or ():
            said += line
            if line.startswith("writing to"):
                break
        else:
            pytest.fail(said)
        first = said.splitlines()[0]
        yield process, int(first.split()[2].rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


def post(port: int, body: bytes, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        kind = {"content-type": "application/x-protobuf", **headers}
        connection.request("POST", "/v1/traces", body, kind)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def test_what_was_acknowledged_outlives_a_kill(tmp_path):
    """Four senders at once, kill -9 in the midst: every span that was acknowledged is there, then and after
    another receiver has put the folder right."""
    acknowledged: list[str] = []
    enough = threading.Event()
    with receiving(tmp_path / "events") as (process, port):

        def send(sender: int) -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                for number in range(100_000):
                    names = [f"{sender} {number} {i}" for i in range(20)]
                    if post(port, traces(*names, size=500).SerializeToString()) == 200:
                        acknowledged.extend(names)
                    if len(acknowledged) > 1000:
                        enough.set()

        threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        process.kill()
        for thread in threads:
            thread.join(30)
    assert len(acknowledged) > 1000
    first = set(load(tmp_path / "events").to_arrow(["name"])["name"].to_pylist())
    assert set(acknowledged) <= first
    with receiving(tmp_path / "events") as (process, port):
        assert post(port, traces("after").SerializeToString()) == 200
    again = load(tmp_path / "events")
    assert again.load_report.rejected_count == 0
    found = again.to_arrow(["name"])["name"].to_pylist()
    assert set(acknowledged) | {"after"} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_a_summary(tmp_path, number):
    with receiving(tmp_path / "events") as (process, port):
        assert post(port, traces("a", "b").SerializeToString()) == 200
        assert post(port, b"\x0a\xff") == 400
        process.send_signal(number)
        out, said = process.communicate(timeout=20)
        assert process.returncode == 0
    assert out == (
        "received 2 spans and 0 log records in 1 request; refused requests: 1 with 400\n"
        f"next: obskit triage {tmp_path / 'events'}\n"
    )
    assert said == "refused a request (400): the body is not an OTLP/protobuf export request for traces\n"
    assert load(tmp_path / "events").dataset.rows == 2


def test_the_token_of_the_environment(tmp_path):
    with receiving(tmp_path / "events", OBSKIT_RECEIVE_TOKEN="t0ken") as (process, port):
        assert post(port, b"") == 401
        assert post(port, b"", authorization="Bearer t0ken") == 200
        process.terminate()
        out, said = process.communicate(timeout=20)
    assert "t0ken" not in out + said


def test_hosts_and_connections_per_address_are_options(tmp_path):
    more = (
        "--allow-host",
        "host.docker.internal",
        "--allow-host",
        "collector",
        "--connections-per-address",
        "3",
    )
    with receiving(tmp_path / "events", *more) as (process, port):
        body = traces("a").SerializeToString()
        for host in ("host.docker.internal:4318", "collector", "localhost:1"):
            assert post(port, body, host=host) == 200
        assert post(port, body, host="evil.example") == 403
        process.terminate()
        out, said = process.communicate(timeout=20)
    assert out.startswith("received 3 spans and 0 log records in 3 requests; refused requests: 1 with 403\n")
    assert "start obskit receive with --allow-host NAME\n" in said


def test_options_become_settings(tmp_path, monkeypatch):
    given: list[Settings] = []
    monkeypatch.setattr("obskit.cli.receive.run", lambda settings, say: given.append(settings) or "done")
    words = ["receive", "--into", str(tmp_path / "events")]
    assert main(words) == 0
    assert main([*words, "--allow-host", "a", "--allow-host", "b", "--connections-per-address", "3"]) == 0
    assert [(s.allow_hosts, s.limits.peer) for s in given] == [((), 128), (("a", "b"), 3)]


def test_a_second_receiver_is_refused(tmp_path, capfd):
    with receiving(tmp_path / "events") as (process, _):
        assert main(["receive", "--into", str(tmp_path / "events"), "--http", "0", "--grpc", "off"]) == 2
        assert capfd.readouterr().err == (
            f"obskit: another receiver (process {process.pid}) is already writing to {tmp_path / 'events'}\n"
            "Hint: choose another folder: --into FOLDER\n"
        )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--host", "0.0.0.0"],
            "listening on 0.0.0.0 lets anyone who can reach this machine write events\n"
            "Hint: require a token: --token-file FILE",
        ),
        (
            ["--host", "example.org"],
            "listening on example.org lets anyone who can reach this machine write events\n"
            "Hint: require a token: --token-file FILE",
        ),
        (["--http", "x"], "--http must be a port or off, got 'x'\nHint: --http 4318, or --http off"),
        (["--grpc", "70000"], "a port must be 0 to 65535, got 70000\nHint: use 0 for any free port"),
        (
            ["--allow-host", "http://collector:4318"],
            "an allowed host must be a name or an address without scheme and port, got 'http://collector:4318'\n"
            "Hint: for example: --allow-host host.docker.internal",
        ),
        (
            ["--http", "off", "--grpc", "off"],
            "both HTTP and gRPC are off\nHint: turn one on: --http 4318",
        ),
    ],
)
def test_bad_calls(tmp_path, capfd, monkeypatch, words, said):
    monkeypatch.delenv("OBSKIT_RECEIVE_TOKEN", raising=False)
    assert main(["receive", "--into", str(tmp_path / "events"), *words]) == 2
    assert capfd.readouterr().err == f"obskit: {said}\n"
    assert not (tmp_path / "events").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_no_token(tmp_path, host):
    assert Settings(tmp_path, host=host).token is None


def test_tokens(tmp_path, monkeypatch):
    monkeypatch.delenv("OBSKIT_RECEIVE_TOKEN", raising=False)
    assert read_token(None) is None
    monkeypatch.setenv("OBSKIT_RECEIVE_TOKEN", " from-the-environment\n")
    assert read_token(None) == "from-the-environment"
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    assert read_token(str(file)) == "from-a-file"
    assert Settings(tmp_path, host="0.0.0.0", token=read_token(str(file))).token == "from-a-file"
    assert "from-a-file" not in repr(Settings(tmp_path, token="from-a-file"))
    hint = "\nHint: use one line of printable ASCII without spaces, such as that of `openssl rand -hex 32`"
    for text in ("", " \n", "two words", "a\nb", "é"):
        file.write_text(text)
        with pytest.raises(InvalidArgument) as caught:
            read_token(str(file))
        assert str(caught.value) == f"the token file {file} does not contain a valid token{hint}"
    monkeypatch.setenv("OBSKIT_RECEIVE_TOKEN", "")
    with pytest.raises(InvalidArgument) as caught:
        read_token(None)
    assert str(caught.value) == f"OBSKIT_RECEIVE_TOKEN does not contain a valid token{hint}"
    with pytest.raises(InvalidArgument) as caught:
        read_token(str(tmp_path / "none"))
    assert str(caught.value) == (
        f"the token file {tmp_path / 'none'} cannot be read: No such file or directory\n"
        "Hint: write the token into it, on one line"
    )


def test_http_alone_works_without_grpc(start, monkeypatch):
    """Where gRPC's package is not installed it is said, unless its port was asked for."""
    monkeypatch.setattr("obskit.receive.serve.AVAILABLE", False)
    monkeypatch.setattr("obskit.receive.rpc.grpc", None)
    receiver = start(grpc_if_there=True)
    assert "OTLP/gRPC is off: pip install 'obskit-notebook[receive-grpc]'" in receiver.said
    assert receiver.post(b"")[0] == 200
    receiver.stop()
    with pytest.raises(ImportError) as caught:
        start(grpc=0)
    assert str(caught.value) == (
        "obskit receive --grpc needs the extra 'receive-grpc'\nHint: pip install 'obskit-notebook[receive-grpc]'"
    )
