"""Say which fields have their usual meaning in some rows, and values that do not fit it in others.

    level   50, 30, 35           35 is no level of pino: `level` in that row, `severity_text` in the others
    status  200, 502 | 3, 7      HTTP statuses in one batch, and something else in another

Without a note, a search for errors would silently miss the rows that kept the old name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from obskit.names import FlatField
from obskit.names.flat_fields import LEVEL, MAYBE_STATUS, WEIGHT
from obskit.schema.contributions import Contribution
from obskit.schema.flat_values import other_than_status
from obskit.schema.report import LoadReport
from obskit.text import pluralize

_COUNTED = (LEVEL, MAYBE_STATUS, WEIGHT)
"""Readings whose values may not fit although they have the right type."""


class Misfits:
    """Rows of flat fields whose values do not fit the meaning of the field's name."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._targets: dict[str, str] = {}

    def add(self, part: Contribution, meaning: FlatField, unfit: int, report: LoadReport) -> None:
        """Count the values of a batch that do not fit.

        Args:
            part: the values, with the name of the source.
            meaning: of that name.
            unfit: values that do not fit.
            report: receives a note about a column that is kept as a whole, although many of its values fit.
        """
        if not unfit or meaning.reading not in _COUNTED:
            return
        self._rows[part.name] += unfit
        self._targets[part.name] = meaning.target
        none_fits = unfit == len(part.values) - part.values.null_count
        if (
            meaning.reading == MAYBE_STATUS
            and none_fits
            and (other := other_than_status(part.values)) is not None
        ):
            report.note(
                f"{part.name} stays {part.name} where its values are HTTP statuses and others ({other}). "
                f'If all are HTTP statuses, map it: {{"{meaning.target}": "{part.name}"}}'
            )

    def note(self, report: LoadReport) -> None:
        """Add a note for each field that was renamed in other rows.

        Args:
            report: of the load.
        """
        for name, rows in self._rows.items():
            if name in report.renamed:
                where = f"{pluralize(rows, 'row')}, whose values do not fit"
                report.note(f"{name} is not {self._targets[name]} in {where}: there it stays {name}")

    def to_state(self) -> dict[str, tuple[int, str]]:
        """Return name -> (rows, target), which `absorb` reads."""
        return {name: (rows, self._targets[name]) for name, rows in self._rows.items()}

    def absorb(self, state: Mapping[str, tuple[int, str]]) -> None:
        """Add the counts of other rows.

        Args:
            state: what `to_state` returned for them.
        """
        for name, (rows, target) in state.items():
            self._rows[name] += rows
            self._targets[name] = target
