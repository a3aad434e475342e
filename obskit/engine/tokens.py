"""Split the text of a condition into tokens, before sqlglot parses it.

sqlglot would read `k8s.label.app.kubernetes.io/name` as a division and `select.id` as a statement, so field
names are found here: the longest known name wins, and any name may be in double quotes. sqlglot gets none of
the user's text: `http.route = '/book'` becomes `"n0" = 's0'`, so no name or value can change what is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from obskit.errors import ConditionError, LimitExceeded

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 200  # of parentheses; people write 5
MAX_TERMS = 2_000  # connected by `and` and `or`: each takes about a millisecond
MAX_TOKENS = 20_100  # a list of 10,000 values has 20,000

KEYWORDS = frozenset(
    {"and", "or", "not", "in", "between", "like", "ilike", "is", "null", "true", "false", "escape"}
)
_STATEMENTS = frozenset(
    {
        "select",
        "insert",
        "update",
        "delete",
        "drop",
        "create",
        "alter",
        "attach",
        "copy",
        "pragma",
        "with",
        "from",
    }
)
_SYMBOLS = ("<>", "!=", "<=", ">=", "==", "||", "=", "<", ">", "(", ")", ",", "+", "-", "*", "/", "%")
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[^\W\d][\w.]*")
_SPACE = re.compile(r"\s+")
_BARE = re.compile(r"[\w.\-/:@#~$]+")  # known names that need no quotes
_PLAIN = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*", re.ASCII)  # names that read the same in any schema


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a condition.

    Attributes:
        kind: "name", "quoted", "string", "number", "function", "keyword" or "symbol".
        value: the text without its quotes.
        at, end: its place in the text, [at, end).
    """

    kind: str
    value: str
    at: int
    end: int


class KnownNames:
    """The names that need no quotes; finds the longest one at a place in a text.

    Args:
        names: field names; those that contain spaces, quotes or operators still need double quotes.
        verbatim: names that match as they are written, whatever they contain, such as `p99(duration_ms)`.
    """

    def __init__(self, names: Iterable[str], verbatim: Iterable[str] = ()) -> None:
        bare = (name.lower() for name in names if _needs_no_quotes(name))
        self._names = frozenset(bare) | frozenset(name.lower() for name in verbatim if name)
        # Few distinct lengths, so a match is a handful of lookups, whatever the number of fields.
        self._lengths = sorted({len(name) for name in self._names}, reverse=True)

    def match(self, text: str, lowered: str, at: int) -> int:
        """Return the length of the longest known name that begins at `at`, or 0."""
        for length in self._lengths:
            end = at + length
            if lowered[at:end] in self._names and _ends_name(text, end):
                return length
        return 0


def _needs_no_quotes(name: str) -> bool:
    return (
        bool(_BARE.fullmatch(name))
        and name.lower() not in KEYWORDS
        and any(c.isalpha() or c == "_" for c in name)
        and not _NUMBER.fullmatch(name)
        and "--" not in name
        and (name[0].isalnum() or name[0] in "_@#$")
    )


def _ends_name(text: str, end: int) -> bool:
    if end >= len(text) or text[end - 1] == ")":
        return True
    return not (text[end].isalnum() or text[end] in "_.")


def _is_called(text: str, at: int, end: int) -> bool:
    """Whether a plain word is called: `length(x)` is a call even if there is a field `length`."""
    space = _SPACE.match(text, end)
    return text.startswith("(", space.end() if space else end) and bool(_WORD.fullmatch(text, at, end))


