"""The layouts of access log lines: one table for the line parser and the vectorized parser.

A layout is written like nginx's `log_format`: tokens separated by one space, each bare (`$status`), in quotes
(`"$request"`) or in brackets. `[$clock]` is the time as Apache and nginx write it, with a space in it.
`$rest` is everything up to the end of the line. The names are the same for all servers; `field_mapping` says
what each means.

A number at the end of a line has a meaning only if its form or the layout gives one: `0.250` is nginx's
`$request_time`, which always has three decimals, `211ms` is Traefik's, but `18598` may be microseconds or
bytes, so it is the `rest`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

BARE, QUOTED, BRACKET, CLOCK, REST = "bare", "quoted", "bracket", "clock", "rest"

QUOTED_TEXT = r'[^"\\]*(?:\\.[^"\\]*)*'
# 18 digits always fit into 64 bits.
_COUNT = r"\d{1,18}|-"
# nginx writes three decimals. With fewer or more, or none, a number is something else.
_SECONDS = r"\d{1,6}\.\d{3}|-"
COUNTS = frozenset(
    (
        *("size", "received", "sent", "duration", "upstream_time", "request_length", "bytes_sent"),
        *("duration_us", "duration_s", "took_us", "took_ms", "took_whole_s"),
    )
)
SECONDS = frozenset(("request_time", "upstream_response_time"))
LISTS = frozenset(("upstream_addr", "upstream_response_length", "upstream_response_time", "upstream_status"))
"""Fields with one value per upstream that was tried, separated by `, ` or ` : `."""


# A quoted value after the user agent is `X-Forwarded-For` only if it is addresses; it can be anything else.
_ADDRESS = (
    r"(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?"
    r"|\[?[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]+(?:\]:\d{1,5})?|unknown)"
)


def _list(one: str) -> str:
    return rf"(?:{one})(?:(?:,| :) (?:{one}))*"


PATTERNS = {
    # The port is required; otherwise a user name of two words would turn the client into a vhost.
    "vhost": r'(?:[^ ":]+|\[[^ "\]]+\]):\d{1,5}',
    # `client -> upstream [...` has neither an ident nor a user.
    "ident": r'(?!->)[^ "]+',
    "status": r"\d{3}",
    "code": r"\d{1,3}|-",
    **dict.fromkeys(COUNTS, _COUNT),
    "request_time": _SECONDS,
    "upstream_response_time": _list(_SECONDS),
    "upstream_response_length": _list(_COUNT),
    "upstream_status": _list(r"\d{1,3}|-"),
    # A comma at the end of a token continues the list, so that there is only one way to read it.
    "upstream_addr": r'[^ "]+(?:(?:(?<=,) | : )[^ "]+)*(?<!,)',
    "milliseconds": r"\d{1,9}(?:\.\d{1,9})?ms|-",
    "took_s": r"\d{1,9}\.\d{1,9}|-",
    "alb_type": r"https?|h2|grpcs|wss?",
    "iso_time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z|-",
    **dict.fromkeys(("request_s", "target_s", "response_s"), r"-1|\d{1,9}(?:\.\d{1,9})?|-"),
    **dict.fromkeys(("rest", "more"), r'[^" ][^"]*'),
    "forwarded_for": rf"{_ADDRESS}(?:, ?{_ADDRESS})*|-|",
    # A list in front of a line can only be `X-Forwarded-For`, too: a client is one address.
    "forwarded": rf"{_ADDRESS}(?:, ?{_ADDRESS})+",
}
"""Field -> the regular expression of its values; any other field takes anything."""

CODES = {"status": 3, "code": 1}
"""Field -> the fewest digits of its values; the most is three."""

_TOKEN = re.compile(r'^(?P<open>["\[]?)(?P<label>[a-z]+=)?(?P<quote>"?)\$(?P<name>[a-z_]+)["\]]?$')


@dataclass(frozen=True)
class Item:
    """One token of a line: its field, how the value is enclosed, and the label before it."""

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
            inner = PATTERNS.get(self.name, QUOTED_TEXT)
            return rf'{self.label}"(?P<{self.name}>{inner})"'
        return rf"{self.label}(?P<{self.name}>{inner})"


@dataclass(frozen=True)
class Layout:
    """The form of a line.

    Attributes:
        name: its usual name.
        items: its tokens.
        pattern: the regular expression of a line.
        vectorizable: whether the vectorized parser can read it; it cannot read tokens with labels.
        cut: whether its lines are those of another layout without their end; it is never that of a file.
    """

    name: str
    items: tuple[Item, ...]
    pattern: re.Pattern[str] = field(repr=False)
    vectorizable: bool
    cut: bool = False

    @property
    def quotes(self) -> int:
        """The number of quotation marks in a line."""
        return 2 * sum(item.style == QUOTED for item in self.items)


def layout(name: str, text: str) -> Layout:
    """Return a layout that is written like nginx's `log_format`, with the names of this module."""
    items = []
    for token in text.split(" "):
        found = _TOKEN.match(token)
        if found is None:
            raise ValueError(f"layout {name} has an invalid token: {token}")
        style = {'"': QUOTED, "[": BRACKET}.get(found["open"] or found["quote"], BARE)
        style = {"clock": CLOCK, "rest": REST, "more": REST}.get(found["name"], style)
        items.append(Item(found["name"], style, found["label"] or ""))
    pattern = re.compile(" ".join(item.pattern() for item in items), re.DOTALL | re.ASCII)
    vectorizable = not any(item.label or item.name == "forwarded" for item in items)
    return Layout(name, tuple(items), pattern, vectorizable)


