"""One line of an access log: the path that accepts every form, and says why a line is not an entry.

`parse_entry` gives the same fields as `vectorized` does for the lines that both can read; a test compares
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from obskit.readers.access_log.log_formats import CODES, COUNTS, LOGS, SECONDS, Layout

LINE_LIMIT = 1024 * 1024
"""Bytes of one line; servers refuse requests of more than a few dozen KiB."""

NO_LAYOUT = "not an access log line"
"""Why a line of none of the layouts is not an entry."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Fields = dict[str, str | int | float | None]

_CLOCK = re.compile(
    r"(?:(\d\d)/(\w{3})/(\d{4}):|(\d{4})-(\d\d)-(\d\d)[T ])(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r" ?(?:Z|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1)
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_PROTOCOL = re.compile(r"HTTP/(\d(?:\.\d)?)", re.ASCII)
_AUTHORITY = re.compile(r"(?:[\w.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}", re.ASCII)
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}", re.ASCII)
# A line with an odd end or middle: the first `" status size` ends the request, and the last quotation mark
# ends the user agent unless an earlier one can. No part can begin in two places, so matching is linear.
_LOOSE = re.compile(
    r'(?:(?P<vhost>[^ ":]+:\d{1,5}) )?(?P<host>[^ "]+) (?P<ident>(?!->)[^ "]+) (?P<user>[^\["]*?) '
    r'\[(?P<clock>[^\]"]{1,40})\] "(?P<request>.*?)" (?P<status>\d{3})(?: (?P<size>\d{1,18}|-))?'
    r"(?P<tail> .*)?",
    re.DOTALL | re.ASCII,
)
_AGENTS = (
    re.compile(r' "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"(?P<tail> .*)?', re.DOTALL),
    re.compile(r' "(?P<referer>[^"]*)" "(?P<agent>.*)"(?P<tail> [^"]*)?', re.DOTALL),
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "v": "\v", "f": "\f"}


class NotAnEntry(ValueError):
    """A line is not an entry of an access log; the message says why."""


def parse_entry(
    line: str,
    first: Layout,
    layouts: Sequence[Layout],
    *,
    torn: bool = False,
    decode: Callable[[str], str] | None = None,
) -> Fields:
    """Parse a line into its fields.

    Args:
        line: without its newline.
        first: the layout of most lines of the file.
        layouts: the other layouts that a line can have.
        torn: whether the file may end within the line; it is then an entry only if it is complete.
        decode: turns a value as it was written into text; None decodes the escapes of Apache and nginx.

    Returns:
        Field -> value; `micros` is the time in microseconds since 1970.

    Raises:
        NotAnEntry: the line fits no layout.
    """
    line = line.removesuffix("\r")
    plain = unescaped if decode is None else decode
    found = first.pattern.fullmatch(line)
    if found is None and torn:
        raise NotAnEntry("torn: the file ends within the line")
    for layout in layouts:
        found = found or layout.pattern.fullmatch(line)
    given = found.groupdict() if found is not None else _parse_loosely(line, layouts)
    out: Fields = {}
    for name, text in given.items():
        if name == "clock":
            out["micros"] = timestamp = parse_clock(text)
            if timestamp is None:
                raise NotAnEntry("access log line has an invalid time")
        elif name == "request":
            out |= {part: plain(value) for part, value in request_line(text).items()}
        elif text in (None, "", "-"):
            out[name] = None
        elif name in CODES or name in COUNTS:
            out[name] = int(text)
        elif name in SECONDS:
            out[name] = sum_of_tries(text)
        else:
            out[name] = plain(text)
    return out


def _parse_loosely(line: str, layouts: Sequence[Layout]) -> dict[str, str]:
    found = _LOOSE.fullmatch(line) if LOGS[0] in layouts else None
    if found is None or _has_prefix(found["ident"], found["user"]):
        raise NotAnEntry(NO_LAYOUT)
    out = {name: value for name, value in found.groupdict().items() if value is not None}
    out["user"] = out["user"].strip()  # Jetty writes two spaces
    tail = out.pop("tail", "")
    agent = _AGENTS[0].fullmatch(tail) or _AGENTS[1].fullmatch(tail)
    if agent is not None:
        out |= {"referer": agent["referer"], "agent": agent["agent"]}
        tail = agent["tail"] or ""
    if tail.strip():
        out["rest"] = tail.strip()
    return out


