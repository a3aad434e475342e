"""Mask secrets in rows before they are written: first by the name of a field, then by its text.

A name is split into words (`http.request.header.x-api-key`: http, request, ..., api, key); words that mean a
secret mask the whole value. SQL keeps its structure without its literals. All other texts are redacted by
`obskit.instrument.redaction.text_scan`. The plan for a set of names is made once and cached.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from operator import itemgetter
from typing import Any

from obskit.instrument.redaction.names import Sense, is_secret, own_words, sense_of, sense_of_words, words_of
from obskit.instrument.redaction.options import Redaction, pseudonym
from obskit.instrument.redaction.pairs import masked_strings, pair_of
from obskit.instrument.redaction.rules import MASK
from obskit.instrument.redaction.sql import without_literals
from obskit.instrument.redaction.text_scan import (
    has_signs,
    may_contain_secret,
    may_contain_token,
    reason_to_redact,
    redact_text,
)
from obskit.instrument.redaction.urls import redact_query
from obskit.names import COLUMNS

_ODD = re.compile(r"[ =/?@%&\\\n\"']")
_SQL_FIELDS = frozenset({"db.query.text", "db.statement", "db.sql", "sql", "query.sql", "db.query"})
_SQL_PARAMETERS = ("db.query.parameter.", "db.operation.parameter.", "db.statement.parameter")
_SCALARS = frozenset({int, float, bool, type(None), str})
_OURS = frozenset(COLUMNS) - {"name", "status_message", "trace_state", "body"}
_ID_NAME = re.compile(
    r"(?:^|[._-])(?:ids?|ref|reference|number|no|offset|time|timestamp|serial|tracking|hash)$|[a-z](?:Id"
    r"|Ref|No)$"
)
_MOST_SHAPES = 2048
_MOST_TEXT = 1 << 16
_SHORTEST = 5  # no secret that its text gives away is that short
_LONGEST_WORD = 12  # no token, and no card, is that short
_ID = 32
Action = Callable[[Any], Any]
# Actions by name; names whose texts are scanned (None: a name is not plain); a getter of their values; names
# whose values are encrypted.
Plan = tuple[
    list[tuple[str, Action]],
    tuple[str, ...] | None,
    Callable[[dict[str, Any]], tuple[Any, ...]],
    tuple[str, ...],
]


class Redactor:
    """Redact rows in place."""

    def __init__(self, rules: Redaction) -> None:
        self._allow = frozenset(rules.allow)
        self._fields = frozenset(rules.fields)
        self._pseudonyms = frozenset(rules.pseudonyms)
        self._key = rules.pseudonym_key or b""
        self._encrypted = frozenset(rules.encrypt)
        self._subject, self._keys = rules.subject, rules.keys
        self._extra = [re.compile(pattern) for pattern in rules.patterns]
        self._actions: dict[str, Action | None] = {}
        self._shapes: dict[tuple[str, ...], Plan] = {}
        self._plain_shapes: dict[tuple[str, ...], Plan] = {}

    def apply(self, row: dict[str, Any], *, plain: bool = False) -> int:
        """Mask the secrets in a flat row, in place.

        Args:
            row: names and plain values.
            plain: lists and maps of plain values are allowed.

        Returns:
            How many values changed; -1 if a name or value is not plain: the row is then unchanged.
        """
        shape = tuple(row)
        plan = (self._plain_shapes if plain else self._shapes).get(shape)
        if plan is None:
            plan = self._plan(shape, plain)
        named, scanned, values_of, sealed = plan
        if scanned is None:
            return self._renamed(row) if plain else -1
        values = values_of(row)
        only_scalars = _SCALARS.issuperset(map(type, values))
        if not plain and not only_scalars:
            return -1
        texts = "\0".join(
            [value for value in values if type(value) is str and not _gives_nothing_away(value)]
        )
        if not plain and len(texts) > _MOST_TEXT:
            return -1  # to be cut first: the time that patterns take grows with it
        if named and not plain and not all(type(row[name]) in _SCALARS for name, _ in named):
            return -1
        if sealed and not plain and not all(type(row[name]) in _SCALARS for name in sealed):
            return -1
        changed = self._seal(row, sealed) if sealed else 0  # first: the subject may become a pseudonym
        for name, action in named:
            before = row[name]
            after = action(before)
            if after is not before and after != before:
                row[name] = after
                changed += 1
        reason = reason_to_redact(texts)
        if reason or self._extra or not only_scalars:
            changed += self._scan(row, scanned, signs_only=reason < 2 and only_scalars and not self._extra)
        return changed

    def _seal(self, row: dict[str, Any], names: tuple[str, ...]) -> int:
        """Encrypt the values of these names under the key of the row's subject, or mask them."""
        subject, keys = row.get(self._subject or ""), self._keys
        changed = 0
        for name in names:
            value = row[name]
            if value is None or value == "" or (keys is not None and keys.is_encrypted(value)):
                continue
            row[name] = self._sealed(subject, value)
            changed += 1
        return changed

    def _sealed(self, subject: Any, value: Any) -> str:
        if self._keys is None or subject == "" or not isinstance(subject, (str, int)):
            return MASK
        try:
            return self._keys.encrypt(subject, value) or MASK
        except Exception:  # a full disk, a key service that is down: the service goes on, and nothing leaks
            return MASK

    def _renamed(self, row: dict[str, Any]) -> int:
        """Redact a row some of whose names hold secrets themselves."""
        items = [(self._name(name), value) for name, value in row.items()]
        changed = sum(name not in row for name, _ in items)
        row.clear()
        row.update(items)
        self._plan(tuple(row), plain=True, odd=True)
        return changed + self.apply(row, plain=True)

    def _name(self, name: str) -> str:
        """Return a name without secrets. Most names are words and dots: "app:token:count" stays too."""
        return self.text(name) if _ODD.search(name) or may_contain_token(name) else name

    def text(self, value: str) -> str:
        """Return a text with its secrets masked."""
        if may_contain_secret(value):
            value = redact_text(value)
        for pattern in self._extra:
            value = pattern.sub(MASK, value)
        return value

    def _scan(self, row: dict[str, Any], names: Iterable[str], *, signs_only: bool) -> int:
        changed = 0
        for name in names:
            before = row[name]
            if signs_only and (type(before) is not str or not has_signs(before)):
                continue  # the prefilter has seen that nothing is in it
            if type(before) is str and before.isdigit() and _ID_NAME.search(name):
                continue  # the digits of an id may look like a card's
            after = self._value(before, name)
            if after is not before and after != before:
                row[name] = after
                changed += 1
        return changed

    def _value(self, value: Any, name: str = "") -> Any:
        """Redact a value of a field, or within one."""
        if type(value) is str:
            return self.text(value) if len(value) > _SHORTEST or self._extra else value
        if type(value) is list:
            return self._list(value, name)
        if type(value) is dict:
            return self._dict(value, name)
        return value

    def _list(self, items: list[Any], name: str) -> list[Any]:
        if len(items) > 1 and all(type(item) is str for item in items):
            items = masked_strings(items, partial(self._named, within=name), self.text)
        found = []
        for item in items:
            pair = pair_of(item)
            if pair is None:
                found.append(self._value(item, name))
                continue
            inner, places = pair
            item = type(item)(item)
            for place in places:
                item[place] = self._named(inner, item[place], within=name)
            found.append(self._value(item, name))
        return found

    def _dict(self, items: dict[str, Any], name: str) -> dict[str, Any]:
        pair = pair_of(items)
        if pair is not None:
            items = items | {place: self._named(pair[0], items[place], within=name) for place in pair[1]}
        return {
            self.text(key): self._value(self._named(key, item, within=name), name)
            for key, item in items.items()
        }

    def _named(self, name: str, value: Any, within: str = "") -> Any:
        """Return a value as its name alone, or within the field that holds it, has it masked."""
        for full in (name, f"{within}.{name}") if within else (name,):
            if full in self._allow:
                return value
            action = self._action(full)
            if action is not None:
                after = action(value)
                if after is not value and after != value:
                    return after
        return value

    def _plan(self, shape: tuple[str, ...], plain: bool, odd: bool = False) -> Plan:
        """Make and cache the plan for the names of a row; `odd`: the names have been redacted already."""
        named: list[tuple[str, Action]] = []
        scanned: list[str] = []
        if not odd and not all(type(name) is str and self._name(name) == name for name in shape):
            return named, None, tuple, ()
        sealed = tuple(name for name in shape if name.removeprefix("attributes.") in self._encrypted)
        for name in shape:
            if name in _OURS or name in self._allow or name in sealed:
                continue
            # Our columns are scanned as text; rules by name are for a field of the same name.
            action = None if name in COLUMNS else self._action(name)
            if action is not None:
                named.append((name, action))
                if action == _masked:
                    continue
            scanned.append(name)
        # itemgetter of one name returns no tuple
        getter = (
            itemgetter(*scanned) if len(scanned) > 1 else lambda row: tuple(row[name] for name in scanned)
        )
        shapes = self._plain_shapes if plain else self._shapes
        if len(shapes) >= _MOST_SHAPES:
            shapes.clear()
        plan = shapes[shape] = (named, tuple(scanned), getter, sealed)
        return plan

    def _action(self, name: str) -> Action | None:
        if name in self._actions:
            return self._actions[name]
        if len(self._actions) > 20_000:
            self._actions.clear()
        action = self._actions[name] = self._decide(name)
        return action

    def _decide(self, name: str) -> Action | None:
        given = name.removeprefix("attributes.")
        if given in COLUMNS:  # a field that was renamed because we have a column of this name
            name = given
        if name in self._allow:
            return None
        if name in self._pseudonyms:
            return lambda value: None if value is None else pseudonym(value, self._key)
        if name in self._encrypted:
            return _masked  # within a list or map, where no row says whose it is
        if name in self._fields or not self._fields.isdisjoint(own_words(name)):
            return _masked
        if name in _SQL_FIELDS or name.endswith(("db.query.text", "db.statement")):
            return lambda value: without_literals(value) if type(value) is str else value
        if any(words in name for words in _SQL_PARAMETERS):
            return _masked
        if name.endswith(("url.query", "query_string")):
            return lambda value: redact_query(value) if type(value) is str else value
        sense = sense_of(name)
        return partial(_mask, sense, words_of(name)[-1]) if sense != Sense.NOTHING else None


