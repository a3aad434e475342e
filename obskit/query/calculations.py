"""Parse calculations such as `p99(duration_ms) as p99`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from obskit.encryption import PREFIX
from obskit.engine import Condition, Expression, Scope, Token, tokenize
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
        name: the name of the column: the one after `as`, else the text as written.
        text: the calculation as written, without `as NAME`.
        function: "count", "share", "rate", "concurrency", "rows", "sum", "avg", "min", "max",
            "count_distinct" or "percentile".
        argument: the value that is summed, averaged and so on, if any.
        condition: the condition of `count` and `share`, if any.
        q: the rank of a percentile, in [0, 1].
    """

    name: str
    text: str
    function: str
    argument: Expression | None = None
    condition: Condition | None = None
    q: float | None = None

    @property
    def written(self) -> str:
        """The calculation with its name, as `query` reads it."""
        name = self.name.replace('"', '""')
        return self.text if self.name == self.text else f'{self.text} as "{name}"'

    @property
    def is_count(self) -> bool:
        """Whether the value is 0, not null, if there are no rows."""
        return self.function in ("count", "rate", "rows", "concurrency")

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it names."""
        parts = (self.argument, self.condition)
        return frozenset().union(*(part.fields for part in parts if part is not None))

    @property
    def unit(self) -> bytes | None:
        """The unit of the column, for display."""
        if self.function == "share":
            return b"share"
        of = self.argument.text if self.argument is not None else ""
        return b"ms" if of == "duration_ms" and self.function != "count_distinct" else None


def fields_of(names: Sequence[str], calculations: Sequence[Calculation]) -> frozenset[str]:
    """Return the fields that a query names: those it groups by, and those it calculates with."""
    return frozenset(names).union(*(calculation.fields for calculation in calculations))


def parse_calculation(text: str, scope: Scope) -> Calculation:
    """Parse one calculation.

    Args:
        text: such as "p99(duration_ms) as p99".
        scope: the fields that it may use.

    Returns:
        The calculation.

    Raises:
        UnknownFunction: no calculation has that name; the hint has the nearest names.
        ConditionError, UnknownField: the text is not a calculation, or its argument cannot be parsed.
        InvalidArgument: the calculation is not text.
    """
    if not isinstance(text, str):
        raise InvalidArgument(
            f"a calculation must be text, got {type(text).__name__}",
            hint="write it as in 'count()' or 'p99(duration_ms) as p99'",
        )
    tokens = tokenize(text, scope.names.known)
    written, name = _split_name(text, tokens)
    tokens = [token for token in tokens if token.end <= len(written)]
    if len(tokens) < 3 or tokens[0].kind != "function" or tokens[1].value != "(" or not _is_one_call(tokens):
        raise ConditionError(
            f"{text!r} is not a calculation",
            hint=f"write one such as count(); calculations are {', '.join(KNOWN)}",
        )
    inner = written[tokens[1].end : tokens[-1].at].strip()
    written = written.strip()
    return _build(tokens[0].value, inner, written, name or written, scope)


def _split_name(text: str, tokens: list[Token]) -> tuple[str, str | None]:
    """Split `calculation as NAME`."""
    if len(tokens) >= 2 and tokens[-2].kind == "name" and tokens[-2].value.lower() == "as":
        if tokens[-1].kind not in ("name", "quoted", "keyword") or not tokens[-1].value:
            raise ConditionError(
                f"{text!r} has no name after `as`", hint="for example: p99(duration_ms) as p99"
            )
        return text[: tokens[-2].at], tokens[-1].value
    return text, None


def _is_one_call(tokens: list[Token]) -> bool:
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
                raise ConditionError(
                    "share needs a condition", hint="for example: share(error), the error rate"
                )
            return Calculation(name, text, "count")
        condition = scope.condition(inner)
        if scope.decryption is not None and PREFIX in condition.text:  # names and queries are kept in files
            stored = f"{function}({condition.text})"
            name, text = stored if name == text else name, stored
        return Calculation(name, text, function, condition=condition)
    if function in NO_ARGUMENT:
        if inner:
            raise ConditionError(f"{function} takes no argument, got {inner!r}", hint=f"write {function}()")
        return Calculation(name, text, function)
    percentile = _PERCENTILE.fullmatch("p50" if function == "median" else function)
    if percentile is None and function not in (*ONE_NUMBER, "count_distinct"):
        near = nearest(function, KNOWN)
        raise UnknownFunction(
            f"there is no calculation {function!r}",
            hint=(f"the nearest are {', '.join(near)}; " if near else "")
            + f"calculations are {', '.join(KNOWN)}",
        )
    if not inner:
        raise ConditionError(f"{function} needs a field", hint=f"for example: {function}(duration_ms)")
    argument = scope.expression(inner, encrypted=function == "count_distinct")
    if function != "count_distinct":
        _check_type(function, argument, scope)
    if percentile is None:
        return Calculation(name, text, function, argument)
    digits = percentile[1]
    if digits == "100":
        raise UnknownFunction(
            "p100 would be the 10.0th percentile",
            hint="use max(...) for the greatest value, p10(...) for the 10th percentile",
        )
    return Calculation(
        name, text, "percentile", argument, q=int(digits) / (1000 if len(digits) == 3 else 100)
    )


def _check_type(function: str, argument: Expression, scope: Scope) -> None:
    kind = argument.to_ibis(scope.table_with(argument.fields)).type()
    if kind.is_numeric() and not kind.is_boolean():
        return
    if function in ("min", "max") and (kind.is_timestamp() or kind.is_string()):
        return
    raise ConditionError(
        f"{function} needs numbers, but {argument.text} is {kind}",
        hint=f"for example: {function}(duration_ms)",
    )


def parse_calculations(texts: tuple[str, ...], scope: Scope) -> list[Calculation]:
    """Parse calculations.

    Args:
        texts: one text per column; empty for `count()`.
        scope: the fields that they may use.

    Returns:
        The calculations in the same order.

    Raises:
        InvalidArgument: two columns have the same name.
        ConditionError, UnknownField, UnknownFunction: as `parse_calculation`.
    """
    found = [parse_calculation(text, scope) for text in texts or ("count()",)]
    seen: set[str] = set()
    for calculation in found:
        if calculation.name.lower() in seen:
            raise InvalidArgument(
                f"two columns would be called {calculation.name!r}",
                hint="name one of them with `as`: p99(duration_ms) as slow",
            )
        seen.add(calculation.name.lower())
    return found
