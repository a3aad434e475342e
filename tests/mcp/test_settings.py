"""Where a server listens, and what it refuses to start with."""

from __future__ import annotations

import pytest

from obskit.errors import InvalidArgument
from obskit.mcp.settings import Address, Settings
from tests.support.mcp_harness import open_paths


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8765", Address("127.0.0.1", 8765)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:80", Address("::1", 80)),
        ("8765", Address("127.0.0.1", 8765)),
    ],
)
def test_an_address(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text", ["", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "http://127.0.0.1:80", ":80"]
)
def test_a_malformed_address(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Address.parse(text)
    assert str(caught.value) == f"--http must be ADDRESS:PORT, got {text!r}\nHint: --http 127.0.0.1:8765"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "[::]", "example.com"])
def test_an_address_that_others_can_reach(host: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Address.parse(f"{host}:8765")
    assert str(caught.value) == (
        f"--http must be a loopback address, got {host.strip('[]')}: others could read the events\n"
        "Hint: --http 127.0.0.1:8765; for another machine, forward the port with ssh -L"
    )


def test_events_from_stdin_are_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        Settings(["-"], open_paths)
    assert str(caught.value) == (
        "obskit mcp cannot read events from stdin, where its client talks to it\n"
        "Hint: write the events to a file and give its path"
    )


def test_the_token_is_not_in_the_repr() -> None:
    assert "s3cret" not in repr(Settings(["x"], open_paths, token="s3cret"))
