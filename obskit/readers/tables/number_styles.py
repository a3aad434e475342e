"""Numbers and dates as people and spreadsheets write them, decided once per column from the first rows.

    "1,250.5"               1250.5      a comma and a point: the comma separates thousands
    250,5                   250.5       the comma cannot separate thousands
    1,250                   (text)      both are possible, unless other values of the column decide
    04.05.2026 10:00:00     2026-05-04  with points the day comes first
    25/04/2026, 05/13/2026  decided     by a number over 12; if there is none, the text stays

What is decided is said in the load report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

Style = Literal["thousands", "decimal comma", "unclear"]
Order = Literal["day first", "month first", "unclear"]

_US = re.compile(r"-?\d{1,3}(?:,\d{3})*(?:\.\d+)?$|-?\d+(?:\.\d+)?$")
_EU = re.compile(r"-?\d{1,3}(?:\.\d{3})*,\d+$|-?\d+(?:,\d+)?$")
_ONE_GROUP = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})$|-?\d+$")
_SLASHED = (
    r"^(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<year>\d{4}|\d{2})"
    r"(?:,?[ T](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?$"
)
_DATE = re.compile(_SLASHED)
_TIME_NAME = re.compile(
    r"(?i)time|date|stamp|^ts$|^at$|^when$|[_. ]at$|^@t$|^(?:start|end)(?:ed)?$|(?-i:[a-z]At)$"
)


@dataclass(frozen=True)
class DateStyle:
    """How the dates of a column are written.

    Attributes:
        order: which number is the day.
        point: whether points separate the numbers; then the day comes first.
        example: a value of the column.
    """

    order: Order
    point: bool
    example: str


def number_style(values: Iterable[str | None], delimiter: str = ",") -> Style | None:
    """Return what the commas in the numbers of a column mean.

    Args:
        values: the first values of the column.
        delimiter: between the fields of the table; with `;` the comma is for decimals, as in Excel.

    Returns:
        The style; None if the values are not numbers, or have no commas.

    Example:
        print(number_style(["1,250.5", "99.0"]), number_style(["250,5"]), number_style(["1,250"]))
    """
    seen = [value.strip() for value in values if value]
    if not any("," in value for value in seen):
        return None
    us, eu = all(map(_US.match, seen)), all(map(_EU.match, seen))
    if us and not eu:
        return "thousands"
    if eu and not us:
        return "decimal comma"
    if us and eu:
        return "decimal comma" if delimiter == ";" else "unclear"
    return None


def as_numbers(column: pa.Array, style: Style) -> pa.Array:
    """Return a text column with its numbers written as usual, such as "1250.5".

    Args:
        column: of text.
        style: what its commas mean.

    Returns:
        The column; values that do not fit the style stay as they are.

    Example:
        import pyarrow as pa

        print(as_numbers(pa.array(["1,250.5"]), "thousands"))
    """
    pattern = (_US if style == "thousands" else _EU).pattern
    fits = pc.match_substring_regex(column, f"^(?:{pattern})")
    if style == "unclear":
        return column
    if style == "thousands":
        plain = pc.replace_substring(column, ",", "")
    else:
        plain = pc.replace_substring(pc.replace_substring(column, ".", ""), ",", ".")
    return pc.if_else(pc.fill_null(fits, False), plain, column)


def date_style(name: str, values: Iterable[str | None]) -> DateStyle | None:
    """Return how the dates of a column are written, if its name is that of a time.

    Args:
        name: of the column.
        values: of the column.

    Returns:
        The style; None if the name is another one, or a value is not such a date.

    Example:
        print(date_style("Time", ["25/04/2026 10:00"]).order, date_style("Time", ["05/04/2026"]).order)
    """
    if not _TIME_NAME.search(name):
        return None
    seen = [value.strip() for value in values if value]
    found = [_DATE.match(value) for value in seen]
    if not seen or not all(found):
        return None
    point = all(value[match.end("a")] == "." for value, match in zip(seen, found, strict=True) if match)
    firsts = [int(match["a"]) for match in found if match]
    seconds = [int(match["b"]) for match in found if match]
    return DateStyle("day first" if point else order_of(firsts, seconds), point, seen[0])


def order_of(firsts: Sequence[int], seconds: Sequence[int]) -> Order:
    """Return which of the numbers of dates is the day, by numbers over 12.

    Args:
        firsts: the first number of each date.
        seconds: the second number of each date.

    Returns:
        The order; "unclear" also if both have numbers over 12.

    Example:
        print(order_of([5, 5], [4, 13]))
    """
    first, second = max(firsts, default=0) > 12, max(seconds, default=0) > 12
    if first == second:
        return "unclear"
    return "day first" if first else "month first"


def day_numbers(column: pa.Array) -> tuple[list[int], list[int]]:
    """Return the largest first and the largest second number of the dates of a column, as lists.

    Args:
        column: of text.

    Returns:
        Lists for `order_of`; empty if there is no date.

    Example:
        import pyarrow as pa

        print(day_numbers(pa.array(["05/13/2026"])))
    """
    parts = pc.extract_regex(column, _SLASHED)
    parts = parts.filter(pc.is_valid(parts))
    if not len(parts):
        return [], []
    return tuple(  # type: ignore[return-value]
        [pc.max(pc.cast(pc.struct_field(parts, name), pa.int32())).as_py()] for name in ("a", "b")
    )


def as_iso(column: pa.Array, order: Order) -> pa.Array:
    """Return dates as ISO 8601 text, such as "2026-05-04T10:00:00".

    Args:
        column: of text.
        order: which number is the day.

    Returns:
        The column; values that are not such dates stay as they are.

    Example:
        import pyarrow as pa

        print(as_iso(pa.array(["04.05.2026 10:00:00"]), "day first"))
    """
    text = pc.utf8_trim_whitespace(column)
    parts = pc.extract_regex(text, _SLASHED)

    def part(name: str) -> pa.Array:
        return pc.struct_field(parts, name)

    def two(values: pa.Array) -> pa.Array:
        return pc.utf8_lpad(values, 2, "0")

    day, month = ("a", "b") if order == "day first" else ("b", "a")
    year = pc.if_else(pc.equal(pc.utf8_length(part("year")), 2), _join("20", part("year")), part("year"))
    date = _join(year, "-", two(part(month)), "-", two(part(day)))
    hour = _hours(part("hour"), part("half"))
    second = pc.if_else(pc.equal(part("second"), ""), "00", part("second"))
    fraction = pc.if_else(pc.equal(part("part"), ""), "", _join(".", part("part")))
    time = _join("T", two(hour), ":", part("minute"), ":", second, fraction)
    iso = pc.if_else(pc.equal(part("hour"), ""), date, _join(date, time))
    return pc.coalesce(iso, column)


def _hours(hour: pa.Array, half: pa.Array) -> pa.Array:
    """Return hours of 24 as text: with "PM" 12 more, except after noon itself."""
    number = pc.cast(pc.if_else(pc.equal(hour, ""), "0", hour), pa.int32())
    lower = pc.utf8_lower(half)
    of_12 = pc.if_else(pc.equal(number, 12), 0, number)
    afternoon = pc.if_else(pc.equal(lower, "p"), pc.add(of_12, 12), of_12)
    return pc.cast(pc.if_else(pc.equal(lower, ""), number, afternoon), pa.string())


def _join(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")
