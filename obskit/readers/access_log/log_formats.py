"""How the lines of access logs are laid out: one table, from which both ways of reading are made.

A layout is written as nginx writes its own: tokens with one space between, each bare (`$status`), in quotes
(`"$request"`) or in brackets. `[$clock]` is the time as Apache and nginx write it, with a space in it. The
names are of no dialect; what a field of the name means is told in `meaning`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

BARE, QUOTED, BRACKET, CLOCK = "bare", "quoted", "bracket", "clock"

_QUOTED = r'[^"\\]*(?:\\.[^"\\]*)*'
# 18 digits always fit into 64 bits.
_COUNT = r"\d{1,18}|-"
_SECONDS = r"\d{1,9}(?:\.\d{1,9})?|-"
COUNTS = frozenset(("size", "received", "sent", "duration", "upstream_time", "request_length"))
SECONDS = frozenset(("request_time", "upstream_response_time"))
LISTS = frozenset(("upstream_addr", "upstream_response_length", "upstream_response_time", "upstream_status"))
"""Fields with a value for each upstream that was tried, with `, ` or ` : ` between."""


def _list(one: str) -> str:
    return rf"(?:{one})(?:(?:,| :) (?:{one}))*"


PATTERNS = {
    # With its port, or a user's name of two words would make a vhost of the client.
    "vhost": r'(?:[^ ":]+|\[[^ "\]]+\]):\d{1,5}',
    "status": r"\d{3}",
    "code": r"\d{1,3}",
    **dict.fromkeys(COUNTS, _COUNT),
    "request_time": _SECONDS,
    "upstream_response_time": _list(_SECONDS),
    "upstream_response_length": _list(_COUNT),
    "upstream_status": _list(r"\d{1,3}|-"),
    # A comma at the end of a token means that the list goes on, so that there is one way to read it.
    "upstream_addr": r'[^ "]+(?:(?:(?<=,) | : )[^ "]+)*(?<!,)',
}
"""Field -> what stands in it, as a regular expression; fields that are not here take anything."""

CODES = {"status": 3, "code": 1}
"""Field -> the fewest digits that it has; three at most."""

_TOKEN = re.compile(r'^(?P<open>["\[]?)(?P<label>[a-z]+=)?(?P<quote>"?)\$(?P<name>[a-z_]+)["\]]?$')


@dataclass(frozen=True)
class Item:
    """One token of a line: the field that it holds, how it is enclosed, and what stands before it."""

    name: str
    style: str
    label: str = ""

    def pattern(self) -> str:
        """Return the token as a regular expression with the field as a named group."""
        inner = PATTERNS.get(self.name, r'[^ "]+')
        if self.style == CLOCK:
            return rf'\[(?P<{self.name}>[^\]"]{{1,40}})\]'
        if self.style == BRACKET:
            return rf'\[(?P<{self.name}>[^ "]*)\]'
        if self.style == QUOTED:
            inner = PATTERNS.get(self.name, _QUOTED)
            return rf'{self.label}"(?P<{self.name}>{inner})"'
        return rf"{self.label}(?P<{self.name}>{inner})"


@dataclass(frozen=True)
class Layout:
    """A kind of line.

    Attributes:
        name: as people call it.
        items: its tokens.
        pattern: the whole line as a regular expression over text.
        whole: whether blocks of such lines can be read at once; not where a token has a label before it.
    """

    name: str
    items: tuple[Item, ...]
    pattern: re.Pattern[str] = field(repr=False)
    whole: bool

    @property
    def quotes(self) -> int:
        """How many quotation marks a line has."""
        return 2 * sum(item.style == QUOTED for item in self.items)


def _layout(name: str, text: str) -> Layout:
    items = []
    for token in text.split(" "):
        found = _TOKEN.match(token)
        if found is None:
            raise ValueError(f"layout {name}: {token}")
        style = {'"': QUOTED, "[": BRACKET}.get(found["open"] or found["quote"], BARE)
        style = CLOCK if found["name"] == "clock" else style
        items.append(Item(found["name"], style, found["label"] or ""))
    pattern = re.compile(" ".join(item.pattern() for item in items), re.DOTALL | re.ASCII)
    return Layout(name, tuple(items), pattern, not any(item.label for item in items))


_COMMON = '$host $ident $user [$clock] "$request" $status $size'
_COMBINED = f'{_COMMON} "$referer" "$agent"'
_ENVOY = '"$xff" "$agent" "$x_request_id" "$authority" "$upstream_host"'

LOGS: tuple[Layout, ...] = (
    _layout("combined", _COMBINED),
    _layout("common", _COMMON),
    _layout("nginx main", f'{_COMBINED} "$xff"'),
    _layout("nginx with times", f"{_COMBINED} $request_time $upstream_response_time"),
    _layout("nginx with request time", f"{_COMBINED} $request_time"),
    _layout("nginx with quoted times", f'{_COMBINED} "$request_time" "$upstream_response_time"'),
    _layout("nginx main with times", f'{_COMBINED} "$xff" $request_time $upstream_response_time'),
    _layout("nginx main with quoted times", f'{_COMBINED} "$xff" "$request_time" "$upstream_response_time"'),
    _layout(
        "nginx main with labelled times",
        f'{_COMBINED} "$xff" rt=$request_time uct="$upstream_connect_time" '
        'uht="$upstream_header_time" urt="$upstream_response_time"',
    ),
    _layout(
        "ingress-nginx",
        f"{_COMBINED} $request_length $request_time [$proxy_upstream_name] "
        "[$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length "
        "$upstream_response_time $upstream_status $req_id",
    ),
    _layout("vhost_combined", f"$vhost {_COMBINED}"),
    _layout("vhost_common", f"$vhost {_COMMON}"),
)
"""Apache's and nginx's, the commonest first."""

ENVOY: tuple[Layout, ...] = (
    _layout(
        "Envoy",
        f'[$start] "$request" $code $response_flags $received $sent $duration $upstream_time {_ENVOY}',
    ),
    _layout(
        "Istio",
        '[$start] "$request" $code $response_flags $response_code_details '
        '$connection_termination_details "$upstream_transport_failure_reason" $received $sent $duration '
        f"$upstream_time {_ENVOY} $upstream_cluster $upstream_local_address $downstream_local_address "
        "$downstream_remote_address $requested_server_name $route_name",
    ),
)
