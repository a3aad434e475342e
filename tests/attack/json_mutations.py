"""Mutations of JSON that know its structure: a random place gets another value, key or number of items."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

# Raw JSON, so that it may hold what Python cannot write: 1e400, lone surrogates, a thousand levels.
VALUES = [
    *(
        "[]",
        "{}",
        '"x"',
        "5",
        "true",
        "null",
        "[null]",
        "1e400",
        "-1e400",
        "1e-400",
        "-0.0",
        "NaN",
        '""',
        "-1",
    ),
    *(
        "[[]]",
        "[{}]",
        '{"":{}}',
        '{"a":null}',
        "[1,2]",
        '["a",1,null,{}]',
        '[{"key":5,"value":5}]',
        "0",
        "0.5",
    ),
    *(
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\u0000"',
        '"\\u202e"',
        '"\u00e9"',
        '"NaN"',
        '"1e400"',
        '"-1"',
        '"0x10"',
    ),
    *("9" * 400, "-" + "9" * 25, "18446744073709551616", "9223372036854775808", "-9223372036854775809"),
    *(
        "[" * 63 + "]" * 63,
        "[" * 2000 + "]" * 2000,
        '{"a":' * 70 + "1" + "}" * 70,
        '{"a":' * 900 + "1" + "}" * 900,
    ),
    *(
        '{"stringValue":5}',
        '{"kvlistValue":[]}',
        '{"arrayValue":{"values":{}}}',
        '{"intValue":"x"}',
        '{"bytesValue":"%"}',
    ),
    *(
        '{"kvlistValue":{"values":[5]}}',
        '{"kvlistValue":{"values":[{"key":5}]}}',
        '{"arrayValue":5}',
        '{"intValue":1e300}',
    ),
    *('"2026-05-04T10:00:00Z"', '"0000-00-00T00:00:00Z"', '"9999-12-31T23:59:60Z"', '"' + "x" * 70_000 + '"'),
    *('"2026-05-04T10:00:00+99:99"', "1777888800", "1e18", "253402300800000000000", '"9223372036854775807"'),
]
KEYS = [
    *(
        "",
        "\ud800",
        "\0",
        "a.b",
        ".",
        "..",
        "a" * 5000,
        "timestamp",
        "name",
        "NAME",
        "attributes",
        "name~2",
        '"',
        "'",
    ),
    *(
        "attributes.timestamp",
        "event_count",
        "sample_weight",
        "trace_id",
        "obskit.unfinished",
        "events",
        "links",
    ),
    *("resourceSpans", "resourceLogs", "spans", "data", "traceId", "key", "value", "é", "e\u0301", "ſ", "K"),
]
_MARK = "\ue000attack{}\ue000"


class _Document:
    """A parsed document and the raw texts that its placeholders become."""

    def __init__(self, value: Any, rng: random.Random) -> None:
        self.value, self.rng, self.raw = value, rng, list[str]()

    def places(self) -> list[tuple[Any, Any]]:
        """Return each place as its container and the key or index in it."""
        found: list[tuple[Any, Any]] = []
        waiting = [self.value]
        while waiting:
            item = waiting.pop()
            inner = (
                item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
            )
            for key, value in inner:
                found.append((item, key))
                waiting.append(value)
        return found

    def placeholder(self, raw: str) -> str:
        self.raw.append(raw)
        return _MARK.format(len(self.raw) - 1)

    def text(self, **how: Any) -> str:
        text = json.dumps(self.value, ensure_ascii=False, **how)
        for number, raw in enumerate(self.raw):
            text = text.replace(json.dumps(_MARK.format(number), ensure_ascii=False), raw)
        return text


def _replace(document: _Document, container: Any, key: Any) -> None:
    container[key] = document.placeholder(document.rng.choice(VALUES))


def _stringify(document: _Document, container: Any, key: Any) -> None:
    value = container[key]
    if isinstance(value, str):
        container[key] = document.placeholder(value if value.isdigit() else "5")
    else:
        container[key] = json.dumps(value)


def _wrap(document: _Document, container: Any, key: Any) -> None:
    value = container[key]
    container[key] = document.rng.choice([[value], {"a": value}, [value, value], [[value]], {"value": value}])


def _remove(document: _Document, container: Any, key: Any) -> None:
    del container[key]


def _rename(document: _Document, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        other = document.rng.choice([*KEYS, *(key.upper(), key[:-1], key + ".x", key + "~2")])
        value = container.pop(key)
        container[other] = value


def _repeat(document: _Document, container: Any, key: Any) -> None:
    value = container[key]
    times = document.rng.choice([1, 2, 50])
    if isinstance(container, list):
        container[key:key] = [value] * times
    else:
        for number in range(times):
            container[f"{key}{number}"] = value


def _copy(document: _Document, container: Any, key: Any) -> None:
    other, place = document.rng.choice(document.places())
    # Through text: a container put into itself would never end.
    container[key] = json.loads(json.dumps(other[place]))


def _duplicate_key(document: _Document, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        again = json.dumps(key) + ":" + document.rng.choice(VALUES)
        value = json.dumps(container[key], ensure_ascii=False)
        container[key] = document.placeholder(f"{value},{again}")


CHANGES: tuple[Callable[[_Document, Any, Any], None], ...] = (
    *(
        _replace,
        _replace,
        _replace,
        _replace,
        _stringify,
        _wrap,
        _remove,
        _rename,
        _repeat,
        _copy,
        _duplicate_key,
    ),
)


def mutate_json(rng: random.Random, data: bytes) -> bytes | None:
    """Change one to three places of a JSON document, or of one line of JSON lines.

    Returns:
        The changed bytes; None if the data is not JSON.
    """
    lines = data.splitlines(keepends=True)
    whole = _parsed(data)
    if whole is not None:
        return _mutated(rng, whole[0], indented=b"\n " in data)
    at = rng.randrange(len(lines)) if lines else 0
    one = _parsed(lines[at]) if lines else None
    if one is None:
        return None
    return b"".join([*lines[:at], _mutated(rng, one[0], indented=False) + b"\n", *lines[at + 1 :]])


def _parsed(data: bytes) -> list[Any] | None:
    try:
        return [json.loads(data)]
    except (ValueError, RecursionError):
        return None


def _mutated(rng: random.Random, value: Any, *, indented: bool) -> bytes:
    if rng.random() < 0.03:
        return rng.choice(VALUES).encode("utf-8", "surrogatepass")
    document = _Document(value, rng)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        places = document.places()
        if not places:
            break
        rng.choice(CHANGES)(document, *rng.choice(places))
    style: dict[str, Any] = (
        {"indent": 2} if indented else {"separators": rng.choice([(",", ":"), (", ", ": ")])}
    )
    # A lone surrogate that is a key is written as its escape, as JSON allows.
    return document.text(**style).encode("utf-8", "backslashreplace")
