"""Completion of the filter line: fields, operators, values and functions at the cursor, and what is wrong."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import FieldCodes
from obskit.engine import Scope, Token, format_value, quote_name, quote_string, tokenize
from obskit.engine.functions import FUNCTIONS
from obskit.errors import ConditionError, ObskitError
from obskit.query import by_usefulness, type_word
from obskit.text import pluralize, safe

MOST_ITEMS = 12
MOST_VALUES = 50_000  # distinct values of a field that are searched
_STEM = re.compile(r"[\w.\-/:@#~$]*$")
_COMPARISONS = ("=", "!=", "<>", "==", "<", "<=", ">", ">=")
_MISSING = (("is null", "missing"), ("is not null", "has a value"))
_TEXT_OPERATORS = (("= ", ""), ("!= ", ""), ("in (", "one of several"), ("like ", "% is any text"), *_MISSING)
_NUMBER_OPERATORS = (
    *((f"{sign} ", "") for sign in (">", ">=", "<", "<=", "=")),
    ("between ", "low and high"),
    *_MISSING,
)
_FLAG_OPERATORS = (("and ", "is true, and"), ("= ", ""), ("is null", "missing"))


@dataclass(frozen=True)
class Offer:
    """One completion.

    Attributes:
        insert: the text that replaces [begin, end) of the line.
        detail: what it is, for people.
        begin, end: the place in the line.
    """

    insert: str
    detail: str
    begin: int
    end: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as values for JSON."""
        return {**dataclasses.asdict(self), "text": safe(self.insert.strip())}


def complete(scope: Scope, line: str, at: int) -> list[Offer]:
    """Return what can stand at the cursor.

    Args:
        scope: the events.
        line: the text of the filter line.
        at: the place of the cursor, from 0.
    Returns:
        At most `MOST_ITEMS` completions, the most likely first.
    Cost: the values of a field are coded when they are first asked for.
    """
    at = max(0, min(at, len(line)))
    before = line[:at]
    quote, opened = _open_quote(before)
    if quote == '"':
        return _quoted_fields(scope, before[opened + 1 :].replace('""', '"'), opened, at)
    if quote:
        tokens = _tokens(scope, before[:opened])
        field = _compared_field(scope, tokens)
        end = at + 1 if line[at : at + 1] == "'" else at
        stem = before[opened + 1 :].replace("''", "'")
        return [] if field is None else list(_values(scope, field, stem, opened, end))[:MOST_ITEMS]
    found = _STEM.search(before)
    begin = found.start() if found is not None else len(before)
    word = before[begin:]
    tokens = _tokens(scope, before[:begin])
    last = tokens[-1] if tokens else None
    if last is not None and last.kind in ("name", "quoted"):
        return _words(_operators(scope, last), word, begin, at)
    field = _compared_field(scope, tokens)
    if field is not None:
        return list(_values(scope, field, word, begin, at))[:MOST_ITEMS]
    if last is not None and (
        last.kind in ("string", "number") or last.value in (")", "null", "true", "false")
    ):
        return _words((("and ", ""), ("or ", "")), word, begin, at)
    return _fields(scope, word, begin, at)


def check(scope: Scope, line: str) -> tuple[str, str]:
    """Return what is wrong with a condition and the hint; two empty texts if nothing is, or it is empty."""
    if not line.strip():
        return "", ""
    try:
        scope.condition(line)
    except ObskitError as error:
        return safe(error.message), safe(error.hint or "")
    return "", ""


def _open_quote(before: str) -> tuple[str, int]:
    """Return the quote that is not closed yet, and its place; an empty text if all are closed."""
    opened: tuple[str, int] | None = None
    for at, character in enumerate(before):
        if opened is None and character in "'\"":
            opened = character, at
        elif opened is not None and character == opened[0]:
            opened = None
    return opened or ("", 0)


def _tokens(scope: Scope, text: str) -> list[Token]:
    try:
        return tokenize(text, scope.names.known)
    except ConditionError:
        return []


def _compared_field(scope: Scope, tokens: list[Token]) -> str | None:
    """Return the field whose value stands next: after `field =`, and inside `field in (`."""
    at = len(tokens) - 1
    if at >= 0 and tokens[at].value in ("(", ","):
        while at >= 0 and (tokens[at].value in ("(", ",") or tokens[at].kind in ("string", "number")):
            at -= 1
        if at < 0 or tokens[at].value != "in":
            return None
    elif at < 0 or not (tokens[at].value in _COMPARISONS or tokens[at].value in ("like", "ilike", "between")):
        return None
    at -= 1
    if at >= 0 and tokens[at].value == "not":
        at -= 1
    if at < 0 or tokens[at].kind not in ("name", "quoted"):
        return None
    return scope.names.find(tokens[at].value)


