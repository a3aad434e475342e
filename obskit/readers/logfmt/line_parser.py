r"""Parse one line of logfmt; `block_parser` leaves lines with escapes and odd quotation marks to it.

level=info msg="say \"hi\"" took=12ms cached
    {"level": "info", "msg": 'say "hi"', "took": "12ms", "cached": "true"}
"""

from __future__ import annotations

import re

import orjson

_PAIR = re.compile(
    r'\s*(?P<key>[^\s="]+)(?:=(?P<value>"(?:[^"\\]|\\.)*"(?=\s|$)|\'[^\']*\'(?=\s|$)|'
    r'[^\s"]*(?=\s|$)|[^\s"][^\s]*))?(?=\s|$)',
    re.ASCII,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_LAST_TOKEN = re.compile(rb'(?:(?<=\n)|[ \t]+)(?P<key>[^\s="]+)(?:=(?P<value>[^\s"]+))?\Z')
_COMPARED = 64 * 1024
_FORMS = (
    re.compile(rb"-?\d+"),
    re.compile(rb"-?\d+(?:\.\d+)?"),
    re.compile(rb"true|false"),
    re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)"),
    re.compile(rb"(?i:trace|debug|info|notice|warn|warning|error|critical|fatal|panic)"),
)
"""What the values of a key may all look like."""


class NotLogfmt(ValueError):
    """A line that is not logfmt; the message is the reason it is rejected for."""


def parse_line(line: bytes) -> tuple[dict[str, str | None], list[str]]:
    """Return the pairs of a line.

    Args:
        line: bytes without the newline.

    Returns:
        Key -> value, the last one of several; "true" for a bare key, None for `key=`. And the keys that occur
        several times.

    Raises:
        NotLogfmt: the line does not consist of pairs, or a quotation mark is not closed.
    """
    text = line.decode("utf-8", "backslashreplace").strip(" \t\r\n\v\f")
    found: dict[str, str | None] = {}
    repeated: list[str] = []
    at, pairs, bare = 0, 0, 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if match is None:
            open_quote = text.count('"') - text.count('\\"')
            raise NotLogfmt("a quotation mark is not closed" if open_quote % 2 else "not key=value pairs")
        key, value = match["key"], match["value"]
        bare, pairs = bare + (value is None), pairs + (value is not None)
        if key in found and key not in repeated:
            repeated.append(key)
        found[key] = "true" if value is None else unquoted(value) if value else None
        at = match.end()
    if pairs == 0 or bare > pairs:
        raise NotLogfmt("not key=value pairs")
    return found, repeated


def unquoted(value: str) -> str:
    """Return a value without its quotation marks and escapes."""
    if len(value) < 2 or value[0] not in "\"'" or value[-1] != value[0]:
        return value
    inner = value[1:-1]
    if "\\" not in inner or value[0] == "'":  # lograge writes errors in single quotation marks
        return inner
    try:
        return str(orjson.loads(value))
    except orjson.JSONDecodeError:  # Go's quoting has escapes that JSON has not, such as \x00
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), inner, flags=re.S)


def without_torn_end(data: bytes) -> bytes:
    """Return lines without the last key or value where it is surely, or probably, cut.

    Args:
        data: lines, the last one without its newline.

    Returns:
        The lines. A key without a value stays if another line has it like that, too: then it is a flag. A
        value stays unless it is of another form than all values that other lines have for its key, such as
        `2026-05-` for a time: it would spoil the type of the whole column.
    """
    found = _LAST_TOKEN.search(data, data.rfind(b"\n") + 1)
    if found is None:
        return data
    before = data[: found.start()]
    key, value = found["key"], found["value"]
    if value is None:
        flag = rb"(?<=[ \t])" + re.escape(key) + rb"(?=\s)"
        return data if re.search(flag, before) else before
    others = re.findall(rb"(?:^|(?<=\s))" + re.escape(key) + rb"=([^\s\"]+)(?=\s)", before[-_COMPARED:])
    for form in _FORMS:
        if others and all(map(form.fullmatch, others)):
            return data if form.fullmatch(value) else before
    return data
