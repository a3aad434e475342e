"""Settings of a server for agents: what it may read, and where it listens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from obskit.errors import InvalidArgument
from obskit.mcp.workspace import Opener
from obskit.receive.hosts import HostRule, is_loopback

TOKEN_VARIABLE = "OBSKIT_MCP_TOKEN"  # noqa: S105 - the name of a variable
_ADDRESS = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):)?(?P<port>[0-9]{1,5})")
_EXAMPLE = "--http 127.0.0.1:8765"


@dataclass(frozen=True)
class Address:
    """Where to listen: a loopback address, and a port; 0 is any free port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that text such as `127.0.0.1:8765`, `[::1]:8765` or `8765` names.

        Args:
            text: HOST:PORT, or a port on 127.0.0.1.

        Returns:
            The address.

        Raises:
            InvalidArgument: it is malformed, or reachable from other machines.
        """
        found = _ADDRESS.fullmatch(text)
        if found is None or int(found["port"]) > 65_535:
            raise InvalidArgument(f"--http must be ADDRESS:PORT, got {text!r}", hint=_EXAMPLE)
        host = (found["host"] or "127.0.0.1").strip("[]")
        if not is_loopback(host):
            raise InvalidArgument(
                f"--http must be a loopback address, got {host}: others could read the events",
                hint=f"{_EXAMPLE}; for another machine, forward the port with ssh -L",
            )
        return cls(host, int(found["port"]))


@dataclass(frozen=True)
class Settings:
    """What a server may read and where it listens.

    Attributes:
        paths: files, folders and patterns on this machine; nothing else is read.
        opener: loads them, or some of them.
        http: where to listen for streamable HTTP; None for stdin and stdout.
        token: clients must send it as `Authorization: Bearer ...`; None requires no token.
        allow_hosts: further names that requests may have as `Host`, besides loopback names.
    Raises:
        InvalidArgument: stdin is one of the paths, or a name is malformed.
    """

    paths: Sequence[str]
    opener: Opener
    http: Address | None = None
    token: str | None = field(default=None, repr=False)
    allow_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if "-" in self.paths:
            raise InvalidArgument(
                "obskit mcp cannot read events from stdin, where its client talks to it",
                hint="write the events to a file and give its path",
            )
        self.host_rule()

    def host_rule(self) -> HostRule:
        """Return which names requests may have as `Host`.

        Returns:
            The rule.

        Raises:
            InvalidArgument: a name is malformed.
        """
        return HostRule.of("localhost", self.allow_hosts, "obskit mcp")
