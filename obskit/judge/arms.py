"""The two arms of a comparison: which rows they have, and when."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import NO_TIME, FieldCodes
from obskit.engine import Scope, format_condition, masks_by_file
from obskit.errors import InvalidArgument
from obskit.judge.durations import code_buckets
from obskit.judge.file_masks import FileMasks, codes_key, is_stored
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
    masks: Sequence[Bools]


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
        newest = newest_time(scope)
        longest = self.settle
        if "duration_ms" in scope.schema.names:
            durations = scope.codes("duration_ms")
            ours, theirs = (FileMasks.of(scope.dataset, arm.masks) for arm in (self.candidate, self.baseline))
            counts = sum_codes(ours.joined(theirs, "or"), durations, codes_key(scope, durations))
            bucket = code_buckets(durations).astype(np.int32)
            # An infinite duration is a fault of the recorder: nobody waits for its request.
            slowest = buckets.quantile(bucket, np.where(bucket == buckets.INFINITY, 0, counts), SLOWEST)
            if slowest > 0:  # not NaN, and not negative
                longest = max(longest, timedelta(milliseconds=min(slowest, MOST_INCOMPLETE_MS)))
        return newest - longest // _MICROS

    def _times(self, arm: Arm, name: str) -> tuple[int, int]:
        rows, first, last = FileMasks.of(self.scope.dataset, arm.masks).all_ends()
        if not rows:
            raise NotJudged("no_data", f"No request of the {name} is in these events.")
        return first, last


def newest_time(scope: Scope) -> int:
    """Return the time of the newest event of the dataset in µs; `NO_TIME` without one."""
    dataset, times = scope.dataset, scope.dataset.codes.times()
    memo = dataset.codes.memo
    newest = [
        memo.get(part, "newest", partial(np.max, time, initial=NO_TIME))
        for part, time in zip(dataset.files, times, strict=True)
    ]
    return int(max(newest, default=NO_TIME))


def sum_codes(rows: FileMasks, codes: FieldCodes, key: Hashable | None) -> npt.NDArray[np.float64]:
    """Return how many rows have each code of a field.

    Args:
        rows: the rows.
        codes: the codes of the field.
        key: of the codes, by `codes_key`.

    Returns:
        One number per code.
    """
    out = np.zeros(codes.size)
    for file, (local, remap) in enumerate(codes.parts):
        what = None if key is None else ("codes", key)
        counts = rows.kept(file, what, partial(_count_codes, local, rows, file))
        at = np.arange(len(counts)) if remap is None else remap[: len(counts)]
        np.add.at(out, at, counts)
    return out


def _count_codes(codes: npt.NDArray[Any], rows: FileMasks, file: int) -> npt.NDArray[Any]:
    return np.bincount(codes[rows[file]])


def rows_of(scope: Scope) -> FileMasks:
    """Return the rows of a scope that are units of work and have a time."""
    dataset, by_file = scope.dataset, masks_by_file(scope, scope.where)
    chosen, whole = scope.chooses_rows, None if by_file is not None else scope.masks(None)
    times, units = dataset.codes.times(), None if chosen else dataset.codes.units()

    def make(file: int) -> Bools:
        mask = whole[file].true if whole is not None else by_file[1](file) if by_file is not None else None
        assert mask is not None
        if units is not None:
            mask = mask & units[file]
        return np.asarray(mask & (times[file] != NO_TIME), np.bool_)

    alone = "all" if chosen else "no units" if dataset.codes.no_units else "units"
    return FileMasks(dataset, make, None if by_file is None else ("rows", alone, by_file[0]))


def value_masks(scope: Scope, field: str, values: Sequence[str]) -> FileMasks:
    """Return the rows on which a field has one of some values, written as text."""
    codes = scope.codes(field)
    if codes.kind == "value" and codes.rare_code is None:
        wanted = np.zeros(codes.size, np.bool_)
        wanted[1:] = np.isin(np.array(texts_of(codes.values), dtype=object), list(values))

        def make(file: int) -> Bools:
            part, remap = codes.parts[file]
            return np.asarray((wanted if remap is None else wanted[remap])[part], np.bool_)

        key = ("value", field, tuple(values)) if is_stored(scope, field) else None
        return FileMasks(scope.dataset, make, key)
    condition = scope.condition(format_condition([{"field": field, "op": "in", "values": list(values)}]))
    masks = scope.masks(condition)
    return FileMasks(scope.dataset, lambda file: masks[file].true, None)


def values_of(scope: Scope, field: str, rows_in: Sequence[Bools]) -> dict[str, tuple[int, int, int]]:
    """Return the values of a field as text, each with its rows, and the first and last time in µs."""
    codes = scope.codes(field)
    if codes.kind != "value" or codes.rare_code is not None:
        raise InvalidArgument(
            f"the field {field!r} has too many values to be the arms of a comparison",
            hint="choose the arms by conditions: candidate_where and baseline_where",
        )
    rows = np.zeros(codes.size, np.int64)
    first, last = np.full(codes.size, _NEVER), np.full(codes.size, -_NEVER)
    masks, times = FileMasks.of(scope.dataset, rows_in), scope.dataset.codes.times()
    what = ("values", field) if is_stored(scope, field) else None
    for file, (part, remap) in enumerate(codes.parts):
        found = masks.kept(file, what, partial(_ends_by_code, part, times[file], masks, file))
        seen, counts, begun, ended = found
        code = seen if remap is None else remap[seen]
        np.add.at(rows, code, counts)
        np.minimum.at(first, code, begun)
        np.maximum.at(last, code, ended)
    texts = texts_of(codes.values)
    return {
        texts[code - 1]: (int(rows[code]), int(first[code]), int(last[code]))
        for code in range(1, codes.size)
        if rows[code]
    }


def _ends_by_code(
    codes: npt.NDArray[Any], times: npt.NDArray[np.int64], masks: FileMasks, file: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the codes that occur, the number of rows of each, and the times of the first and the last."""
    code, time = codes[masks[file]], times[masks[file]]
    counts = np.bincount(code)
    seen = np.flatnonzero(counts)
    if (time[1:] >= time[:-1]).all():
        # The last assignment to a code counts.
        ends = np.zeros((2, len(counts)), np.int64)
        ends[0, code[::-1]], ends[1, code] = time[::-1], time
    else:
        ends = np.array([np.full(len(counts), _NEVER), np.full(len(counts), -_NEVER)])
        np.minimum.at(ends[0], code, time)
        np.maximum.at(ends[1], code, time)
    return seen, counts[seen], ends[0, seen], ends[1, seen]


def texts_of(values: pa.Array) -> list[str]:
    """Return the values of a field as text, as arguments write them."""
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in values.to_pylist()]
