"""Who may send: requests as a rebound browser, a container and a proxy send them, over sockets."""

from __future__ import annotations

import json

import pytest

from obskit.receive import Settings, hosts
from obskit.receive.framing import parse_head
from obskit.receive.refusal import Refused
from obskit.receive.route import Router
from tests.support.receive_harness import JSON, as_json, kept, traces

UNKNOWN = hosts.UNKNOWN.format(command="obskit receive")
WEB_PAGE = "web pages cannot send to obskit receive; let them send to a Collector"


def post(
    start, path: str = "/v1/traces", head: str = "host: localhost", version: str = "1.1", **settings
) -> tuple[int, str]:
    """Send one span as JSON; return the status and the text of the refusal."""
    receiver = start(**settings)
    body = json.dumps(as_json("a")).encode()
    lines = [
        f"POST {path} HTTP/{version}",
        f"content-type: {JSON}",
        f"content-length: {len(body)}",
        "connection: close",
    ]
    answer = receiver.raw("\r\n".join([*lines, *head.splitlines(), "", ""]).encode() + body)
    first, _, content = answer.partition(b"\r\n\r\n")
    status = int(first.split()[1])
    receiver.stop()
    assert kept(receiver.folder) == (["a"] if status == 200 else [])
    for path in receiver.folder.glob("*.jsonl"):
        path.unlink()
    return status, json.loads(content).get("message", "")


def test_a_page_whose_domain_resolves_to_this_machine_cannot_write(start):
    rebound = "host: evil.example:4318\norigin: http://evil.example:4318"
    assert post(start, head=rebound) == (403, UNKNOWN)


def test_the_refusal_is_printed_and_names_the_option_but_not_the_sender(start):
    receiver = start()
    assert receiver.post(traces("a").SerializeToString(), host="evil.example")[0] == 403
    assert f"refused a request (403): {UNKNOWN}" in receiver.said
    assert "--allow-host NAME" in UNKNOWN
    assert "evil" not in "\n".join([*receiver.said, receiver.stop()])


@pytest.mark.parametrize("origin", ["http://localhost:4318", "null", "https://example.org", ""])
def test_browsers_are_refused_whatever_their_origin(start, origin):
    assert post(start, head=f"host: localhost\norigin: {origin}") == (403, WEB_PAGE)
    token = "host: localhost\nauthorization: Bearer t"
    assert post(start, head=f"{token}\norigin: {origin}", token="t") == (403, WEB_PAGE)
    assert post(start, head=token, token="t") == (200, "")


def test_an_allowed_host_is_accepted(start):
    docker = "host: host.docker.internal:4318"
    assert post(start, head=docker) == (403, UNKNOWN)
    assert post(start, head=docker, allow_hosts=("Host.Docker.Internal",)) == (200, "")
    assert post(start, head="host: 127.0.0.1:9", allow_hosts=("host.docker.internal",)) == (200, "")


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("", "the request has no Host header"),
        ("host: localhost\nhost: localhost", "the header host is given more than once"),
        ("host: localhost\nHost: evil.example", "the header host is given more than once"),
        ("host: user@localhost", "the Host header is not a host name or address with an optional port"),
        ("host:", "the Host header is not a host name or address with an optional port"),
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_request_has_one_valid_host(start, head, text, version):
    assert post(start, head=head, version=version) == (400, text)


@pytest.mark.parametrize(
    "path",
    [
        "http://localhost/v1/traces",
        "http://evil.example/v1/traces",
        "//localhost/v1/traces",
        "*",
        "v1/traces",
    ],
)
def test_the_target_is_a_path(start, path):
    status, _ = post(start, path=path)
    assert status == (404 if path.startswith("/") else 400)


def test_beyond_loopback_the_token_decides(tmp_path):
    """A name is checked there only if some are given."""

    def route(host: str, *allowed: str) -> int:
        settings = Settings(tmp_path, host="0.0.0.0", token="t", allow_hosts=allowed)
        router = Router(settings.host_rule(), "t", 1000)
        head = f"POST /v1/traces HTTP/1.1\r\nhost: {host}\r\ncontent-type: {JSON}\r\nauthorization: Bearer t\r\n\r\n"
        try:
            return 200 if router.route(parse_head(head.encode())).signal == "traces" else 0
        except Refused as refused:
            return refused.status

    assert route("receiver.example:4318") == 200
    assert route("receiver.example:4318", "receiver.example") == 200
    assert route("other.example:4318", "receiver.example") == 403
    assert route("127.0.0.1", "receiver.example") == 200
    assert route("user@receiver.example") == 400
