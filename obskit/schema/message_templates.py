"""Render the messages of Serilog and others that log a template and its properties.

    @mt "Paid {Amount:0.00} for {User}", Amount 1.5, User "u1"     body: Paid 1.5 for u1

Values are shown as they are in the source: formats and alignments (`:0.00`, `,10`) are left out, unless the
source has the formatted text (`@r`). A hole without a value, or with an object, stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names.flat_fields import flat_field
from obskit.schema.flatten import Column
from obskit.schema.types import to_text

_HOLE = re.compile(r"\{\{|\}\}|\{[@$]?(?P<name>[A-Za-z0-9_.]+)(?:,-?\d+)?(?P<format>:[^{}]+)?\}")
_TEMPLATES = ("@mt", "MessageTemplate", "messageTemplate", "messageTemplate.text", "MessageTemplate.Text")
_PROPERTIES = ("", "Properties.", "properties.")


class _Hole(NamedTuple):
    """A place for a value: its property, how the template writes it, and whether it has a format."""

    name: str
    written: str
    formatted: bool


@lru_cache(10_000)
def _parts(template: str) -> tuple[str | _Hole, ...]:
    """Return the texts and holes of a template."""
    parts: list[str | _Hole] = []
    at = 0
    for found in _HOLE.finditer(template):
        parts.append(template[at : found.start()])
        if found["name"] is None:
            parts.append(found[0][0])
        else:
            parts.append(_Hole(found["name"], found[0], found["format"] is not None))
        at = found.end()
    return (*parts, template[at:])


def rendered(have: Mapping[str, Column]) -> tuple[Column, pa.Array] | None:
    """Return the messages of rows that have a template and no message.

    Args:
        have: flat columns by name.

    Returns:
        The column of the templates, and the messages: null in rows with a message of their own, or without a
        template. None if there are no such rows.
    """
    name = next((name for name in _TEMPLATES if name in have), None)
    if name is None or not pa.types.is_string(have[name].values.type):
        return None
    column = have[name]
    wanted = pc.is_valid(column.values)
    for other, values in have.items():
        meaning = flat_field(other)
        target = other if meaning is None else meaning.target
        if target == "body" and pa.types.is_string(values.values.type):
            wanted = pc.and_(wanted, pc.is_null(values.values))
    if not pc.any(wanted, min_count=0).as_py():
        return None
    return column, _Renderer(have).render(pc.if_else(wanted, column.values, pa.scalar(None, pa.string())))


class _Renderer:
    """Fills the holes of templates from columns."""

    def __init__(self, have: Mapping[str, Column]) -> None:
        self._have = have
        self._texts: dict[str, list[str | None] | None] = {}
        formatted = have.get("@r")
        is_list = formatted is not None and pa.types.is_list(formatted.values.type)
        self._formatted: list[Any] | None = formatted.values.to_pylist() if formatted and is_list else None

    def render(self, templates: pa.Array) -> pa.Array:
        """Return the message of each template."""
        messages = [
            None if template is None else self._message(template, row)
            for row, template in enumerate(templates.to_pylist())
        ]
        return pa.array(messages, pa.string())

    def _message(self, template: str, row: int) -> str:
        formatted = iter((self._formatted[row] or ()) if self._formatted else ())
        out = []
        for part in _parts(template):
            if isinstance(part, str):
                out.append(part)
                continue
            text = next(formatted, None) if part.formatted else None
            if type(text) is not str:
                texts = self._property(part.name)
                text = None if texts is None else texts[row]
            out.append(part.written if text is None else text)
        return "".join(out)

    def _property(self, name: str) -> list[str | None] | None:
        """Return the values of a property as text; None if no row has it."""
        if name not in self._texts:
            column = next(
                (c for prefix in _PROPERTIES if (c := self._have.get(prefix + name)) is not None), None
            )
            self._texts[name] = None if column is None else to_text(column.values).to_pylist()
        return self._texts[name]
