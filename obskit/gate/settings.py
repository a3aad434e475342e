"""Settings of the gate: where it listens, how often it judges, and when a verdict is too old."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from obskit.errors import InvalidArgument
from obskit.receive import Limits
from obskit.receive.hosts import HostRule
from obskit.receive.settings import require_token

TOKEN_VARIABLE = "OBSKIT_GATE_TOKEN"  # noqa: S105 - the name of a variable
LIMITS = Limits(request=64 * 1024, connections=64, peer=32, header=10.0, stall=10.0)
PATIENCE = 7.0
"""Seconds that a request waits for the first verdict: Argo Rollouts and Flagger give up after 10."""

LOOKS = 3
"""Looks after which the last verdict is too old to act on."""

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True)
class Address:
    """Where to listen; port 0 is any free port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that text such as `127.0.0.1:8911` or `[::1]:8911` names.

        Args:
            text: HOST:PORT.

        Returns:
            The address.

        Raises:
            InvalidArgument: it is malformed.
        """
        found = _ADDRESS.fullmatch(text)
        if found is None or int(found["port"]) > 65_535:
            raise InvalidArgument(
                f"--serve must be ADDRESS:PORT, got {text!r}", hint="--serve 127.0.0.1:8911"
            )
        return cls(found["host"].strip("[]"), int(found["port"]))


@dataclass(frozen=True)
class Settings:
    """Where a gate listens, and how it judges.

    Attributes:
        address: where to listen.
        every: time between two looks at the files.
        idle: a `pass` is not repeated if the candidate's newest request is older than this, or as far in the
            future; None repeats it anyway.
        token: requests must have it; None requires no token.
        allow_hosts: further names that requests may have as `Host`, as for `obskit receive`.
        limits: of connections, bytes and time.
        patience: seconds that a request waits for the first verdict.
    Raises:
        InvalidArgument: a time is not longer than 0, a name is malformed, or others could ask without a
            token.
    """

    address: Address
    every: timedelta = timedelta(minutes=1)
    idle: timedelta | None = timedelta(minutes=10)
    token: str | None = field(default=None, repr=False)
    allow_hosts: tuple[str, ...] = ()
    limits: Limits = LIMITS
    patience: float = PATIENCE

    def __post_init__(self) -> None:
        for option, value in (("--every", self.every), ("--idle", self.idle)):
            if value is not None and value <= timedelta(0):
                raise InvalidArgument(f"{option} must be longer than 0", hint=f"{option} 1m")
        require_token(self.address.host, self.token, "read verdicts")
        self.host_rule()

    def host_rule(self) -> HostRule:
        """Return which names requests may have as `Host`.

        Returns:
            The rule for this address and these names.

        Raises:
            InvalidArgument: a name is malformed.
        """
        return HostRule.of(self.address.host, self.allow_hosts, "obskit judge --serve")