_COMMON = '$host $ident $user [$clock] "$request" $status $size'
_COMBINED = f'{_COMMON} "$referer" "$agent"'
_MAIN = f'{_COMBINED} "$forwarded_for"'
_ENVOY = '"$xff" "$agent" "$x_request_id" "$authority" "$upstream_host"'

LOGS: tuple[Layout, ...] = (
    layout("combined", _COMBINED),
    layout("common", _COMMON),
    layout("nginx main", _MAIN),
    layout("nginx with times", f"{_COMBINED} $request_time $upstream_response_time"),
    layout("nginx with request time", f"{_COMBINED} $request_time"),
    layout("nginx with quoted times", f'{_COMBINED} "$request_time" "$upstream_response_time"'),
    layout("nginx main with times", f"{_MAIN} $request_time $upstream_response_time"),
    layout(
        "nginx main with quoted times",
        f'{_MAIN} "$request_time" "$upstream_response_time"',
    ),
    layout(
        "nginx main with labelled times",
        f'{_MAIN} rt=$request_time uct="$upstream_connect_time" '
        'uht="$upstream_header_time" urt="$upstream_response_time"',
    ),
    layout(
        "ingress-nginx",
        f"{_COMBINED} $request_length $request_time [$proxy_upstream_name] "
        "[$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length "
        "$upstream_response_time $upstream_status $req_id",
    ),
    layout("vhost_combined", f"$vhost {_COMBINED}"),
    layout("vhost_common", f"$vhost {_COMMON}"),
    layout("Traefik", f'{_COMBINED} $request_count "$router_name" "$server_url" $milliseconds'),
    layout("combined after X-Forwarded-For", _COMBINED.replace("$host", "$forwarded")),
    layout("common after X-Forwarded-For", _COMMON.replace("$host", "$forwarded")),
    layout("vhost_combined with more", f"$vhost {_COMBINED} $rest"),
    layout("combined with more", f"{_COMBINED} $rest"),
)
"""The layouts of Apache and nginx, the most common first."""

ENVOY: tuple[Layout, ...] = (
    layout(
        "Envoy",
        f'[$start] "$request" $code $response_flags $received $sent $duration $upstream_time {_ENVOY}',
    ),
    layout(
        "Istio",
        '[$start] "$request" $code $response_flags $response_code_details '
        '$connection_termination_details "$upstream_transport_failure_reason" $received $sent $duration '
        f"$upstream_time {_ENVOY} $upstream_cluster $upstream_local_address $downstream_local_address "
        "$downstream_remote_address $requested_server_name $route_name",
    ),
)
