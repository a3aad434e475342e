"""Which rows are compared: population, window of time, selection, baseline, history; and a sample of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from obskit.dataset import Codes, FieldCodes
from obskit.engine import Condition, Scope, Window
from obskit.errors import EmptySelection, InvalidArgument
from obskit.explain.frame import Frame
from obskit.explain.weights import Bools, Segment, WeightClass, join_weights, weight_classes

SAMPLE_A = 20_000
SAMPLE_B = 60_000
# the rows of each weight, of datasets in use
_CLASSES: WeakKeyDictionary[Codes, list[WeightClass] | None] = WeakKeyDictionary()
# the lot of each row, by cluster
_LOTS: WeakKeyDictionary[Codes, dict[str | None, list[npt.NDArray[np.uint32]]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Compared:
    """The rows of a question, a mask a file for each group, and what was left out.

    Groups: a (selection), b (baseline); with history also history_a (the outcome earlier) and history (all
    earlier rows on which the outcome is known). Where the baseline is nearly all of the population, `x` are
    the few rows that are neither: b is then the population, whose counts are known, less a and x.
    """

    groups: dict[str, list[Bools]]
    rows: int
    left_out: int
    unknown: int
    from_totals: bool


def compare(
    scope: Scope,
    selection: Condition,
    *,
    during: Window | Condition | None,
    baseline: Condition | None,
    history: Window | Condition | None,
    population: str,
) -> Compared:
    """Return the masks of all groups.

    Raises:
        EmptySelection: the selection or the baseline has no rows.
        InvalidArgument: history overlaps `during`.
    """
    codes = scope.dataset.codes
    files = range(len(scope.dataset.files))
    times = codes.times()
    units = codes.units() if population == "units" else None
    chosen = scope.masks(selection)
    where = scope.masks(None) if scope.where is not None else None
    rest = scope.masks(baseline) if baseline is not None else None

    def within(of: Window | Condition | None) -> Sequence[Bools] | None:
        if of is None:
            return None
        return [of.mask(t) for t in times] if isinstance(of, Window) else [m.true for m in scope.masks(of)]

    now, earlier = within(during), within(history)
    groups: dict[str, list[Bools]] = {"a": [], "b": []}
    if earlier is not None:
        groups |= {"history_a": [], "history": []}
    rows = unknown = everything = 0
    for f in files:
        in_population = np.ones(len(times[f]), dtype=bool) if where is None else where[f].true
        everything += int(in_population.sum())
        if units is not None:
            in_population = in_population & units[f]
        compared = in_population if now is None else in_population & now[f]
        is_selected, null = chosen[f].true, chosen[f].null
        a = compared & is_selected
        b = compared & ~is_selected if rest is None else compared & rest[f].true & ~is_selected
        if null is not None:
            unknown += int((compared & null).sum())
            b = b & ~null if rest is None else b
        groups["a"].append(a)
        groups["b"].append(b)
        rows += int(in_population.sum())
        if earlier is not None:
            if bool((earlier[f] if now is None else earlier[f] & now[f]).any()):
                raise InvalidArgument(
                    "history overlaps the time that is explained",
                    hint="give a history that ends where during begins",
                )
            past = in_population & earlier[f]
            groups["history"].append(past if null is None else past & ~null)
            groups["history_a"].append(past & is_selected)
    for group, what in (("a", "selection"), ("b", "baseline")):
        if not any(mask.any() for mask in groups[group]):
            condition = selection if group == "a" or baseline is None else baseline
            hint = _hint(what, condition.text, population, own=baseline is not None)
            raise EmptySelection(f"the {what} has no rows", hint=hint)
    from_totals = False
    if rest is None:
        others = [
            (~(a | b) if units is None else units[f] & ~(a | b))
            for f, (a, b) in enumerate(zip(groups["a"], groups["b"], strict=True))
        ]
        count = sum(int(mask.sum()) for mask in others)
        from_totals = 2 * count <= sum(int(mask.sum()) for mask in groups["b"])
        if from_totals and count:
            groups["x"] = others
    return Compared(groups, rows, everything - rows, unknown, from_totals)


def _hint(what: str, condition: str, population: str, *, own: bool) -> str:
    condition = condition if len(condition) <= 200 else condition[:199] + "…"
    if what == "selection" or own:
        wider = "; population='all' also looks at what is no unit of work" if population == "units" else ""
        return f"no compared row meets {condition!r}: widen it, or the window of time{wider}"
    return "every compared row is selected: narrow the selection, or give a baseline"


def frame(scope: Scope, codes: Callable[[str], FieldCodes], compared: Compared) -> Frame:
    """Return all compared rows as a frame."""
    stored = scope.dataset.codes
    weights = stored.weights()
    used = [np.logical_or.reduce(masks) for masks in zip(*compared.groups.values(), strict=True)]
    counts = [int(mask.sum()) for mask in used]
    # whole columns are read in order where many rows are compared; gathering pays below about a third
    if 3 * sum(counts) >= scope.dataset.rows:
        whole = [Segment(f, file.rows, None, weights[f]) for f, file in enumerate(scope.dataset.files)]
        if stored not in _CLASSES:
            _CLASSES[stored] = weight_classes(whole)
        return Frame(codes, whole, compared.groups, _CLASSES[stored])
    segments: list[Segment] = []
    groups: dict[str, list[Bools]] = {name: [] for name in compared.groups}
    for f, (mask, count) in enumerate(zip(used, counts, strict=True)):
        if count:
            rows = np.flatnonzero(mask)
            segments.append(Segment(f, count, rows, weights[f]))
            for name, masks in compared.groups.items():
                groups[name].append(masks[f][rows])
    return Frame(codes, segments, groups)


def sample(
    scope: Scope,
    codes: Callable[[str], FieldCodes],
    compared: Compared,
    cluster: str | None,
    most: tuple[int, int] = (SAMPLE_A, SAMPLE_B),
) -> tuple[Frame, npt.NDArray[np.int64]]:
    """Return a sample of whole clusters from both groups, and the cluster of each row (-1: alone).

    At most about so many rows of "a" and of "b"; a group that is smaller comes whole. The choice is by a hash
    of the cluster, so the same question has the same sample.
    """
    weights = scope.dataset.codes.weights()
    ids = scope.dataset.codes.clusters(cluster) if cluster else None
    share = {}
    for group, size in zip(("a", "b"), most, strict=True):
        share[group] = size / max(sum(int(mask.sum()) for mask in compared.groups[group]), 1)
    rows_of: list[npt.NDArray[np.int64]] = []
    member: dict[str, list[Bools]] = {"a": [], "b": []}
    numbers: list[npt.NDArray[np.int64]] = []
    for f in range(len(scope.dataset.files)):
        picked = {}
        for group in ("a", "b"):
            mask = compared.groups[group][f]
            if share[group] < 1:
                mask = mask & (_lots(scope, cluster)[f] < np.uint32(share[group] * 2**32))
            picked[group] = mask
        rows = np.flatnonzero(picked["a"] | picked["b"])
        rows_of.append(rows)
        for group in ("a", "b"):
            member[group].append(picked[group][rows])
        own = np.full(len(rows), -1, dtype=np.int64) if ids is None else ids[f][rows].astype(np.int64)
        numbers.append(np.where(own > 0, own + (f << 32), -1))
    joined = join_weights(weights, rows_of)
    total = sum(map(len, rows_of))
    held: dict[str, FieldCodes] = {}

    def gathered(name: str) -> FieldCodes:
        """Return a field's codes of the sampled rows, as if they were one file."""
        if name not in held:
            found = codes(name)
            parts = [_gather(found, f, rows) for f, rows in enumerate(rows_of)]
            held[name] = replace(found, parts=[(np.concatenate(parts), None)])
        return held[name]

    groups = {group: [np.concatenate(masks)] for group, masks in member.items()}
    return Frame(gathered, [Segment(0, total, None, joined)], groups), np.concatenate(numbers)


def _gather(codes: FieldCodes, file: int, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    local, remap = codes.parts[file]
    found = local[rows]
    return found.astype(np.int32) if remap is None else remap[found]


def _lots(scope: Scope, cluster: str | None) -> list[npt.NDArray[np.uint32]]:
    """Return a fixed pseudo-random number for each row of each file, the same for rows of one cluster.

    Four bytes a row, kept while the dataset is in use: every question draws its sample by them.
    """
    stored = scope.dataset.codes
    held = _LOTS.setdefault(stored, {})
    if cluster not in held:
        lots = []
        for f, file in enumerate(scope.dataset.files):
            key = np.arange(file.rows, dtype=np.int64)
            if cluster is not None:
                own = stored.clusters(cluster)[f].astype(np.int64)
                key = np.where(own > 0, own, ~key)
            lots.append(_shuffled(key, f))
        held[cluster] = lots
    return held[cluster]


def _shuffled(key: npt.NDArray[np.int64], salt: int) -> npt.NDArray[np.uint32]:
    x = key.view(np.uint64) + np.uint64(0x9E3779B97F4A7C15 * (salt + 1) % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x >> np.uint64(32)).astype(np.uint32)
