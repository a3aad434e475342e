"""The two arms of a comparison: which rows they have, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import NO_TIME
from obskit.engine import Scope, format_condition
from obskit.errors import InvalidArgument
from obskit.judge.durations import code_buckets
from obskit.stats import buckets

Bools = npt.NDArray[np.bool_]
SLOWEST = 0.999
MOST_INCOMPLETE_MS = 86_400_000.0
_MICROS = timedelta(microseconds=1)
_NEVER = np.iinfo(np.int64).max


class NotJudged(Exception):
    """The data do not allow a verdict, which is the verdict.

    Args:
        word: "no_data" or "error".
        sentence: why.
        redeployed: when the candidate was deployed again, if it has had no request since then.
    """

    def __init__(self, word: str, sentence: str, redeployed: datetime | None = None) -> None:
        super().__init__(sentence)
        self.word, self.sentence, self.redeployed = word, sentence, redeployed


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm.

    Attributes:
        label: what people call it: a version, or a condition.
        values: values of the field `by`; empty if the arm is a condition.
        condition: the arm as a condition.
        masks: which rows it has, one mask per file of the dataset.
    """

    label: str
    values: tuple[str, ...]
    condition: str
    masks: list[Bools]


@dataclass(frozen=True, eq=False)
class Arms:
    """The arms and what they have in common.

    Attributes:
        scope: the rows of both: of one service and environment, where they are known.
        candidate, baseline: the arms.
        service: the service that was deployed; None if it is not known or there are several.
        environment: the environment; None if it was not given.
        by: the field whose values are the arms; None for conditions.
        notes: what a reader must know about the choice.
        settle: how long after its beginning a request may arrive.
    """

    scope: Scope
    candidate: Arm
    baseline: Arm
    service: str | None
    environment: str | None
    by: str | None
    notes: tuple[str, ...]
    settle: timedelta

    @property
    def name(self) -> str:
        """The candidate with its service, such as "booking 2.4.0"."""
        return f"{self.service} {self.candidate.label}" if self.service else self.candidate.label

    @cached_property
    def candidate_times(self) -> tuple[int, int]:
        """The times of the candidate's first and last request in µs."""
        return self._times(self.candidate, "candidate")

    @cached_property
    def baseline_times(self) -> tuple[int, int]:
        """The times of the baseline's first and last request in µs."""
        return self._times(self.baseline, "baseline")

    @cached_property
    def complete_until(self) -> int:
        """Until when the arms' requests are complete in µs: slow ones that began later may be missing.

        That is `settle` before the newest event, or as long before it as the arms' slowest requests take
        (p99.9).
        """
        scope = self.scope
        newest = max((int(t.max(initial=NO_TIME)) for t in scope.dataset.codes.times()), default=NO_TIME)
        longest = self.settle
        if "duration_ms" in scope.schema.names:
            durations = scope.codes("duration_ms")
            counts = np.zeros(durations.size)
            for file, masks in enumerate(zip(self.candidate.masks, self.baseline.masks, strict=True)):
                both = masks[0] | masks[1]
                counts += np.bincount(durations.codes(file)[both], minlength=durations.size)
            bucket = code_buckets(durations).astype(np.int32)
            # An infinite duration is a fault of the recorder: nobody waits for its request.
            slowest = buckets.quantile(bucket, np.where(bucket == buckets.INFINITY, 0, counts), SLOWEST)
            if slowest > 0:  # not NaN, and not negative
                longest = max(longest, timedelta(milliseconds=min(slowest, MOST_INCOMPLETE_MS)))
        return newest - longest // _MICROS

    def _times(self, arm: Arm, name: str) -> tuple[int, int]:
        times = [t[m] for t, m in zip(self.scope.dataset.codes.times(), arm.masks, strict=True)]
        some = [t for t in times if len(t)]
        if not some:
            raise NotJudged("no_data", f"No request of the {name} is in these events.")
        return min(int(t.min()) for t in some), max(int(t.max()) for t in some)


def rows_of(scope: Scope) -> list[Bools]:
    """Return the rows of a scope that are units of work and have a time, one mask per file."""
    masks = [mask.true for mask in scope.masks(None)]
    if not scope.chooses_rows:
        masks = [a & b for a, b in zip(masks, scope.dataset.codes.units(), strict=True)]
    times = scope.dataset.codes.times()
    return [mask & (time != NO_TIME) for mask, time in zip(masks, times, strict=True)]


def value_masks(scope: Scope, field: str, values: Sequence[str]) -> list[Bools]:
    """Return the rows on which a field has one of some values, written as text; one mask per file."""
    codes = scope.codes(field)
    if codes.kind == "value" and codes.rare_code is None:
        wanted = np.zeros(codes.size, np.bool_)
        wanted[1:] = np.isin(np.array(texts_of(codes.values), dtype=object), list(values))
        return [(wanted if remap is None else wanted[remap])[part] for part, remap in codes.parts]
    condition = scope.condition(format_condition([{"field": field, "op": "in", "values": list(values)}]))
    return [mask.true for mask in scope.masks(condition)]


def values_of(scope: Scope, field: str, kept: Sequence[Bools]) -> dict[str, tuple[int, int, int]]:
    """Return the values of a field as text, each with its rows, and the first and last time in µs."""
    codes = scope.codes(field)
    if codes.kind != "value" or codes.rare_code is not None:
        raise InvalidArgument(
            f"the field {field!r} has too many values to be the arms of a comparison",
            hint="choose the arms by conditions: candidate_where and baseline_where",
        )
    rows = np.zeros(codes.size, np.int64)
    first, last = np.full(codes.size, _NEVER), np.full(codes.size, -_NEVER)
    for file, (times, mask) in enumerate(zip(scope.dataset.codes.times(), kept, strict=True)):
        code, time = codes.codes(file)[mask], times[mask]
        counts = np.bincount(code, minlength=codes.size)
        rows += counts
        seen = np.flatnonzero(counts)
        if (time[1:] >= time[:-1]).all():
            # The last assignment to a code counts.
            ends = np.zeros((2, codes.size), np.int64)
            ends[0, code[::-1]], ends[1, code] = time[::-1], time
        else:
            ends = np.array([np.full(codes.size, _NEVER), np.full(codes.size, -_NEVER)])
            np.minimum.at(ends[0], code, time)
            np.maximum.at(ends[1], code, time)
        first[seen] = np.minimum(first[seen], ends[0, seen])
        last[seen] = np.maximum(last[seen], ends[1, seen])
    texts = texts_of(codes.values)
    return {
        texts[code - 1]: (int(rows[code]), int(first[code]), int(last[code]))
        for code in range(1, codes.size)
        if rows[code]
    }


def texts_of(values: pa.Array) -> list[str]:
    """Return the values of a field as text, as arguments write them."""
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in values.to_pylist()]
