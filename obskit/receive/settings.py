"""Settings of a receiver: where to listen, where to write, and its limits."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from obskit.errors import InvalidArgument
from obskit.receive.hosts import HostRule, is_loopback

MIB = 1024 * 1024
TOKEN_VARIABLE = "OBSKIT_RECEIVE_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class Limits:
    """Bounds in bytes, seconds and counts.

    Attributes:
        request: bytes of one request, both as sent and decompressed.
        flight: bytes of all request bodies in memory; above it senders have to try later.
        json_objects: bytes of memory for the parsed objects of one JSON request, estimated.
        requests: requests whose bodies are read over HTTP at once; `connections`, open ones.
        peer: open HTTP connections from one address of another machine.
        pace: bytes per second below which a request is slow: at a limit it gives way to a new one.
        calls: gRPC calls whose message may be read at once; `waiting`, how many may wait for that.
        header, body, stall, idle: seconds for the headers of a request, for its body, between two pieces
            of the body, and between two requests.
        grace: seconds that requests in flight have at the end.
        free: bytes that stay free on the disk.
        segment: bytes after which a segment is closed before its hour is over.
        linger: seconds that a segment stays next to the Parquet that replaces it, for readers that listed it.
    """

    request: int = 64 * MIB
    flight: int = 80 * MIB
    json_objects: int = 64 * MIB
    requests: int = 64
    connections: int = 256
    peer: int = 128
    pace: int = 8 * 1024
    calls: int = 1
    waiting: int = 64
    header: float = 10.0
    body: float = 60.0
    stall: float = 10.0
    idle: float = 75.0
    grace: float = 10.0
    free: int = 256 * MIB
    segment: int = 256 * MIB
    linger: float = 60.0


@dataclass(frozen=True)
class Settings:
    """Where a receiver listens and writes.

    Attributes:
        into: the folder to write to; created if it does not exist, for its owner only.
        http, grpc: ports; 0 is any free port, None turns the protocol off.
        grpc_required: whether to fail, rather than do without gRPC, if its package is missing.
        host: the address to listen on.
        token: senders must send it as `Authorization: Bearer ...`; None requires no token.
        allow_hosts: further names and addresses that requests may have as `Host`. A receiver on loopback
            accepts loopback names and these; another one accepts any name if there are none.
    Raises:
        InvalidArgument: no protocol is on, a port is out of range, a name is malformed, or others could send
            without a token.
    """

    into: Path
    http: int | None = 4318
    grpc: int | None = 4317
    grpc_required: bool = False
    host: str = "127.0.0.1"
    token: str | None = field(default=None, repr=False)
    limits: Limits = Limits()
    allow_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.http is None and self.grpc is None:
            raise InvalidArgument("both HTTP and gRPC are off", hint="turn one on: --http 4318")
        for port in (self.http, self.grpc):
            if port is not None and not 0 <= port < 65_536:
                raise InvalidArgument(
                    f"a port must be 0 to 65535, got {port}", hint="use 0 for any free port"
                )
        require_token(self.host, self.token, "write events")
        self.host_rule()

    def host_rule(self) -> HostRule:
        """Return which names requests may have as `Host`.

        Returns:
            The rule for this address and these names.

        Raises:
            InvalidArgument: a name is malformed.
        """
        return HostRule.of(self.host, self.allow_hosts, "obskit receive")


def require_token(host: str, token: str | None, allowed: str) -> None:
    """Check that a server that other machines can reach has a token.

    Args:
        host: the address that it listens on.
        token: its token; None if it has none.
        allowed: what others could do without one, such as "write events".

    Raises:
        InvalidArgument: it has none.
    """
    if token is None and not is_loopback(host):
        raise InvalidArgument(
            f"listening on {host} lets anyone who can reach this machine {allowed}",
            hint="require a token: --token-file FILE",
        )


def read_token(file: str | None, variable: str = TOKEN_VARIABLE) -> str | None:
    """Return the token from a file, else from the environment, else None.

    Args:
        file: its path; None to use the environment variable.
        variable: the name of that variable.

    Returns:
        The token; None if there is neither a file nor a variable.

    Raises:
        InvalidArgument: the file cannot be read, or its content is not valid in a header.
    """
    if file is not None:
        where = f"the token file {file}"
        try:
            text = Path(file).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise InvalidArgument(
                f"{where} cannot be read: {why}", hint="write the token into it, on one line"
            ) from error
    else:
        where = variable
        found = os.environ.get(variable)
        if found is None:
            return None
        text = found
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidArgument(
            f"{where} does not contain a valid token",
            hint="use one line of printable ASCII without spaces, such as that of `openssl rand -hex 32`",
        )
    return token
