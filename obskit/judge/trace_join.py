"""Find the traces that have requests in several files, so that each counts once per arm.

Nearly all traces are in one file. Their keys are compared once: those of files that were compared at an
earlier look are kept in one sorted array, and only the keys of new files are looked up in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import Dataset, mix_bits
from obskit.dataset.manifest import identity_of
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.span_keys import id_numbers

Ints = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]
TRACE = "trace_id"
MOST_NEW = 0.05  # share of keys that are not in the sorted array, up to which it is not made again
_BASE = "traces of several files"
_NO_KEYS = np.zeros(0, np.uint64)


class TraceKeys(NamedTuple):
    """The traces of a file: a sorted 64-bit key per trace and arm, and the index of its first request."""

    keys: Keys
    at: Ints


@dataclass(frozen=True, eq=False)
class Foreign:
    """What requests of other files change in a file.

    Attributes:
        dropped: indices of requests whose trace has an earlier request in another file.
        failed: indices of requests whose trace has failed in the same look in another file.
        key: equal for equal changes.
    """

    dropped: Ints
    failed: Ints
    key: Hashable


NOTHING = Foreign(np.zeros(0, np.int64), np.zeros(0, np.int64), b"")


@dataclass(frozen=True, eq=False)
class _Base:
    """The keys of some files.

    Attributes:
        files: what these files and their requests are.
        keys: all keys, sorted.
        repeated: keys that several of the files have, sorted.
    """

    files: frozenset[Hashable]
    keys: Keys
    repeated: Keys


def keys_of(dataset: Dataset, file: int, rows: Ints, candidate: Bools) -> TraceKeys:
    """Return the traces of the first requests of a file.

    Args:
        dataset: the events.
        file: the number of the file.
        rows: the rows of the first requests.
        candidate: whether each is one of the candidate.

    Returns:
        Their traces; a request without a trace has none.

    Cost: reads one column of the file. Two of ten million keys are equal by chance with a probability of less
    than 1 in 100,000.
    """
    ids = dataset.codes.clusters(TRACE)[file]
    column = read_columns(open_part(dataset.files[file]), [TRACE]).column(0)
    first = np.flatnonzero(np.diff(np.maximum.accumulate(ids), prepend=np.uint32(0)))
    values = id_numbers(column.take(pa.array(first)).cast(pa.string()))
    at = np.flatnonzero(ids[rows] > 0)
    keys = mix_bits(values[ids[rows[at]] - 1] + candidate[at].astype(np.uint64))
    order = np.argsort(keys)
    return TraceKeys(keys[order], at[order].astype(np.int32))


def join_traces(
    dataset: Dataset,
    files: Mapping[int, Hashable | None],
    settled: Collection[int],
    traces: Callable[[int], TraceKeys],
    requests: Callable[[int, Ints], tuple[Ints, Ints, Bools | None]],
) -> dict[int, Foreign]:
    """Return what requests of other files change in each file.

    Args:
        dataset: the events.
        files: the files that have requests, and what their requests depend on.
        settled: the files whose requests are likely to be the same at the next look.
        traces: returns the traces of a file.
        requests: returns the time, the look and the failure of first requests of a file, by their indices.

    Returns:
        The changes of each file. The first request of a trace and arm counts, by time, then by file. It has
        failed if any request of its trace and arm in the same look has.
    """
    repeated = _repeated(dataset, files, settled, traces)
    out = dict.fromkeys(files, NOTHING)
    if not len(repeated):
        return out
    parts: list[tuple[Ints, ...]] = []
    for file in files:
        keys, index = traces(file)
        place = np.searchsorted(keys, repeated)
        has = np.flatnonzero(keys[np.minimum(place, len(keys) - 1)] == repeated) if len(keys) else place[:0]
        if len(has):
            at = index[place[has]]
            when, look, failed = requests(file, at)
            lost = np.zeros(len(at), np.bool_) if failed is None else failed
            parts.append((has, when, np.full(len(at), file), at, look, lost))
    number, when, file_of, at, look, lost = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((at, file_of, when, number))
    number, file_of, at, look, lost = (column[order] for column in (number, file_of, at, look, lost))
    first = np.flatnonzero(np.diff(number, prepend=-1))
    leader = np.repeat(first, np.diff(np.append(first, len(number))))
    others = leader != np.arange(len(leader))
    fails = np.unique(leader[others & lost & (look == look[leader])])
    for file in files:
        dropped = np.sort(at[others & (file_of == file)])
        failed = np.sort(at[fails[file_of[fails] == file]])
        if len(dropped) or len(failed):
            known = hashlib.blake2b(dropped.tobytes() + b"/" + failed.tobytes(), digest_size=16).digest()
            out[file] = Foreign(dropped, failed, known)
    return out


def _repeated(
    dataset: Dataset,
    files: Mapping[int, Hashable | None],
    settled: Collection[int],
    traces: Callable[[int], TraceKeys],
) -> Keys:
    """Return the keys that several files have, sorted."""
    memo = dataset.codes.memo
    names = {file: (identity_of(dataset.files[file]), key) for file, key in files.items()}
    lasting = {names[file]: file for file in settled if files[file] is not None}
    if len(set(names.values())) < len(names):  # files with the same rows, which have the same names
        lasting = {}
    base: _Base | None = memo.peek(_BASE)
    if base is None or not base.files <= lasting.keys():
        base = _Base(frozenset(), _NO_KEYS, _NO_KEYS)
    new = [file for name, file in lasting.items() if name not in base.files]
    keys = _sorted(traces(file).keys for file in new)
    if len(keys) > MOST_NEW * len(base.keys):
        every = np.sort(np.concatenate([base.keys, keys]), kind="stable")  # merges what is sorted
        base = _Base(frozenset(lasting), every, np.unique(every[1:][every[1:] == every[:-1]]))
        memo.put(_BASE, base)
    fresh = _sorted(traces(file).keys for file, name in names.items() if name not in base.files)
    among = fresh[1:][fresh[1:] == fresh[:-1]]
    both = fresh[:0]
    if len(base.keys):
        place = np.minimum(np.searchsorted(base.keys, fresh), len(base.keys) - 1)
        both = fresh[base.keys[place] == fresh]
    return np.unique(np.concatenate([among, both, base.repeated]))


def _sorted(parts: Iterable[Keys]) -> Keys:
    return np.sort(np.concatenate([_NO_KEYS, *parts]))