def _has_prefix(ident: str, user: str) -> bool:
    """Return whether the line begins with something else, whose first word is not the client.

    `web-1 10.0.0.1 - - [...` would be a request of the client `web-1` by the user `- -`.
    """
    return " " in user and (ident != "-" or user.startswith("- ") or user.endswith(" -"))


def parse_clock(clock: str) -> int | None:
    """Parse the time of an access log.

    Args:
        clock: `04/May/2026:10:00:00 +0200`, or `2026-05-04T10:00:00+02:00` as nginx's `$time_iso8601`; either
            may have a fraction of a second.

    Returns:
        Microseconds since 1970, or None if it is not a time with a zone.
    """
    found = _CLOCK.fullmatch(clock)
    if found is None or found[9] > "60" or (found[12] or "") > "23" or (found[13] or "") > "59":
        return None
    if found[2] is not None and found[2] not in MONTHS:
        return None
    month = MONTHS.index(found[2]) + 1 if found[2] else int(found[5])
    try:
        day = datetime(
            int(found[3] or found[4]), month, int(found[1] or found[6]), int(found[7]), int(found[8])
        )
    except ValueError:
        return None
    offset = timedelta(hours=int(found[12] or 0), minutes=int(found[13] or 0))
    moment = day - _EPOCH + timedelta(seconds=int(found[9])) - (-offset if found[11] == "-" else offset)
    return moment // timedelta(microseconds=1) + int((found[10] or "")[:6].ljust(6, "0"))


def request_line(text: str) -> dict[str, str]:
    """Split a request line into method, target and version.

    Args:
        text: `GET / HTTP/1.1`, `GET /` (HTTP/0.9), or anything else that a client sent to the port.

    Returns:
        The parts; anything else is in one part, `request`, for example TLS on a plain port.
    """
    method, _, rest = text.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    version = _PROTOCOL.fullmatch(protocol)
    if version is not None and method and target:
        parts = {"method": method, "target": target, "version": version[1]}
        return {name: part for name, part in parts.items() if part != "-"}
    if rest[:1] == "/" and " " not in rest and _METHOD.fullmatch(method):
        return {"method": method, "target": rest, "version": "0.9"}
    return {} if text in ("", "-", "- - -") else {"request": text}


def odd_target(target: str) -> dict[str, str]:
    """Return a request's target that is not a path: as a URL and its parts, as an authority, or as `odd`."""
    try:
        url = urlsplit(target)
        if url.scheme and url.netloc:
            return {"url": target, "path": url.path, "query": url.query}
    except ValueError:
        pass
    return {"authority": target} if _AUTHORITY.fullmatch(target) else {"odd": target}


def sum_of_tries(text: str) -> float | None:
    """Add up the seconds of the upstreams that nginx tried: `0.010, 0.200 : 0.001`; None for `-`."""
    found = [float(one) for one in re.split(r"[,:\s]+", text) if _NUMBER.fullmatch(one)]
    return round(sum(found), 9) if found else None


def unescaped(text: str) -> str:
    r"""Decode the escapes of a log: `\"`, `\\`, `\n`, and `\xC3\xA9` if that is UTF-8."""
    if "\\" not in text:
        return text
    out = bytearray()
    at = 0
    for found in _ESCAPE.finditer(text):
        out += text[at : found.start()].encode("utf-8", "surrogatepass")
        if found[1] is not None:
            out.append(int(found[1], 16))
        else:
            letter = _CONTROLS.get(found[2], found[2])
            known = found[2] in _CONTROLS or found[2] in '"\\'
            out += (letter if known else found[0]).encode("utf-8", "surrogatepass")
        at = found.end()
    out += text[at:].encode("utf-8", "surrogatepass")
    return out.decode("utf-8", "backslashreplace")
