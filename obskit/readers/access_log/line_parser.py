"""One line of an access log by itself: the way that takes anything, and says why where it cannot.

`fields` gives what `block.split` gives of the lines that it can take; a test holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from obskit.readers.access_log.log_formats import CODES, COUNTS, LOGS, SECONDS, Layout

LINE_LIMIT = 1024 * 1024
"""Bytes of one line; servers refuse requests of more than a few dozen KiB."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Fields = dict[str, str | int | float | None]

_CLOCK = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1)
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_PROTOCOL = re.compile(r"HTTP/(\d(?:\.\d)?)", re.ASCII)
_AUTHORITY = re.compile(r"(?:[\w.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}", re.ASCII)
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}", re.ASCII)
# Everything of which the end or the middle is not as it should be: the first `" status size` ends the
# request, the last quotation mark the user agent where no other does. No part can begin in two places, so
# that no line takes more than its length.
_LOOSE = re.compile(
    r'(?:(?P<vhost>[^ ":]+:\d{1,5}) )?(?P<host>[^ "]+) (?P<ident>[^ "]+) (?P<user>[^\["]*?) '
    r'\[(?P<clock>[^\]"]{1,40})\] "(?P<request>.*?)" (?P<status>\d{3})(?: (?P<size>\d{1,18}|-))?'
    r"(?P<tail> .*)?",
    re.DOTALL | re.ASCII,
)
_AGENTS = (
    re.compile(r' "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"(?P<tail> .*)?', re.DOTALL),
    re.compile(r' "(?P<referer>[^"]*)" "(?P<agent>.*)"(?P<tail> [^"]*)?', re.DOTALL),
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "v": "\v", "f": "\f"}


class NoEntry(ValueError):
    """A line that is no entry of an access log, and why."""


def fields(line: str, first: Layout, layouts: Sequence[Layout], *, torn: bool = False) -> Fields:
    """Return what stands in a line, by name; `micros` is its time.

    Args:
        line: without its newline.
        first: the layout that the file's lines have.
        layouts: what else a line may be.
        torn: the file ends within the line, perhaps: it then counts only if it is complete.

    Raises:
        NoEntry: it fits none.
    """
    line = line.removesuffix("\r")
    found = first.pattern.fullmatch(line)
    if found is None and torn:
        raise NoEntry("torn: the file ends within the line")
    for layout in layouts:
        found = found or layout.pattern.fullmatch(line)
    given = found.groupdict() if found is not None else _loosely(line, layouts)
    out: Fields = {}
    for name, text in given.items():
        if name == "clock":
            out["micros"] = moment = micros(text)
            if moment is None:
                raise NoEntry("an access log's line with a time that is none")
        elif name == "request":
            out |= {part: unescaped(value) for part, value in request_line(text).items()}
        elif text in ("", "-"):
            out[name] = None
        elif name in CODES or name in COUNTS:
            out[name] = int(text)
        elif name in SECONDS:
            out[name] = sum_of_tries(text)
        else:
            out[name] = unescaped(text)
    return out


def _loosely(line: str, layouts: Sequence[Layout]) -> dict[str, str]:
    found = _LOOSE.fullmatch(line) if LOGS[0] in layouts else None
    if found is None:
        raise NoEntry("not an access log's line")
    out = {name: value for name, value in found.groupdict().items() if value is not None}
    tail = out.pop("tail", "")
    agent = _AGENTS[0].fullmatch(tail) or _AGENTS[1].fullmatch(tail)
    if agent is not None:
        out |= {"referer": agent["referer"], "agent": agent["agent"]}
        tail = agent["tail"] or ""
    if tail.strip():
        out["rest"] = tail.strip()
    return out


def micros(clock: str) -> int | None:
    """Return the microseconds since 1970 of `04/May/2026:10:00:00 +0200`, or None."""
    found = _CLOCK.fullmatch(clock)
    if found is None or found[2] not in MONTHS or found[6] > "60" or found[8] > "23" or found[9] > "59":
        return None
    try:
        day = datetime(int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]), int(found[4]), int(found[5]))
    except ValueError:
        return None
    offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
    moment = day - _EPOCH + timedelta(seconds=int(found[6])) - (offset if found[7] == "+" else -offset)
    return moment // timedelta(microseconds=1)


def request_line(text: str) -> dict[str, str]:
    """Return the parts of a request line: method, target, version; or itself as `request`.

    `GET /` is HTTP/0.9. What a scanner sends to the port, TLS on a plain one for instance, is `request`.
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
    """Return what a request asked for that named no path: URL, authority, or itself as `odd`."""
    try:
        url = urlsplit(target)
        if url.scheme and url.netloc:
            return {"url": target, "path": url.path, "query": url.query}
    except ValueError:
        pass
    return {"authority": target} if _AUTHORITY.fullmatch(target) else {"odd": target}


def sum_of_tries(text: str) -> float | None:
    """Return the seconds that all upstreams took which nginx tried: `0.010, 0.200 : 0.001`, `-` for none."""
    found = [float(one) for one in re.split(r"[,:\s]+", text) if _NUMBER.fullmatch(one)]
    return round(sum(found), 9) if found else None


def unescaped(text: str) -> str:
    r"""Return text without the escapes of a log: `\"`, `\\`, `\n`, and `\xC3\xA9` where that is UTF-8."""
    if "\\" not in text:
        return text
    out = bytearray()
    at = 0
    for found in _ESCAPE.finditer(text):
        out += text[at : found.start()].encode("utf-8", "surrogatepass")
        if found[1] is not None:
            out.append(int(found[1], 16))
        else:
            letter = _NAMED.get(found[2], found[2])
            known = found[2] in _NAMED or found[2] in '"\\'
            out += (letter if known else found[0]).encode("utf-8", "surrogatepass")
        at = found.end()
    out += text[at:].encode("utf-8", "surrogatepass")
    return out.decode("utf-8", "backslashreplace")
