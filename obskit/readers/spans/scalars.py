"""Numbers and texts of a span as parsed from JSON, checked for use in a column."""

from __future__ import annotations

import math
import re
from typing import Any

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.schema.types import json_text

_DIGITS = re.compile(r"-?\d{1,19}", re.ASCII)
_INT64 = 2**63


def finite_number(value: Any, field: str) -> float:
    """Return a number that fits in 64 bits, given as a number or as decimal digits.

    Args:
        value: as parsed from JSON.
        field: its name, for the error.

    Returns:
        The number; digits give an integer.

    Raises:
        MalformedRecord: it is not a finite number, or does not fit in 64 bits.
    """
    if type(value) is str and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise MalformedRecord(f"{field} is not a number")
    if not -_INT64 <= value < _INT64:
        raise MalformedRecord(f"{field} does not fit in 64 bits")
    return value  # type: ignore[no-any-return]


def optional_text(value: Any) -> str | None:
    """Return a text, or anything else as JSON text; None for null and the empty text."""
    return None if value is None or value == "" else value if type(value) is str else json_text(value)


def column_value(value: Any) -> Any:
    """Return a value that a column can hold; objects and lists become JSON text."""
    return json_text(value) if type(value) is dict or type(value) is list else value
