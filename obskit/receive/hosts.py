"""Which names a request may have in its `Host` header.

A web page can make a browser connect to 127.0.0.1 if its own domain resolves to that address (DNS rebinding).
The browser then sends the domain as `Host`, so a receiver that answers only to known names is out of reach.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from obskit.errors import InvalidArgument
from obskit.receive.refusal import Refused

_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
MALFORMED = "the Host header is not a host name or address with an optional port"
UNKNOWN = (
    "the Host header is not localhost or a loopback address; "
    "to accept another name, start {command} with --allow-host NAME"
)
RESTRICTED = "the Host header is not one of the names given with --allow-host, nor a loopback address"


@dataclass(frozen=True)
class HostRule:
    """The names that a server answers to; loopback names are always among them.

    Attributes:
        names: further names and addresses, as `normalize_host` returns them.
        loopback: whether the server listens on loopback only. If not, it needs a token, and answers to any
            name as long as `names` is empty.
        command: the command that starts the server, for errors.
    """

    names: frozenset[str]
    loopback: bool
    command: str = "obskit receive"

    @classmethod
    def of(cls, host: str, names: Iterable[str], command: str) -> HostRule:
        """Return the rule of a server.

        Args:
            host: the address that it listens on.
            names: further names and addresses, as they were given.
            command: the command that starts it.

        Returns:
            The rule.

        Raises:
            InvalidArgument: a name is malformed.
        """
        return cls(frozenset(normalize_host(name) for name in names), is_loopback(host), command)

    def check(self, host: str) -> None:
        """Check the value of a `Host` header.

        Args:
            host: such as `localhost:4318`. Any port is accepted: a forwarded port has another number.

        Raises:
            Refused: it is malformed (400) or another name (403).
        """
        found = _HOST.fullmatch(host)
        name = found and _normalized(found["name"])
        if not name:
            raise Refused(400, MALFORMED)
        if is_loopback(name) or name in self.names:
            return
        if self.loopback:
            raise Refused(403, UNKNOWN.format(command=self.command))
        if self.names:
            raise Refused(403, RESTRICTED)


def normalize_host(text: str) -> str:
    """Return a name for `HostRule`: lower case, without brackets and without a dot at the end.

    Args:
        text: a host name or an address, without a port.

    Returns:
        The normalized name.

    Raises:
        InvalidArgument: it is neither.
    """
    bare = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    found = _HOST.fullmatch(bare)
    name = _normalized(found["name"]) if found and found["name"] == bare else None
    if name is None:
        raise InvalidArgument(
            f"an allowed host must be a name or an address without scheme and port, got {text!r}",
            hint="for example: --allow-host host.docker.internal",
        )
    return name


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _normalized(name: str) -> str | None:
    if name.startswith("["):
        try:
            return str(ipaddress.IPv6Address(name[1:-1]))
        except ValueError:
            return None
    lower = name.lower().removesuffix(".")
    return lower if _NAME.fullmatch(lower) else None