def _operators(scope: Scope, name: Token) -> tuple[tuple[str, str], ...]:
    field = scope.names.find(name.value)
    kind = None if field is None else scope.known.field(field).type
    if kind is None or pa.types.is_string(kind):
        return _TEXT_OPERATORS
    if pa.types.is_boolean(kind):
        return _FLAG_OPERATORS
    return _NUMBER_OPERATORS if not pa.types.is_nested(kind) else (("= ", "contains"), ("is null", "missing"))


def _words(words: tuple[tuple[str, str], ...], stem: str, begin: int, end: int) -> list[Offer]:
    low = stem.lower()
    return [Offer(word, detail, begin, end) for word, detail in words if word.startswith(low)]


def _fields(scope: Scope, stem: str, begin: int, end: int) -> list[Offer]:
    low = stem.lower()
    names = by_usefulness(scope.known.names)
    found = [name for name in names if name.lower().startswith(low)]
    found += [name for name in names if low and low in name.lower() and not name.lower().startswith(low)]
    offers = [
        Offer(f"{quote_name(name)} ", type_word(scope.known.field(name).type), begin, end) for name in found
    ]
    if low:
        functions = [name for name in FUNCTIONS if name.startswith(low)]
        offers += [Offer(f"{name}(", FUNCTIONS[name].example, begin, end) for name in functions]
    return offers[:MOST_ITEMS]


def _quoted_fields(scope: Scope, stem: str, begin: int, end: int) -> list[Offer]:
    """Return the fields that have the stem in them, in double quotes."""
    low = stem.lower()
    return [
        Offer('"' + name.replace('"', '""') + '" ', type_word(scope.known.field(name).type), begin, end)
        for name in by_usefulness(scope.known.names)
        if low in name.lower()
    ][:MOST_ITEMS]


def _values(scope: Scope, field: str, stem: str, begin: int, end: int) -> Iterator[Offer]:
    """Yield the values of a field that have the stem in them, the most frequent first."""
    kind = scope.known.field(field).type
    if pa.types.is_boolean(kind):
        yield from (
            Offer(f"{word} ", "", begin, end) for word in ("true", "false") if word.startswith(stem.lower())
        )
        return
    if pa.types.is_timestamp(kind):
        found = [("the first", scope.dataset.span[0]), ("the newest", scope.dataset.span[1])]
        yield from (
            Offer(f"{format_value(value)} ", what, begin, end) for what, value in found if value is not None
        )
        return
    if pa.types.is_nested(kind) or field not in scope.schema.names:
        return
    if not scope.dataset.local:  # a statement for every key that is pressed
        return
    codes = scope.codes(field)
    if codes.kind != "value" or codes.size - 1 > MOST_VALUES:
        return
    counts = _rows_of_codes(scope, codes)[1:]
    low = stem.lower()
    begins: list[tuple[Any, float]] = []
    contains: list[tuple[Any, float]] = []
    for at in np.argsort(-counts, kind="stable"):
        value = codes.values[int(at)].as_py()
        if counts[at] <= 0 or codes.rare_code == at + 1 or low not in str(value).lower():
            continue
        (begins if str(value).lower().startswith(low) else contains).append((value, float(counts[at])))
        if len(begins) >= MOST_ITEMS:
            break
    for value, count in [*begins, *contains]:
        shown = quote_string(value) if isinstance(value, str) else format_value(value)
        yield Offer(f"{shown} ", pluralize(round(count), "row"), begin, end)


def _rows_of_codes(scope: Scope, codes: FieldCodes) -> npt.NDArray[np.int64]:
    """Return how many of the rows have each code; code 0 is missing."""
    masks = None if scope.where is None else scope.masks(None)
    out = np.zeros(codes.size, np.int64)
    for file, (local, remap) in enumerate(codes.parts):
        picked = local if masks is None else local[masks[file].true]
        found = np.bincount(picked, minlength=codes.size if remap is None else len(remap))
        np.add.at(out, np.arange(len(found)) if remap is None else remap, found)
    return out
