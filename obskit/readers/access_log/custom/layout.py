r"""Compile a `log_format` into a layout that the parsers of access logs read.

    '$remote_addr [$time_local] "$request" $status $request_time'
    -> tokens with spaces between them: the vectorized parser reads them
    '$remote_addr|$status|$request_time'
    -> (?P<host>[^|\n]*)\|(?P<status>\d{3}|-)\|(?P<request_time>\d{1,6}\.\d{3}|-)

Each value ends at the first character of the text after it, so that a line can be read in only one way, and
matching takes time in proportion to the length of the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from obskit.errors import InvalidArgument
from obskit.readers.access_log.custom.directives import (
    Variable,
    apache_pieces,
    gunicorn_pieces,
    nginx_pieces,
)
from obskit.readers.access_log.custom.times import time_pattern
from obskit.readers.access_log.log_formats import (
    BARE,
    BRACKET,
    CLOCK,
    LOGS,
    PATTERNS,
    QUOTED,
    QUOTED_TEXT,
    Item,
    Layout,
)

EXAMPLE = "'$remote_addr [$time_local] \"$request\" $status $request_time' or '%h %t \"%r\" %>s %D'"

_CLOCK = r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
_TOKEN = re.compile(r'(?P<open>["\[]?)\x00(?P<number>\d+)\x00(?P<close>["\]]?)')
_JSON_TEXT = r'[^"\\\n]*(?:\\.[^"\\\n]*)*'
# What a value begins with, where nothing is between two variables: `$host$request_uri`.
_WITH_SPACES = ("agent", "referer", "request", "user", "xff")
_BEGINNINGS = {"target": "/", "path": "/"}
_SHAPES = {
    "clock": _CLOCK,
    "iso": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:?\d\d)",
    "epoch": r"\d{1,11}(?:\.\d{1,9})?",
    "": r"\??",
    "query_mark": r"(?:\?[^\s\"]*)?",
    "protocol": r"HTTP/\d(?:\.\d)?|-|",
}
# Fields that `standard_columns` makes from their text.
_CONVERTED = frozenset({"iso", "epoch", "query_mark", "protocol", "strftime"})
_KNOWN = {"combined": "combined", "common": "common", "vhost_combined": "vhost_combined"}
_COMBINEDIO = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O'
_DIRECTIVES = (
    re.compile(r"^\s*log_format\s+[\w-]+\s+(?:escape=\w+\s+)?(?P<text>.*?);?\s*$", re.DOTALL),
    re.compile(r"^\s*LogFormat\s+(?P<text>\"(?:[^\"\\]|\\.)*\")(?:\s+[\w-]+)?\s*$", re.DOTALL),
)
_STRINGS = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)


@dataclass(frozen=True)
class CustomLayout:
    """A layout that the caller gave.

    Attributes:
        layout: for the parsers.
        variables: name of a group of the layout -> its variable; of the other groups the name is the field.
        progress: a pattern that matches the beginning of any line, one group per variable.
        places: the text of the variables in their order, for messages.
        json: whether values are escaped as in JSON.
        family: prefix of fields without a convention.
    """

    layout: Layout
    variables: dict[str, Variable]
    progress: re.Pattern[str]
    places: tuple[str, ...]
    json: bool
    family: str

    def mismatch(self, line: str) -> str:
        """Return why a line does not match: the first variable that it has no value for."""
        found = self.progress.match(line)
        matched = (found.lastindex or 0) if found is not None else 0
        if matched == len(self.places):
            return "the line goes on after the end of log_format"
        return f"the line does not match log_format at {self.places[matched]}"


@lru_cache(maxsize=64)
def compile_layout(text: str) -> CustomLayout:
    """Compile a layout.

    Args:
        text: in nginx's syntax, Apache's or gunicorn's; with or without the `log_format` or `LogFormat`
            directive around it; or the name `common`, `combined`, `vhost_combined` or `combinedio`.

    Returns:
        The compiled layout.

    Raises:
        InvalidArgument: the layout has no variable, or one whose end cannot be found.
    """
    plain = _without_directive(text)
    if plain in _KNOWN:
        layout = next(layout for layout in LOGS if layout.name == _KNOWN[plain])
        names = tuple(f"${item.name}" for item in layout.items)
        return CustomLayout(
            layout, {}, _progress([item.pattern() for item in layout.items]), names, False, "nginx"
        )
    pieces = _split(_COMBINEDIO if plain == "combinedio" else plain)
    if not any(isinstance(piece, Variable) and piece.field for piece in pieces):
        raise InvalidArgument(
            f"log_format has no variable: {text!r}", hint=f"write it as the server has it, such as {EXAMPLE}"
        )
    return _compiled(pieces, json=plain.lstrip().startswith("{"))


def _without_directive(text: str) -> str:
    for directive in _DIRECTIVES:
        found = directive.match(text)
        strings = _STRINGS.findall(found["text"]) if found is not None else []
        if strings:
            return re.sub(r"\\([\"'\\])", r"\1", "".join(single or double for single, double in strings))
    return text.strip("\r\n")


def _split(text: str) -> list[str | Variable]:
    """Return the pieces of a layout in the syntax of which it has the most variables."""
    text = text.replace("\\t", "\t").replace('\\"', '"')
    found = [_with_brackets(split(text)) for split in (nginx_pieces, gunicorn_pieces, apache_pieces)]
    counts = [sum(isinstance(piece, Variable) for piece in pieces) for pieces in found]
    return found[counts.index(max(counts))]


def _with_brackets(pieces: list[str | Variable]) -> list[str | Variable]:
    """Write the brackets of `%t` as text, and join the pieces of text that are next to each other."""
    out: list[str | Variable] = []
    for piece in pieces:
        bracketed = isinstance(piece, Variable) and piece.field == "clock_brackets"
        parts: list[str | Variable] = ["[", replace(piece, field="clock"), "]"] if bracketed else [piece]  # type: ignore[type-var]
        for part in parts:
            last = out[-1] if out else None
            if isinstance(part, str) and isinstance(last, str):
                out[-1] = last + part
            else:
                out.append(part)
    return out


def _compiled(pieces: list[str | Variable], *, json: bool) -> CustomLayout:
    variables: dict[str, Variable] = {}
    patterns: list[str] = []
    places: list[str] = []
    template, used = "", set[str]()
    names: list[tuple[str, Variable]] = []
    for at, piece in enumerate(pieces):
        if isinstance(piece, str):
            patterns.append(re.escape(piece))
            template += piece.replace("\x00", "")
            continue
        before = pieces[at - 1] if at else ""
        field = piece.field
        own = field not in used and field.isidentifier() and field not in _CONVERTED
        name = field if own else f"_{at}"
        used.add(name)
        if name != field:
            variables[name] = piece
        quoted = isinstance(before, str) and before.endswith('"')
        inner = _value_pattern(piece, pieces[at + 1 :], quoted=quoted, json=json)
        patterns.append(f"(?P<{name}>{inner})")
        places.append(piece.text)
        template += f"\x00{len(names)}\x00"
        names.append((name, piece))
    pattern = re.compile("".join(patterns), re.ASCII)
    items = None if json else _items(template, names)
    family = "nginx" if any(text.startswith("$") for text in places) else "access_log"
    layout = Layout("log_format", items or (), pattern, vectorizable=items is not None)
    return CustomLayout(layout, variables, _progress(patterns), tuple(places), json, family)


def _value_pattern(piece: Variable, after: list[str | Variable], *, quoted: bool, json: bool) -> str:
    """Return the regular expression of a value, which ends where the text after it begins."""
    field = piece.field
    if field == "strftime":
        return time_pattern(piece.argument, piece.text)
    if field in _SHAPES:
        shape = _SHAPES[field]
        return rf"{shape}|-|" if quoted and field != "" else shape
    if field in PATTERNS and field not in ("vhost", "rest", "forwarded", "forwarded_for"):
        return PATTERNS[field] + "|" * (quoted or json)
    following = after[0] if after else None
    if quoted and isinstance(following, str) and following.startswith('"'):
        return _JSON_TEXT if json else QUOTED_TEXT.replace('[^"', r'[^\n"')
    if following is None:
        return r"[^\n]*" if "." in field or field in _WITH_SPACES else r"[^\s]*"
    if isinstance(following, str):
        ends = following[0]
    elif following.field in ("", "query_mark"):  # either a question mark, or nothing
        ends = "?" + (after[1][0] if len(after) > 1 and isinstance(after[1], str) else " ")
    else:
        ends = _BEGINNINGS.get(following.field, "")
    if not ends:
        raise InvalidArgument(
            f"log_format has nothing between {piece.text} and {after[0].text}: "  # type: ignore[union-attr]
            "where the first value ends cannot be found",
            hint="put a space or another character between them, as the log has it",
        )
    if field == "user" and isinstance(following, str) and following.startswith(" ["):
        return r"[^\[\n]*?(?= \[)"
    return f"[^{''.join(map(re.escape, ends))}\\n]*"


def _progress(patterns: list[str]) -> re.Pattern[str]:
    """Return a pattern that matches as many of the parts as it can, one after the other."""
    anonymous = [re.sub(r"\(\?P<\w+>", "(", part) for part in patterns]
    out = ""
    for part in reversed(anonymous):
        out = f"(?:{part}{out})?"
    return re.compile(out, re.ASCII)


def _items(template: str, names: list[tuple[str, Variable]]) -> tuple[Item, ...] | None:
    """Return the layout as tokens for the vectorized parser; None if it is not tokens with single spaces."""
    items = []
    for number, word in enumerate(template.split(" ")):
        if word == "-":
            items.append(Item(f"_dash{number}", BARE))
            continue
        found = _TOKEN.fullmatch(word)
        if found is None:
            return None
        name, piece = names[int(found["number"])]
        opening = found["open"] + found["close"]
        if opening not in ("", '""', "[]") or (piece.field == "clock") != (
            name == "clock" and opening == "[]"
        ):
            return None
        if piece.field in ("strftime", "") or (piece.field == "request" and opening != '""'):
            return None
        style = {"": BARE, '""': QUOTED, "[]": BRACKET}[opening]
        items.append(Item(name, CLOCK if name == "clock" else style))
    return tuple(items)
