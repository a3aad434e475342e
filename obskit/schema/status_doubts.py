"""Find fields that look like HTTP statuses, with failures, in a load without any status.

{"nginx": {"status": "502", "request": "GET /cart HTTP/1.1"}}     no row is an error, and all of them failed
"""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import COLUMNS
from obskit.schema.flat_values import read_status

_STATUS = "http.response.status_code"
_NAME = re.compile(r"(?i)status|code$")
_LOOKED_AT = 10_000


class StatusDoubts:
    """Looks at the columns of events until one of them is a status."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}
        self._known = False

    def add(self, events: pa.RecordBatch) -> None:
        """Look at a batch of events."""
        at = events.schema.get_field_index(_STATUS)
        if at >= 0 and events.column(at).null_count < events.num_rows:
            self._known = True
        if self._known:
            return
        for field, values in zip(events.schema, events.columns, strict=True):
            if field.name not in COLUMNS and _NAME.search(field.name) and _has_failures(values):
                self._found[field.name] = None

    def to_state(self) -> dict[str, Any]:
        """Return what was found as JSON-safe values, which `absorb` reads."""
        return {"found": list(self._found), "known": self._known}

    def absorb(self, state: dict[str, Any]) -> None:
        """Add what was found in events that come after all others so far.

        Args:
            state: what `to_state` returned for them.
        """
        self._known = self._known or state["known"]
        self._found |= dict.fromkeys(state["found"])

    def sentences(self) -> list[str]:
        """Return what is doubtful, with what to do."""
        if self._known or not self._found:
            return []
        name = next(iter(self._found))
        fields = ", ".join(list(self._found)[:5])
        return [
            f"no row has an HTTP status, but {fields} may be one, with failures that are not counted as "
            f'errors. Say which one is: --mapping FILE.json with {{"{_STATUS}": "{name}"}}'
        ]


def _has_failures(values: pa.Array) -> bool:
    """Return whether all values are HTTP statuses, one of them a failure of the server."""
    kind = values.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_string(kind)):
        return False
    statuses = read_status(values.slice(0, _LOOKED_AT), certain=False).drop_null()
    return bool(len(statuses)) and bool(pc.any(pc.greater_equal(statuses, 500)).as_py())
