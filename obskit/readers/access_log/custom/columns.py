"""Turn the columns of a layout that the caller gave into fields of access logs."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.custom.directives import Variable
from obskit.readers.access_log.custom.layout import CustomLayout
from obskit.readers.access_log.custom.times import read_times
from obskit.readers.access_log.field_mapping import add_column
from obskit.schema.parse import parse

Columns = dict[str, pa.Array]

_UNNAMED = re.compile(r"[^\w.-]+")


def standard_columns(given: Columns, custom: CustomLayout, tz: str | None) -> Columns:
    """Return columns by the names that `field_mapping` takes.

    Args:
        given: column by the group of the layout.
        custom: the layout.
        tz: time zone of times without one; None is UTC.

    Returns:
        Columns by field.
    """
    out = {name: values for name, values in given.items() if not name.startswith("_")}
    times: list[tuple[str, pa.Array]] = []
    for name, variable in custom.variables.items():
        values = given.get(name)
        if values is not None:
            _add(out, variable, values, times)
    if times:
        add_column(out, "micros", read_times(times, tz))
    return out


def _add(out: Columns, variable: Variable, values: pa.Array, times: list[tuple[str, pa.Array]]) -> None:
    field = variable.field
    if field == "strftime":
        times.append((variable.argument, values))
    elif field in ("iso", "epoch"):
        add_column(out, "micros", parse(values, "timestamp").cast(pa.int64()))
    elif field == "protocol":
        add_column(out, "version", pc.replace_substring_regex(values, "^HTTP/", ""))
    elif field == "query_mark":
        add_column(out, "query", pc.replace_substring_regex(values, r"^\?", ""))
    elif "." in field:
        add_column(out, field, values)
    elif field:
        # Another variable has filled the field: this one keeps its own name.
        add_column(out, f"access_log.{_UNNAMED.sub('', variable.text)}", values)


def decode_json(text: str) -> str:
    r"""Decode the escapes of a JSON string, such as `\u0022`; other text stays as it is."""
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text
