"""Compute the template of a log message: its text with `<*>` in place of what varies.

    Lease 4711 of /var/lib/x lost after 250 ms                 Lease <*> of <*> lost after <*> ms
    {"level": "info", "msg": "seat 12A sold"}                  seat <*> sold
    payment failed\n  File "pay.py", line 12                   payment failed

A template is a function of the text alone, so it does not depend on the other rows, their order or the batch
they came in, and the template of a template is itself. Masks that are cheap run over all rows; they leave few
distinct texts, and only those go through the expensive ones. RE2 matches in linear time.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema.message_text import message_of

WILDCARD = "<*>"
"""What a template has in place of a value, as other tools write it too."""

LONGEST = 2_000
"""Characters of a template; what follows in the message is not looked at."""

_LONGEST_TEXT = 20_000
_SAMPLE = 10_000  # rows that tell whether texts repeat
_REPEATS = 0.5  # share of distinct texts in the sample up to which they are coded first
_ROUNDS = 8  # a mask can expose another one's match; two rounds are usual

_SEPARATORS = r"\s,;=()\[\]{}\"'<>|:"
_WITH_DIGIT = rf"[^{_SEPARATORS}]*\d[^{_SEPARATORS}]*"
# Neighbors are one match, which is cheaper; the last mask would join them anyway.
_WITH_DIGITS = rf"{_WITH_DIGIT}(?:[\s,:;|]+{_WITH_DIGIT})*"
_BEGIN = rf"(^|[{_SEPARATORS}])"  # RE2 has no lookbehind: the separator is captured and put back
_VALUE = r"(?:<\*>|[^\s\"'<>])"
_PATH_PART = rf"(?:<\*>|[^{_SEPARATORS}])"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_TOP_LEVEL = (
    "com|net|org|edu|gov|mil|info|biz|io|dev|app|cloud|local|localdomain|internal|lan|corp|arpa|svc|test"
    "|example"
)
# `https://a1.shop` has become `https:<*>` by then, for a colon separates and a slash does not.
_SCHEME = r"\b(?:https?|wss?|s?ftps?|grpcs?|file|s3|amqps?|rediss?|kafka|nats|mongodb|mysql|postgres(?:ql)?)"
_JSON_VALUE = r":\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\",{}\[\]]+)"
_JSON_OBJECT = r"^\{\s*\".*\}$"

# Masks of distinct texts without digits, in this order: (pattern, replacement).
_MASKS = (
    (
        rf"[A-Za-z][A-Za-z0-9+.-]*://{_VALUE}+"
        rf"|{_SCHEME}:<\*>{_VALUE}*"
        r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
        rf"|(?:\b{_WEEKDAY},?\s+)?(?:\b{_MONTH}\s+<\*>|<\*>[\s-]+{_MONTH}\b)"
        rf"|\b[A-Za-z0-9][\w-]*(?:\.[\w-]+)*\.(?:{_TOP_LEVEL})(?:\.[a-z]{{2}})?\b"
        r"|\bwww(?:\.[\w-]+)+"
        r"|\b[a-f]{8,}\b|\b[A-F]{8,}\b",
        WILDCARD,
    ),
    (rf"{_BEGIN}(?:[A-Za-z]:\\|\\\\|\.{{0,2}}/|~/){_PATH_PART}+", rf"\1{WILDCARD}"),
    # Other hosts, such as db.prod.shop; com.shop.Cart is the name of a class.
    (r"\b[a-z][a-z0-9-]*(?:\.[a-z0-9-]+){2,}([^\w.$-]|$)", rf"{WILDCARD}\1"),
    (r"<\*>(?:[\s,:;.|/\\@#-]*<\*>)+", WILDCARD),
)


def templates(body: pa.Array) -> pa.DictionaryArray:
    """Return the template of each message.

    Args:
        body: texts of log records; nulls stay null.

    Returns:
        Dictionary array of the same length. An empty text has an empty template.

    Cost: about half a second of one core per million texts; a twentieth of it where they repeat.
    """
    if _repeats(body):
        coded = body.dictionary_encode()
        made = _templates(coded.dictionary)
        return pa.DictionaryArray.from_arrays(made.indices.take(coded.indices), made.dictionary)
    return _templates(body)


def _repeats(body: pa.Array) -> bool:
    head = body.slice(0, _SAMPLE)
    return bool(len(head) and pc.count_distinct(head).as_py() <= _REPEATS * len(head))


def _templates(texts: pa.Array) -> pa.DictionaryArray:
    masked = pc.replace_substring_regex(_shortened(message_of(texts), _LONGEST_TEXT), _WITH_DIGITS, WILDCARD)
    shapes = masked.dictionary_encode()
    again = _shortened(_settle(shapes.dictionary), LONGEST).dictionary_encode()  # shapes that became one
    return pa.DictionaryArray.from_arrays(again.indices.take(shapes.indices), again.dictionary)


def _settle(texts: pa.Array) -> pa.Array:
    """Apply the masks until no text changes."""
    out = _masked(texts)
    changed = pc.not_equal(out, texts)
    for _ in range(_ROUNDS):
        if not pc.any(changed, min_count=0).as_py():
            break
        before = out.filter(changed)
        after = _masked(before)
        out = pc.replace_with_mask(out, changed, after)
        changed = pc.replace_with_mask(changed, changed, pc.not_equal(after, before))
    return out


def _masked(texts: pa.Array) -> pa.Array:
    texts = pc.utf8_trim_whitespace(texts)
    objects = pc.match_substring_regex(texts, _JSON_OBJECT)
    if pc.any(objects, min_count=0).as_py():
        keys = pc.replace_substring_regex(texts, r"\[[^\[\]{}]*\]", WILDCARD)
        keys = pc.replace_substring_regex(keys, _JSON_VALUE, f": {WILDCARD}")
        texts = pc.if_else(objects, keys, texts)
    for pattern, replacement in _MASKS:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts


def _shortened(texts: pa.Array, most: int) -> pa.Array:
    longest = pc.max(pc.binary_length(texts)).as_py()
    return texts if (longest or 0) <= most else pc.utf8_slice_codeunits(texts, 0, most)
