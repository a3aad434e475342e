"""Count the slices: the combinations of the values of fields, by stratum, arm and class of request."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import FieldCodes
from obskit.errors import InvalidArgument
from obskit.judge.arms import Bools
from obskit.judge.latency_counts import QUANTILES, Thresholds, tally
from obskit.judge.margins import Margin
from obskit.judge.observations import Ints, Observations
from obskit.judge.strata import Tally, sampling
from obskit.judge.words import FEWEST
from obskit.stats.sequential import Floats

SLOWER_THAN = (0.9, 0.99)  # percentiles of an operation's earlier requests
MOST_CELLS = 1 << 24
STEADY = 1.5  # factor of the candidate's share within which looks are one stratum
CLASSES = 8
ALIKE = math.log(1.5)  # difference of mean weights up to which the arms are sampled alike


@dataclass(frozen=True, eq=False)
class SliceOutcome:
    """An outcome, as classes of observations: see `classes_of`.

    Attributes:
        name: "errors" or "latency".
        hits: the classes that have it.
        counted: the classes that are counted.
        scale: rates are this part of the share of rows, because sampling keeps rows with the outcome more
            often; 1 if it does not depend on the outcome.
        margin: the rise that does not matter.
        selection: the outcome as a condition.
    """

    name: str
    hits: tuple[int, ...]
    counted: tuple[int, ...]
    scale: float
    margin: Margin
    selection: str


@dataclass(frozen=True, eq=False)
class Stratification:
    """A way to divide observations into strata.

    Attributes:
        stretch: the stretch of time of each look.
        place: the place of each operation.
    """

    stretch: Ints
    place: Ints

    @property
    def width(self) -> int:
        """The number of places."""
        return int(self.place.max(initial=0)) + 1

    @property
    def count(self) -> int:
        """The number of strata."""
        return (int(self.stretch[-1]) + 1 if len(self.stretch) else 1) * self.width

    def of(self, look: Ints, operation: Ints) -> Ints:
        """Return the stratum of observations, given the look and the operation of each."""
        return self.stretch[look] * np.int32(self.width) + self.place[operation]


@dataclass(frozen=True, eq=False)
class SliceLayout:
    """How the slices of one or two fields are counted.

    Attributes:
        codes: the codes of the fields.
        strata: the strata.
    """

    codes: tuple[FieldCodes, ...]
    strata: Stratification

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields."""
        return tuple(each.name for each in self.codes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the counts: the codes of the fields, the stratum, the arm and the class."""
        return (*(each.size for each in self.codes), self.strata.count, 2, CLASSES)

    def cell(self, number: Sequence[Ints], stratum: Ints, rest: Ints) -> Ints:
        """Return the cells of observations.

        Args:
            number: the code of each field.
            stratum: the stratum.
            rest: the number of the arm times CLASSES, plus the class.

        Returns:
            Places in counts of the shape, flat.
        """
        out = np.zeros(len(stratum), np.int32)  # below MOST_CELLS
        for codes, own in zip(self.codes, number, strict=True):
            out *= np.int32(codes.size)
            out += own if codes.rare_code is None else np.where(own == codes.rare_code, 0, own)
        out *= np.int32(self.strata.count)
        out += stratum
        out *= np.int32(2 * CLASSES)
        out += rest
        return out


@dataclass(frozen=True, eq=False)
class SliceTable:
    """The combinations of one or two fields, and what is counted of them so far.

    Attributes:
        fields: the fields.
        values: the values of each field; the code 0 is a missing one.
        counts: observations by the codes of the fields, stratum, arm and class.
    """

    fields: tuple[str, ...]
    values: tuple[pa.Array, ...]
    counts: Floats


def classes_of(observed: Observations, thresholds: Thresholds | None) -> npt.NDArray[np.uint8]:
    """Return the class of each observation: 4 if it failed, plus how slow it is.

    That is 0 without a duration that counts, 1 if it is fast, and 2 or 3 if it is above one or both of the
    thresholds in SLOWER_THAN; those of the candidate are raised by the floor.

    Args:
        observed: the observations.
        thresholds: the thresholds; None if latency is not judged.

    Returns:
        The class of each observation, in 0..7.
    """
    return class_of(
        thresholds, observed.operation, observed.candidate, observed.duration, observed.look, observed.failed
    )


def class_of(
    thresholds: Thresholds | None,
    operation: Ints,
    candidate: Bools,
    duration: Ints | None,
    look: Ints,
    failed: Bools | None,
) -> npt.NDArray[np.uint8]:
    """Return the classes of observations as in `classes_of`; each array has one entry per observation."""
    out = np.zeros(len(operation), np.uint8)
    if thresholds is not None and duration is not None:
        edges = class_edges(thresholds)
        # by operation, arm and code of the duration
        level = 1 + (thresholds.bucket[None, None, None, :] > edges[..., None]).sum(axis=2)
        level[..., ~thresholds.timed] = 0
        key = operation * 2 + candidate
        out = level.astype(np.uint8).reshape(-1)[key * len(thresholds.bucket) + duration]
        if thresholds.first.any():
            out[look < thresholds.first[operation]] = 0
    if failed is not None:
        out = out + failed.view(np.uint8) * np.uint8(4)
    return out


def class_edges(thresholds: Thresholds) -> Ints:
    """Return the edges between classes by operation, arm and threshold."""
    at = [QUANTILES.index(q) for q in SLOWER_THAN]
    return np.stack([thresholds.edges[:, at, rise] for rise in (0, 1)], axis=1)


def outcomes_of(
    observed: Observations,
    classes: npt.NDArray[np.uint8],
    thresholds: Thresholds | None,
    margin: Margin | None,
    notes: list[str],
) -> list[SliceOutcome]:
    """Return the outcomes whose slices are tested: errors, and requests above two thresholds.

    Rows are counted. That is exact if both arms are sampled alike, even where rows with the outcome are kept
    more often. An outcome is left out if that differs between the arms.

    Args:
        observed: the observations.
        classes: the class of each.
        thresholds: the thresholds of slow requests; None if latency is not judged.
        margin: the margin of errors; None if errors are not judged.
        notes: a note about an outcome that is left out is added to it.

    Returns:
        The outcomes.
    """
    every, timed, failed = tuple(range(CLASSES)), (1, 2, 3, 5, 6, 7), (4, 5, 6, 7)
    asked: list[tuple[str, tuple[int, ...], tuple[int, ...], Margin, str]] = []
    if margin is not None and observed.failed is not None:
        asked.append(("errors", failed, every, margin, "error"))
    if thresholds is not None and observed.duration is not None:
        for q, hits in zip(SLOWER_THAN, ((2, 3, 6, 7), (3, 7)), strict=True):
            shown = f"duration_ms > {thresholds.milliseconds(0, QUANTILES.index(q)):.6g}"
            asked.append(("latency", hits, timed, Margin(1.0, 0.0, ""), shown))
    out = []
    for name, hits, counted, allowed, selection in asked:
        scale = _scale(observed, classes, hits, counted)
        if scale is None:
            notes.append(f"slices with {name} are not looked at: the versions are sampled in different ways")
        else:
            out.append(SliceOutcome(name, hits, counted, scale, allowed, selection))
    return out


def _scale(
    observed: Observations,
    classes: npt.NDArray[np.uint8],
    hits: tuple[int, ...],
    counted: tuple[int, ...],
) -> float | None:
    """Return the rate of an outcome by its share of rows, or None if the arms cannot be compared by rows."""
    weight = observed.weight
    if weight is None:
        return 1.0
    has = np.isin(classes, hits)
    lacks = np.isin(classes, counted) & ~has
    key = observed.operation * 2 + observed.candidate
    shape = (1, len(observed.operations), 2)
    count = observed.count
    with_it, without = (
        Tally(*tally(key[rows], shape, weight[rows], None if count is None else count[rows]))
        for rows in (has, lacks)
    )
    dependent, _ = sampling(with_it, without)
    if not dependent.any():
        return 1.0
    if not (_sampled_alike(with_it) and _sampled_alike(without)):
        return None
    rows, total = float(observed.number(has | lacks)), float(observed.whole_weight[has | lacks].sum())
    return rows / total * float(observed.whole_weight[has].sum()) / observed.number(has)


def _sampled_alike(rows: Tally) -> bool:
    """Return whether the mean weight of both arms is alike, within each operation with enough rows."""
    n, w = rows.n[0], rows.w[0]
    enough = (n >= FEWEST).all(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(np.log((w / n)[:, 0] / (w / n)[:, 1]))
    return bool((apart[enough] <= ALIKE).all())


def layouts_of(
    observed: Observations, fields: Sequence[str], notes: list[str], *, required: bool
) -> list[SliceLayout]:
    """Return a layout for every pair of fields, or for the only field.

    Args:
        observed: the observations.
        fields: the fields.
        notes: notes about fields that have no slices are added to it.
        required: whether a field that can have no slices is an error.

    Returns:
        The layouts. Fields with too many values to be combined have one each.

    Raises:
        InvalidArgument: a required field can have no slices.
    """
    coded: list[FieldCodes] = []
    for name in fields:
        codes = observed.scope.codes(name)
        if codes.kind != "value":
            problem = f"{name} is not a field of categories, so it has no slices"
        elif codes.rare_code is not None and not _any_value(observed, codes):
            problem = f"no value of {name} is frequent enough to be judged by itself"
        else:
            coded.append(codes)
            continue
        if required:
            raise InvalidArgument(
                problem, hint="name fields of categories, such as the customer or the client"
            )
        notes.append(f"warning: {problem}")
    out: list[SliceLayout] = []
    strata = _strata(observed)
    left = {codes.name for codes in coded}
    for some in (*combinations(coded, 2), *((one,) for one in coded)):
        if len(some) == 1 and some[0].name not in left:
            continue  # it has slices next to those of a pair
        sizes = tuple(codes.size for codes in some)
        chosen = next((one for one in strata if math.prod(sizes) * one.count * 16 <= MOST_CELLS), None)
        if chosen is None:
            named = " and ".join(codes.name for codes in some)
            notes.append(f"warning: {named}: too many values{' to be combined' if len(some) > 1 else ''}")
            continue
        left -= {codes.name for codes in some}
        out.append(SliceLayout(some, chosen))
    return out


def _any_value(observed: Observations, codes: FieldCodes) -> bool:
    """Return whether an observation has a value that is not one of the rare ones."""
    found, _ = observed.by_value(codes.name, None)
    return bool(((found.code > 0) & (found.code != codes.rare_code)).any())


def _strata(observed: Observations) -> list[Stratification]:
    """Return the ways to divide observations into strata: the finest first, in the end one for all.

    A stratum is an operation in a stretch of looks in which the candidate's share is steady.
    """
    looks, operations = observed.looks.count, len(observed.operations)
    rows = observed.tally(observed.look, looks).astype(np.float64)
    ours = observed.tally(observed.look, looks, observed.candidate).astype(np.float64)
    stretch, start = np.zeros(looks, np.int32), 0
    for look in range(1, looks):
        usual = (ours[start:look].sum() + 0.5) / (rows[start:look].sum() + 1)
        share = (ours[look] + 0.5) / (rows[look] + 1)
        noise = 3 * math.sqrt(max(share * (1 - share), 1e-9) / max(rows[look], 1.0))
        if not usual / STEADY - noise <= share <= usual * STEADY + noise:
            start = look
            stretch[look:] += 1
    # In an order of the operations that does not depend on how frequent they are.
    place = np.empty(operations, np.int32)
    names = [repr(key) for key in observed.operations.keys]
    place[np.argsort(np.array(names, dtype=object), kind="stable")] = np.arange(operations)
    return [
        Stratification(stretch, place),
        Stratification(stretch, np.zeros(operations, np.int32)),
        Stratification(np.zeros(looks, np.int32), np.zeros(operations, np.int32)),
    ]
