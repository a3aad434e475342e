"""The time that is judged, and the rows that are left out of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import ibis.expr.types as ir
import numpy as np

from obskit.dataset import FieldCodes, Weights
from obskit.display import formatting
from obskit.engine import Scope, format_condition, format_value, microseconds, moment
from obskit.judge.arms import Arm, Arms, Bools, rows_of, sum_codes, texts_of
from obskit.judge.file_masks import FileMasks, codes_key
from obskit.judge.looks import Looks, plan_looks
from obskit.judge.observations import Ints, Observations
from obskit.judge.options import JudgeOptions
from obskit.query.deployments import VERSIONS, deployments, first_steps
from obskit.stats.combinations import sum_combinations
from obskit.stats.sequential import Floats

PODS = ("k8s.pod.name", "host.name", "service.instance.id")
_MICROS = timedelta(microseconds=1)


def concurrent_looks(arms: Arms, options: JudgeOptions) -> tuple[Looks, list[str]]:
    """Return the looks in which both arms can be compared.

    They begin with the candidate's first request, and end with the baseline's last, or with the newest
    stretch of time that is complete.

    Args:
        arms: the arms.
        options: the options.

    Returns:
        The looks, and notes.
    """
    first, _ = arms.candidate_times
    _, last = arms.baseline_times
    complete = arms.complete_until
    length = options.looks // _MICROS if options.looks is not None else 1
    start = first - first % length
    end = last + 1 + (-(last + 1 - start)) % length
    notes = []
    if options.during is not None:
        start = options.during.start if options.during.start is not None else start
        end = min(end, options.during.end if options.during.end is not None else end)
    if end > complete:
        end = complete
        notes.append(
            f"requests from {moment(end):%H:%M:%S} UTC on are left out: slow ones may still be missing"
        )
    looks, more = plan_looks(start, end, options.looks)
    return looks, notes + more


def warming_up(arms: Arms, warmup: timedelta) -> tuple[list[Bools] | None, list[str]]:
    """Return the candidate's rows within a time after the start of their pod, one mask per file.

    Args:
        arms: the arms.
        warmup: the time; 0 for none.

    Returns:
        The rows, or None; and a note.
    """
    if not warmup:
        return None, []
    scope, span = arms.scope, warmup // _MICROS
    field = next((name for name in PODS if name in scope.schema.names), None)
    codes = None if field is None else scope.codes(field)
    size = 1 if codes is None else codes.size
    started = np.full(size, np.iinfo(np.int64).max)
    files = list(zip(scope.dataset.codes.times(), arms.candidate.masks, strict=True))
    pods = [
        np.zeros(len(times), np.int64) if codes is None else codes.codes(at)
        for at, (times, _) in enumerate(files)
    ]
    for (times, mask), pod in zip(files, pods, strict=True):
        np.minimum.at(started, pod[mask], times[mask])
    out = []
    for (times, mask), pod in zip(files, pods, strict=True):
        # A pod without requests of the candidate has no start.
        begun = np.minimum(started[pod], times)
        out.append(mask & (times - begun < span))
    rows = sum(int(mask.sum()) for mask in out)
    where = f"of its {field}" if field is not None else "of the candidate"
    return out, [f"warm-up: {rows:,} rows within {warmup} after the start {where} are left out"]


def earlier_durations(arms: Arms, observed: Observations) -> Floats:
    """Return the weight of requests before the first look, by operation and code of the duration."""
    assert observed.durations is not None
    scope, durations = arms.scope, observed.durations
    size, total = durations.size, len(observed.operations) * durations.size
    rows = rows_of(scope)
    shown = [*observed.operations.codes, durations]
    fields = tuple(codes_key(scope, each) for each in shown)
    start = observed.looks.start
    weights = scope.dataset.codes.weights()
    out = np.zeros(total)
    for file in range(len(rows)):
        n, first, last = rows.ends(file)
        if not n or first >= start:
            continue
        until = None if last < start else start
        what = None if None in fields else ("earlier", fields, until)
        (*own, duration), weight = rows.kept(
            file, what, partial(_earlier_in, rows, file, until, shown, weights[file])
        )
        cell = observed.operations.number_of(file, own, len(weight)).astype(np.int64) * size
        remap = durations.parts[file][1]
        cell += duration if remap is None else remap[duration]
        # Operations that only earlier requests had are beyond the last number.
        kept = cell < total
        out += np.bincount(cell[kept], weight[kept], total)
    return out.reshape(len(observed.operations), size)


def _earlier_in(
    rows: FileMasks, file: int, until: int | None, shown: Sequence[FieldCodes], weights: Weights
) -> tuple[tuple[Ints, ...], Floats]:
    """Return the weight of the requests of a file before a time by the codes of some fields."""
    mask = rows[file] if until is None else rows[file] & (rows.times[file] < until)
    found = np.flatnonzero(mask)
    each = weights.rows_w()[found] * weights.rows_n()[found]
    return sum_combinations([codes.parts[file][0][found] for codes in shown], each)


def also_deployed(arms: Arms, start: int, end: int) -> list[str]:
    """Return the other deployments within a time, such as "search 6.1.4 at 2026-05-04T10:10:00Z".

    Args:
        arms: the arms.
        start: the start of the time in µs.
        end: its end in µs.

    Returns:
        The first step of each; none without recorded or visible deployments.
    """
    arms_of = arms.candidate, arms.baseline
    own = {*arms.candidate.values, *arms.baseline.values}
    if arms.by is None:
        ours, theirs = (_texts_in(arms.scope, VERSIONS, arm) for arm in arms_of)
        # Versions that both arms have are not what is judged.
        own = set() if ours & theirs else ours | theirs
    services = set().union(*(_texts_in(arms.scope, ("service.name",), arm) for arm in arms_of))
    return [
        f"{each} at {formatting.time(each.at)}"
        for each in first_steps(deployments(arms.scope))
        if start <= microseconds(each.at) < end
        and not (each.version in own and (not services or each.service in (None, *services)))
    ]


def _texts_in(scope: Scope, fields: Sequence[str], arm: Arm) -> set[str]:
    """Return the values that an arm has of the first of some fields that the events have, as text."""
    field = next((name for name in fields if name in scope.schema.names), None)
    if field is None or scope.codes(field).kind != "value":
        return set()
    codes = scope.codes(field)
    seen = np.zeros(codes.size, np.bool_)
    seen |= sum_codes(FileMasks.of(scope.dataset, arm.masks), codes, codes_key(scope, codes)) > 0
    return {text for text, has in zip(texts_of(codes.values), seen[1:], strict=False) if has}


def failed_calls(arms: Arms, since: datetime) -> str:
    """Return how many calls of other services to this one failed since a moment, in a sentence.

    Args:
        arms: the arms.
        since: the moment.

    Returns:
        The sentence; "" if the events have no such calls.
    """
    names = arms.scope.schema.names
    targets = [name for name in ("peer.service", "server.address") if name in names]
    if arms.service is None or not targets or not {"kind", "error"} <= {*names}:
        return ""
    named = " or ".join(
        format_condition([{"field": name, "op": "=", "value": arms.service}]) for name in targets
    )
    everything = arms.scope.everything
    calls = everything.narrow(f"kind = 'client' and ({named}) and timestamp >= {format_value(since)}")

    def build(table: ir.Table) -> ir.Table:
        failed: Any = table["error"].fill_null(False)
        return table.aggregate(calls=table.count(), failed=failed.ifelse(1, 0).sum())

    (found,) = calls.run(build).table.to_pylist()
    if not found["calls"]:
        return ""
    return (
        f"Its callers saw {found['failed']:,} of {found['calls']:,} calls to {arms.service} fail since then."
    )
