"""Where events came from: what a pin records besides the steps that narrowed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from obskit.dataset import Dataset, Period
from obskit.schema import ReadOptions

Step: TypeAlias = Mapping[str, Any]
"""One call of a verb that narrows events, as values: {"verb": "where", "condition": "error"}."""


@dataclass(frozen=True, eq=False)
class Origin:
    """What `load` was given, and what it read.

    Attributes:
        source: the paths or URLs; None for streams and tables in memory, which cannot be read again.
        options: how they were read.
        dataset: what was read, before any step.
        period: the time that was read, where files that hold no events of it were left out.
    """

    source: tuple[str, ...] | None
    options: ReadOptions
    dataset: Dataset
    period: Period | None = None
