"""Fields whose numbers move with time: offsets, sequence numbers, growing ids, uptimes.

An interval of such a field is a window of time, which `during` says better. They are found by their rank
correlation with time, overall or within the values of another field (a process, a partition).
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from obskit.dataset import NO_TIME, Codes, FieldCodes
from obskit.engine import Scope
from obskit.explain.ranks import correlation
from obskit.explain.singles import is_number

# So strong is the rank correlation of a clock with time.
CLOCK = 0.95
ROWS = 2_000
# How many values a process or a partition field has at most, and how many such fields are tried.
MOST_VALUES, MOST_FIELDS = 200, 60
REASON = "moves with time, like a clock: name it in fields= to look at it"
# What is known of the fields of datasets in use.
_KNOWN: WeakKeyDictionary[Codes, dict[str, bool]] = WeakKeyDictionary()


def clocks(scope: Scope, names: Sequence[str], processes: Sequence[str]) -> list[str]:
    """Return which fields move with time.

    Args:
        scope: the events; all of them are looked at, whatever is selected.
        names: fields to check.
        processes: fields within whose values a number may move with time.
    Returns:
        Those of `names` that are clocks.
    """
    known = _KNOWN.setdefault(scope.dataset.codes, {})
    return [name for name in names if _is_clock(scope, name, processes, known)]


def _is_clock(scope: Scope, name: str, processes: Sequence[str], known: dict[str, bool]) -> bool:
    if name not in known:
        codes = scope.codes(name)
        known[name] = is_number(codes) and _moves_with_time(scope, codes, processes)
    return known[name]


def _moves_with_time(scope: Scope, codes: FieldCodes, processes: Sequence[str]) -> bool:
    files, rows = _some_rows(scope, codes)
    if len(rows) < ROWS // 20:
        return False
    times = scope.dataset.codes.times()
    time = np.array([times[file][row] for file, row in zip(files, rows, strict=True)])
    value = _values(codes, files, rows)
    if abs(correlation(value, time)) >= CLOCK:
        return True
    tried = 0
    for other in processes:
        slicer = scope.codes(other)
        if other == codes.name or slicer.kind != "value" or not 2 < slicer.size <= MOST_VALUES:
            continue
        if abs(correlation(value, time, _values(slicer, files, rows))) >= CLOCK:
            return True
        tried += 1
        if tried == MOST_FIELDS:
            break
    return False


def _some_rows(scope: Scope, codes: FieldCodes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return file and row of some events that have a value and a time, spread evenly."""
    times = scope.dataset.codes.times()
    each = max(ROWS // max(len(times), 1), 1)
    files, rows = [], []
    for file, began in enumerate(times):
        local, remap = codes.parts[file]
        has = (local if remap is None else remap[local]) > 0
        usable = np.flatnonzero(has & (began != NO_TIME))
        if len(usable):
            picked = usable[np.unique(np.linspace(0, len(usable) - 1, each).astype(np.int64))]
            files.append(np.full(len(picked), file))
            rows.append(picked)
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(files), np.concatenate(rows)


def _values(
    codes: FieldCodes, files: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    out = np.zeros(len(rows), dtype=np.int64)
    for file in np.unique(files):
        local, remap = codes.parts[file]
        at = files == file
        found = local[rows[at]]
        out[at] = found if remap is None else remap[found]
    return out
