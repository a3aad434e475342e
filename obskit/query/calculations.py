"""Calculations: `p99(duration_ms) as p99` read into what is to be counted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from obskit.engine import Condition, Expression, Scope, Token, parse_expression, tokenize
from obskit.errors import ConditionError, InvalidArgument, UnknownFunction
from obskit.names import nearest

NO_ARGUMENT = ("rate", "concurrency", "rows")
ONE_NUMBER = ("sum", "avg", "min", "max")
KNOWN = (
    "count",
    "share",
    *NO_ARGUMENT,
    *ONE_NUMBER,
    "count_distinct",
    "p50",
    "p90",
    "p95",
    "p99",
    "p999",
    "median",
)
_PERCENTILE = re.compile(r"p(\d{1,3})")


@dataclass(frozen=True)
class Calculation:
    """One column to be calculated.

    Attributes:
        name: of the column: what stands after `as`, else the text as written.
        text: as written, without the name.
        function: "count", "share", "rate", "concurrency", "rows", "sum", "avg", "min", "max",
            "count_distinct" or "percentile".
        argument: the value it is taken of, if any.
        condition: of `count` and `share`.
        q: of a percentile, in [0, 1].
    """

    name: str
    text: str
    function: str
    argument: Expression | None = None
    condition: Condition | None = None
    q: float | None = None

    @property
    def is_count(self) -> bool:
        """Whether nothing to count means 0, not null."""
        return self.function in ("count", "rate", "rows", "concurrency")

    @property
    def unit(self) -> bytes | None:
        """The unit of the column, for display."""
        if self.function == "share":
            return b"share"
        of = self.argument.text if self.argument is not None else ""
        return b"ms" if of == "duration_ms" and self.function != "count_distinct" else None


def parse_calculation(text: str, scope: Scope) -> Calculation:
    """Read one calculation.

    Raises:
        UnknownFunction: with the nearest names.
        ConditionError, UnknownField: its argument cannot be read.
    """
    if not isinstance(text, str):
        raise InvalidArgument(
            f"a calculation is text, not {type(text).__name__}",
            hint="such as 'count()' or 'p99(duration_ms) as p99'",
        )
    tokens = tokenize(text, scope.names.known)
    written, name = _named(text, tokens)
    tokens = [token for token in tokens if token.end <= len(written)]
    if len(tokens) < 3 or tokens[0].kind != "function" or tokens[1].value != "(" or not _closes_last(tokens):
        raise ConditionError(
            f"{text!r} is no calculation",
            hint=f"such as count(), p99(duration_ms) as p99; known: {', '.join(KNOWN)}",
        )
    inner = written[tokens[1].end : tokens[-1].at].strip()
    written = written.strip()
    return _build(tokens[0].value, inner, written, name or written, scope)


def _named(text: str, tokens: list[Token]) -> tuple[str, str | None]:
    """Split `calculation as NAME`."""
    if len(tokens) >= 2 and tokens[-2].kind == "name" and tokens[-2].value.lower() == "as":
        if tokens[-1].kind not in ("name", "quoted", "keyword") or not tokens[-1].value:
            raise ConditionError(f"{text!r}: no name after `as`", hint="p99(duration_ms) as p99")
        return text[: tokens[-2].at], tokens[-1].value
    return text, None


def _closes_last(tokens: list[Token]) -> bool:
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind == "symbol":
            depth += (token.value == "(") - (token.value == ")")
            if depth == 0 and token.value == ")":
                return at == len(tokens) - 1
    return False


def _build(function: str, inner: str, text: str, name: str, scope: Scope) -> Calculation:
    if function in ("count", "share"):
        if not inner or inner == "*":
            if function == "share":
                raise ConditionError("share needs a condition", hint="share(error) is the error rate")
            return Calculation(name, text, "count")
        return Calculation(name, text, function, condition=scope.condition(inner))
    if function in NO_ARGUMENT:
        if inner:
            raise ConditionError(f"{function} takes no argument, not {inner!r}", hint=f"{function}()")
        return Calculation(name, text, function)
    percentile = _PERCENTILE.fullmatch("p50" if function == "median" else function)
    if percentile is None and function not in (*ONE_NUMBER, "count_distinct"):
        near = nearest(function, KNOWN)
        raise UnknownFunction(
            f"there is no calculation {function!r}",
            hint=(f"the nearest are {', '.join(near)}; " if near else "") + f"known: {', '.join(KNOWN)}",
        )
    if not inner:
        raise ConditionError(f"{function} needs a field", hint=f"{function}(duration_ms)")
    argument = parse_expression(inner, scope.schema, newest=scope.newest, names=scope.names)
    if function != "count_distinct":
        _orderly(function, argument, scope)
    if percentile is None:
        return Calculation(name, text, function, argument)
    digits = percentile[1]
    if digits == "100":
        raise UnknownFunction(
            "p100 reads as 10.0%", hint="max(...) is the greatest value, p10(...) the tenth"
        )
    return Calculation(
        name, text, "percentile", argument, q=int(digits) / (1000 if len(digits) == 3 else 100)
    )


def _orderly(function: str, argument: Expression, scope: Scope) -> None:
    kind = argument.to_ibis(scope.table).type()
    if kind.is_numeric() and not kind.is_boolean():
        return
    if function in ("min", "max") and (kind.is_timestamp() or kind.is_string()):
        return
    raise ConditionError(
        f"{function} needs numbers, and {argument.text} is {kind}",
        hint=f"{function}(duration_ms), share(error)",
    )


def parse_calculations(texts: tuple[str, ...], scope: Scope) -> list[Calculation]:
    """Read calculations, `count()` if there are none.

    Raises:
        InvalidArgument: two columns of one name.
    """
    found = [parse_calculation(text, scope) for text in texts or ("count()",)]
    seen: set[str] = set()
    for calculation in found:
        if calculation.name.lower() in seen:
            raise InvalidArgument(
                f"two columns would be called {calculation.name!r}",
                hint="name them: p99(duration_ms) as slow",
            )
        seen.add(calculation.name.lower())
    return found