def tokenize(text: str, known: KnownNames) -> list[Token]:
    """Split a condition into tokens.

    Args:
        text: the condition.
        known: the field names that need no quotes.

    Returns:
        The tokens in order, without the whitespace between them.

    Raises:
        ConditionError: the text has a character or comment that conditions do not allow, an open quote, or
            parentheses more than 200 deep.
        LimitExceeded: the text has more than a million characters, 2,000 `and` and `or`, or 20,100 tokens.
    """
    if len(text) > MAX_CHARACTERS:
        raise LimitExceeded(
            f"the condition has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}",
            hint="split it into several `where` calls",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConditionError(
            f"character {error.start + 1} is half of a surrogate pair, which UTF-8 cannot encode",
            hint="write the whole character",
        ) from None
    lowered = text.lower()
    if len(lowered) != len(text):  # 'İ' and a few others become two characters; keep one each
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    tokens: list[Token] = []
    at = depth = 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
            continue
        token = _next_token(text, lowered, at, known)
        depth += (token.value == "(") - (token.value == ")") if token.kind == "symbol" else 0
        if depth > MAX_DEPTH:
            raise ConditionError(
                f"parentheses nest more than {MAX_DEPTH} deep at character {at + 1}",
                hint="remove the parentheses around the parts of `and` and `or`",
            )
        tokens.append(token)
        at = token.end
    _check_size(tokens)
    return tokens


def _check_size(tokens: list[Token]) -> None:
    connectives = sum(token.kind == "keyword" and token.value in ("and", "or") for token in tokens)
    if connectives > MAX_TERMS:
        raise LimitExceeded(
            f"the condition has {connectives:,} `and` and `or`; the limit is {MAX_TERMS:,}",
            hint="write field in ('a', 'b', ...) for many values of one field, or split it into several "
            "`where` calls",
        )
    if len(tokens) > MAX_TOKENS:
        raise LimitExceeded(
            f"the condition has {len(tokens):,} words, values and symbols; the limit is {MAX_TOKENS:,}, "
            "which is enough for a list of 10,000 values",
            hint="use fewer values: split them into several queries, or derive a field that groups them",
        )


def _next_token(text: str, lowered: str, at: int, known: KnownNames) -> Token:
    if text.startswith(("--", "/*"), at) and not known.match(text, lowered, at):
        raise ConditionError(
            f"a comment begins at character {at + 1}, but conditions cannot have comments",
            hint="remove the comment, or write `- -x` for a double minus",
        )
    first = text[at]
    if first in "'\"":
        return _quoted_token(text, at, first)
    length = known.match(text, lowered, at)
    if length and not _is_called(text, at, at + length):
        return Token("name", text[at : at + length], at, at + length)
    if number := _NUMBER.match(text, at):
        end = number.end()
        if end < len(text) and (text[end].isalpha() or text[end] == "_"):
            tail = _BARE.match(text, at)
            raise ConditionError(
                f"{_shortened(text[at : tail.end() if tail else end])!r} at character {at + 1} is neither a "
                "number nor a known field",
                hint="put a field name in double quotes and a value in single quotes",
            )
        return Token("number", number.group(), at, end)
    if word := _WORD.match(text, at):
        return _word_token(text, word, at)
    for symbol in _SYMBOLS:
        if text.startswith(symbol, at):
            return Token("symbol", symbol, at, at + len(symbol))
    raise _unexpected_character(text, at)


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _word_token(text: str, word: re.Match[str], at: int) -> Token:
    value, end = word.group(), word.end()
    value = value.rstrip(".")
    end = at + len(value)
    low = value.lower()
    if low in KEYWORDS:
        return Token("keyword", low, at, end)
    after = _SPACE.match(text, end)
    rest = after.end() if after else end
    if text.startswith("(", rest):
        if low in _STATEMENTS:
            raise ConditionError(
                f"`{low}` at character {at + 1}: a condition cannot contain a statement or a subquery",
                hint="write what must be true of a row, such as duration_ms > 500",
            )
        return Token("function", low, at, end)
    if low in _STATEMENTS and rest < len(text) and (text[rest].isalnum() or text[rest] in "*\"'"):
        raise ConditionError(
            f"`{low}` at character {at + 1}: a condition cannot contain a statement or a subquery",
            hint="write what must be true of a row, such as duration_ms > 500; put a field of that name "
            f'in double quotes: "{value}"',
        )
    return Token("name", value, at, end)


def _quoted_token(text: str, at: int, quote: str) -> Token:
    end = at + 1
    while True:
        end = text.find(quote, end)
        if end < 0:
            raise ConditionError(
                f"the quote at character {at + 1} is never closed",
                hint="close it; write a quote inside a value twice: 'it''s'",
            )
        if not text.startswith(quote, end + 1):
            break
        end += 2
    value = text[at + 1 : end].replace(quote * 2, quote)
    return Token("string" if quote == "'" else "quoted", value, at, end + 1)


def _unexpected_character(text: str, at: int) -> ConditionError:
    character = text[at]
    hints = {
        ";": "write one expression, without `;`",
        "&": "write `and`",
        "|": "write `or`",
        "!": "write `not`, or != between two values",
        "`": 'put field names in double quotes: "http.route"',
        "\\": "a backslash is only allowed inside single quotes",
        "~": "write regexp_matches(field, 'pattern')",
        "[": "write field = 'value' to test whether a list contains a value",
    }
    return ConditionError(
        f"{character!r} at character {at + 1} is not allowed in a condition",
        hint=hints.get(character, "put values in single quotes and unusual field names in double quotes"),
    )


def quote_name(name: str) -> str:
    """Write a field name as conditions read it: in double quotes where it needs them."""
    if _PLAIN.fullmatch(name) and name.lower() not in KEYWORDS | _STATEMENTS:
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_string(value: str) -> str:
    """Write a text value in single quotes."""
    return "'" + value.replace("'", "''") + "'"


def starts_operand(before: Token | None) -> bool:
    """Whether an operand starts after this token, so that `-` or `+` is a sign."""
    return before is None or before.kind == "keyword" or (before.kind == "symbol" and before.value != ")")


def render(tokens: Iterable[Token]) -> str:
    """Write tokens in one canonical spelling; the text reads back as the same tokens."""
    out: list[str] = []
    previous: Token | None = None
    signed = False
    for token in tokens:
        if token.kind in ("name", "quoted"):
            word = quote_name(token.value)
        elif token.kind == "string":
            word = quote_string(token.value)
        else:
            word = {"==": "=", "<>": "!="}.get(token.value, token.value)
        tight = previous is None or (previous.value == "(" and previous.kind == "symbol")
        if token.kind == "symbol" and token.value in "),":
            tight = True
        if token.kind == "symbol" and token.value == "(" and previous and previous.kind == "function":
            tight = True
        if signed and token.kind == "number":
            tight = True
        signed = token.value == "-" and token.kind == "symbol" and starts_operand(previous)
        out.append(word if tight else " " + word)
        previous = token
    return "".join(out)
