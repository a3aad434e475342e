"""The names that a receiver answers to."""

from __future__ import annotations

import pytest

from obskit.errors import InvalidArgument
from obskit.receive.hosts import MALFORMED, RESTRICTED, UNKNOWN, HostRule, normalize_host
from obskit.receive.refusal import Refused

LOOPBACK = [
    "localhost",
    "localhost:4318",
    "localhost:1",  # a forwarded port
    "LocalHost.",
    "127.0.0.1",
    "127.0.0.1:4318",
    "127.9.9.9",
    "[::1]",
    "[::1]:4318",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]:4318",
]
OTHERS = [
    "example.org",
    "example.org:4318",
    "localhost.example.org",
    "sub.localhost",  # some resolvers ask DNS for it
    "127.0.0.1.example.org",
    "0.0.0.0",
    "10.0.0.1",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "[::]",
    "[fe80::1]",
    "host.docker.internal:4318",
    "my_service",
]
ODD = [
    "",
    ":4318",
    "localhost:",
    "localhost:x",
    "localhost:123456",
    "localhost:1:2",
    "localhost, localhost",
    "localhost localhost",
    "user@localhost",
    "localhost/",
    "localhost#@example.org",
    "localhost\\",
    "::1",
    "[::1",
    "[::1%25lo]",
    "[::1%lo]",
    "[localhost]",
    "[1:2]",
    "localhost..",
    "a..b",
    "ｌocalhost",
    "%6cocalhost",
    "*",
]


OTHER_NAME = UNKNOWN.format(command="obskit receive")


def refusal(rule: HostRule, host: str) -> tuple[int, str] | None:
    try:
        rule.check(host)
    except Refused as refused:
        return refused.status, refused.text
    return None


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_names_are_accepted(host):
    assert refusal(HostRule(frozenset(), loopback=True), host) is None
    assert refusal(HostRule(frozenset({"x"}), loopback=False), host) is None


@pytest.mark.parametrize("host", OTHERS)
def test_other_names_are_refused_on_loopback(host):
    assert refusal(HostRule(frozenset(), loopback=True), host) == (403, OTHER_NAME)
    assert refusal(HostRule(frozenset({"x"}), loopback=True), host) == (403, OTHER_NAME)


@pytest.mark.parametrize("host", OTHERS)
def test_beyond_loopback_names_are_free_unless_some_are_given(host):
    assert refusal(HostRule(frozenset(), loopback=False), host) is None
    assert refusal(HostRule(frozenset({"x"}), loopback=False), host) == (403, RESTRICTED)


@pytest.mark.parametrize("loopback", [True, False])
@pytest.mark.parametrize("host", ODD)
def test_odd_hosts_are_malformed_everywhere(host, loopback):
    assert refusal(HostRule(frozenset({"localhost"}), loopback=loopback), host) == (400, MALFORMED)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("host.docker.internal", "host.docker.internal:4318"),
        ("Host.Docker.Internal.", "HOST.docker.internal"),
        ("sub.localhost", "sub.localhost"),
        ("172.17.0.1", "172.17.0.1:4318"),
        ("fe80::1", "[FE80:0::1]:4318"),
        ("[fe80::1]", "[fe80::1]"),
        ("my_service", "my_service"),
    ],
)
def test_given_names_are_accepted(given, sent):
    assert refusal(HostRule(frozenset({normalize_host(given)}), loopback=True), sent) is None
    assert refusal(HostRule(frozenset(), loopback=True), sent) == (403, OTHER_NAME)


@pytest.mark.parametrize(
    "given", ["", "*", "*.example.org", "http://x", "x:4318", "[::1]:4318", "a b", "1:2:x"]
)
def test_what_is_no_name_is_not_allowed(given):
    with pytest.raises(InvalidArgument) as caught:
        normalize_host(given)
    assert str(caught.value) == (
        f"an allowed host must be a name or an address without scheme and port, got {given!r}\n"
        "Hint: for example: --allow-host host.docker.internal"
    )