def _gives_nothing_away(value: str) -> bool:
    """Return whether a text is too short for a secret, a short word, or an id of 32 hexadecimal digits."""
    size = len(value)
    if size > _LONGEST_WORD:
        return size == _ID and not value.strip("0123456789abcdef")
    return size <= _SHORTEST or (value.isascii() and value.replace("-", "").isalnum())


def secret_name(words: list[str]) -> bool:
    """Return whether the words of a field's name mean that its value is a secret."""
    return sense_of_words(words) >= Sense.PERHAPS if words else False


def _masked(value: Any) -> Any:
    if value is None or isinstance(value, bool) or value == "":
        return value
    if isinstance(value, list):
        return [MASK]
    return MASK


def _mask(sense: Sense, last: str, value: Any) -> Any:
    """Mask a value, or those of its items that are secrets, by what its name says.

    Args:
        sense: of the name.
        last: the last word of the name; "tokens" and an integer are a number of tokens.
        value: text, number, bool, null, or lists and maps of them.
    """
    if type(value) is str:
        # A parser's token is a word or several; words joined by hyphens are more likely chosen as a secret.
        joined = last == "token" and sense == Sense.PERHAPS and "-" in value and " " not in value
        return MASK if value and (joined or is_secret(sense, value)) else value
    if type(value) is list:
        if sense == Sense.SECRET and value:
            return [MASK]
        return [_mask(sense, last, item) for item in value]
    if type(value) is int or type(value) is float:
        return MASK if _number_is_secret(sense, last, value) else value
    if type(value) is dict and sense == Sense.SECRET and value:
        return {key: _mask(sense, key, item) for key, item in value.items()}
    return value


def _number_is_secret(sense: Sense, last: str, value: float) -> bool:
    if sense == Sense.CODE:
        return type(value) is int and value > 99
    return sense == Sense.SECRET and not last.endswith("s") and last not in ("key", "keys")
