"""Counts of weighted observations in groups, shares, and how many observations a weighted share rests on.

Arrays have one entry per slice. The counts of a group are `Counts`: observations n, weight w and squared
weight w2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Side: TypeAlias = Literal["low", "high"]


@dataclass(frozen=True)
class Counts:
    """Sums over the rows of each slice, as arrays of one length.

    Attributes:
        n: observations, the sum of event counts.
        w: weight, the sum of event count times sample weight.
        w2: squared weight, the sum of event count times squared sample weight.
    """

    n: Floats
    w: Floats
    w2: Floats

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.n + other.n, self.w + other.w, self.w2 + other.w2)

    def __sub__(self, other: Counts) -> Counts:
        n, w, w2 = self.n - other.n, self.w - other.w, self.w2 - other.w2
        for part in (n, w, w2):  # in place: a dictionary may have millions of entries
            np.maximum(part, 0, out=part)
        # weights are floats: the difference of equal sums is noise, not a negative count
        left = n > 0
        w *= left
        w2 *= left
        return Counts(n, w, w2)

    def __getitem__(self, key: slice | npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Counts:
        return Counts(self.n[key], self.w[key], self.w2[key])

    def __len__(self) -> int:
        return len(self.n)

    def sum(self) -> Counts:
        """Return the sums over all slices, as arrays of length 1."""
        return Counts(*(np.atleast_1d(part.sum(dtype=np.float64)) for part in (self.n, self.w, self.w2)))

    @staticmethod
    def join(parts: list[Counts]) -> Counts:
        """Return the slices of all parts, in order."""
        if not parts:
            return Counts(np.zeros(0), np.zeros(0), np.zeros(0))
        return Counts(
            *(np.concatenate([getattr(p, k) for p in parts]).astype(float) for k in ("n", "w", "w2"))
        )


def share(part: Counts, whole: Counts) -> Floats:
    """Return the weighted share of the whole that lies in each slice, in [0, 1]."""
    return np.minimum(np.maximum(part.w / max(float(whole.w[0]), 1e-300), 0.0), 1.0)


def effective_size(
    part: Counts, whole: Counts, design_effect: Floats | float = 1.0, *, side: Side = "low"
) -> Floats:
    """Return the effective sample size of a slice's share: independent, equally weighted observations.

    n_eff = p(1-p)/v, where v is the variance of the weighted share under Poisson sampling:
    v = sum n w² (1[in slice] - p)² / (sum n w)². Where v is 0 (p is 0 or 1): (sum n w)² / (sum n w²).
    Kish's formula, which uses the spread of the weights alone, gives false alarms where sampling depends on
    the slice.

    Where weights differ, v comes out too small if by chance all heavy rows are on one side. So one heavy row
    is added on the other side. With equal weights that row weighs nothing and the sizes are exact.

    Args:
        part: the counts of the slices.
        whole: the counts of their group (length 1).
        design_effect: of clustering, >= 1; it makes the rows of a cluster count once.
        side: the bound that the size is for. "low" adds the heavy row outside the slice, "high" inside.
    Returns:
        Effective observations, > 0.
    """
    p = share(part, whole)
    total, squares = float(whole.w[0]), float(whole.w2[0])
    more = heavy(squares, total, float(whole.n[0]))
    inside, outside = (0.0, more) if side == "low" else (more, 0.0)
    v = (part.w2 + inside) * (1 - p) ** 2 + (np.maximum(squares - part.w2, 0.0) + outside) * p**2
    v = v / max(total**2, 1e-300)
    plain = total**2 / max(squares, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(v > 0, p * (1 - p) / v, plain)
    size = np.where((p <= 0) | (p >= 1), plain, size)
    return np.maximum(size / design_effect, 1e-9)


def share_and_size(
    part: Counts, whole: Counts, design_effect: Floats | float = 1.0, unit: float = 0.0, *, side: Side
) -> tuple[Floats, Floats]:
    """Return each slice's share and its effective sample size, both on the conservative side.

    Where weights differ, all heavy rows may be on one side by chance, and the variance of the share looks
    smaller than it is. So the size never exceeds the one that the spread of the weights allows (Kish). Where
    clusters differ in size, a large one is added: inside the slice for an upper bound, else outside.

    Args:
        part: the counts of the slices.
        whole: the counts of their group (length 1).
        design_effect: of clustering, >= 1.
        unit: extra weight of a large cluster over an average one; 0 where all weigh the same.
        side: the bound that is wanted.
    Returns:
        Shares in [0, 1] and effective observations; with equal weights and no clusters, exactly as counted.
    """
    total, squares = float(whole.w[0]), float(whole.w2[0])
    added = max(total + unit, 1e-300)
    p = np.minimum(np.maximum((part.w + (unit if side == "high" else 0.0)) / added, 0.0), 1.0)
    q = 1 - p
    inside, outside = q**2, p**2
    v = design_effect * (part.w2 * inside + np.maximum(squares - part.w2, 0.0) * outside)
    v = (v + unit**2 * (inside if side == "high" else outside)) / added**2
    plain = total**2 / max(squares, 1e-300) / design_effect
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where((v > 0) & (p > 0) & (p < 1), p * q / v, plain)
    return p, np.maximum(np.minimum(size, plain), 1e-9)


def heavy(squares: float, total: float, count: float) -> float:
    """Return by how much the squared weight of a heavy unit exceeds that of an average one.

    Args:
        squares: the sum of the squared weights.
        total: the sum of the weights.
        count: the number of units.
    Returns:
        A squared weight, >= 0; 0 where all units weigh the same.
    """
    if total <= 0 or count <= 0:
        return 0.0
    gap = (squares / total) ** 2 - (total / count) ** 2
    return gap if gap > 1e-9 * (total / count) ** 2 else 0.0
