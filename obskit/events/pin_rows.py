"""The rows that a pin keeps: those of findings, example traces, markers, and a weighted sample of the others.

Traces are sampled as a whole, by a hash of their id. A row that is kept with probability p gets its sample
weight divided by p, so that counts, shares and rates of the kept rows estimate those of all rows.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import Dataset, write
from obskit.engine import Scope
from obskit.errors import InvalidArgument, LimitExceeded
from obskit.explain import Explanation, Finding
from obskit.names.markers import MARKERS
from obskit.schema import LoadReport, cast
from obskit.text import pluralize

WEIGHT = "sample_weight"
ROWS = 16_384
ATTEMPTS = 5
FINDINGS_SHARE = 0.7
"""Most of the budget that the rows of findings take, so that there is a baseline to compare with."""

KEPT_NOTE = "a sample that was kept with a pin: weights are raised so that counts estimate those of all rows"
"""A note of the kept Dataset, and so of every result about it."""

_OTHER, _CHOSEN, _WHOLE = 0, 1, 2
_CLASS = "obskit pin class"  # with spaces: no field has this name


@dataclass(frozen=True)
class _Plan:
    """With which probability rows are kept."""

    chosen: float
    other: float


def keep_rows(scope: Scope, pin_file: Path, findings: Sequence[Any], budget: int) -> dict[str, Any]:
    """Write the rows that a pin keeps to a Dataset next to its file.

    Args:
        scope: the pinned events.
        pin_file: the file of the pin; the folder is called after it.
        findings: explanations, findings, and conditions.
        budget: most bytes of the Dataset.

    Returns:
        `folder`, `rows`, `bytes`, `budget`, and `notes` on how they were chosen.

    Raises:
        InvalidArgument: `findings` holds something else, `budget` is not a positive number, or the folder
            exists.
        LimitExceeded: a sample within the budget would be empty, or example traces and markers exceed it.
    """
    if not isinstance(budget, int) or isinstance(budget, bool) or budget < 1:
        raise InvalidArgument(
            f"budget must be a number of bytes, got {budget!r}", hint="budget=64 << 20 is 64 MiB"
        )
    folder = pin_file.with_name(pin_file.name.removesuffix(".json").removesuffix(".pin") + ".pin.rows")
    if folder.exists():
        raise InvalidArgument(f"{folder} already exists", hint="choose a new name for the pin")
    conditions, traces = _wanted(findings)
    whole = dataclasses.replace(scope, where=None)
    table = _classified(scope, whole, conditions, traces)
    counted = {row["class"]: row["rows"] for row in whole.run(_counts(table)).table.to_pylist()}
    files = scope.dataset.files
    per_row = sum(os.path.getsize(file.path) for file in files) / max(scope.dataset.rows, 1)
    for _ in range(ATTEMPTS):
        plan = _plan(counted, budget, per_row)
        made = _write(whole, table, plan, folder)
        size = sum(os.path.getsize(file.path) for file in made.files)
        if size <= budget and made.rows:
            return {
                "folder": folder.name,
                "rows": made.rows,
                "bytes": size,
                "budget": budget,
                "notes": _notes(counted, plan, traces),
            }
        shutil.rmtree(folder)
        per_row = 1.1 * max(per_row, size / max(made.rows, 1))
    least = pluralize(counted.get(_WHOLE, 0), "row")
    raise LimitExceeded(
        f"the copy does not fit into {budget:,} bytes: example traces and markers alone have {least}",
        hint="give a larger budget=",
    )


def _wanted(findings: Iterable[Any]) -> tuple[list[str], list[str]]:
    """Return the conditions of findings, and the ids of their example traces."""
    if isinstance(findings, str | Explanation | Finding):
        findings = [findings]
    conditions: list[str] = []
    examples: dict[str, None] = {}
    for item in findings:
        if isinstance(item, str):
            conditions.append(item)
            continue
        if isinstance(item, Explanation):
            parts = [item.selection.get("condition"), *(one.condition for one in item.findings)]
            conditions += [part for part in parts if part]
            found: Sequence[Finding] = item.findings
        elif isinstance(item, Finding):
            conditions.append(item.condition)
            found = [item]
        else:
            raise InvalidArgument(
                f"findings must be explanations, findings or conditions, got {type(item).__name__}",
                hint="findings=[events.explain(...)]",
            )
        for finding in found:
            for rows in finding.examples.values():
                examples |= {str(row["trace_id"]): None for row in rows if row.get("trace_id")}
    return list(dict.fromkeys(conditions)), list(examples)


def _classified(scope: Scope, whole: Scope, conditions: Sequence[str], traces: Sequence[str]) -> ir.Table:
    """Return the rows to choose from, each with its class."""
    table = whole.table
    false: Any = ibis.literal(False)
    inside: Any = ibis.literal(True) if scope.where is None else scope.where.to_ibis(table).fill_null(False)
    chosen: Any = false
    for text in conditions:
        chosen = chosen | scope.condition(text).to_ibis(table).fill_null(False)
    kept: Any = false
    if traces and "trace_id" in table.columns:
        kept = kept | table["trace_id"].isin(list(traces)).fill_null(False)
    if "name" in table.columns:
        kept = kept | table["name"].isin(list(MARKERS)).fill_null(False)
    group = ibis.cases((kept, _WHOLE), (inside & chosen, _CHOSEN), (inside, _OTHER), else_=-1)
    return table.mutate(**{_CLASS: group.cast("int8")}).filter(lambda t: t[_CLASS] >= 0)


def _counts(table: ir.Table) -> ir.Table:
    return table.group_by(table[_CLASS].name("class")).aggregate(rows=table.count())


def _plan(counted: dict[int, int], budget: int, per_row: float) -> _Plan:
    """Return the probabilities with which rows of so many bytes fit into the budget."""
    left = max(budget - per_row * counted.get(_WHOLE, 0), 0)
    chosen_bytes = per_row * counted.get(_CHOSEN, 0)
    chosen = min(1.0, FINDINGS_SHARE * left / chosen_bytes) if chosen_bytes else 1.0
    left -= chosen * chosen_bytes
    other_bytes = per_row * counted.get(_OTHER, 0)
    return _Plan(chosen, min(1.0, left / other_bytes) if other_bytes else 1.0)


def _write(whole: Scope, table: ir.Table, plan: _Plan, folder: Path) -> Dataset:
    names = [name for name in whole.schema.names if name in whole.dataset.schema.names]
    fields = [whole.schema.field(name) for name in names]
    if WEIGHT not in names:
        fields.append(pa.field(WEIGHT, pa.float64()))
    schema = pa.schema(fields)
    report = LoadReport()
    report.note(KEPT_NOTE)

    def batches() -> Iterator[pa.RecordBatch]:
        first = 0
        sql = whole.engine.compile(table.select(*names, _CLASS))
        for batch in whole.engine.stream(sql, ROWS):
            kept = _sampled(batch, first, plan, schema)
            first += batch.num_rows
            report.rows_read += kept.num_rows
            if kept.num_rows:
                yield kept

    return write(batches(), lambda: schema, folder, report)


def _sampled(batch: pa.RecordBatch, first: int, plan: _Plan, schema: pa.Schema) -> pa.RecordBatch:
    """Return the rows of a batch that are kept, with their raised weights."""
    classes = batch.column(_CLASS).to_numpy(zero_copy_only=False)
    probability = np.array([plan.other, plan.chosen, 1.0])[classes]
    keep = _draws(batch, first) < probability
    names = [name for name in schema.names if name in batch.schema.names]
    columns = {name: batch.column(name).filter(pa.array(keep)) for name in names}
    rows = int(keep.sum())
    given: npt.NDArray[np.float64] = np.ones(rows)
    if WEIGHT in columns:
        given = columns[WEIGHT].fill_null(1.0).to_numpy(zero_copy_only=False)
    columns[WEIGHT] = pa.array(given / probability[keep])
    ordered = [columns[name] for name in schema.names]
    table = pa.RecordBatch.from_arrays(ordered, names=schema.names)
    return cast(table, schema)


def _draws(batch: pa.RecordBatch, first: int) -> npt.NDArray[np.float64]:
    """Return a number in [0, 1) for each row, the same for all rows of a trace."""
    keys = (
        batch.column("trace_id").to_pylist() if "trace_id" in batch.schema.names else [None] * batch.num_rows
    )
    hashes = [
        zlib.crc32((f"row {first + at}" if key is None else key).encode()) for at, key in enumerate(keys)
    ]
    return np.array(hashes, dtype=np.float64) / 2**32


def _notes(counted: dict[int, int], plan: _Plan, traces: Sequence[str]) -> list[str]:
    def line(what: str, group: int, probability: float) -> str:
        share = "all" if probability >= 1 else f"{probability:.2%} by trace, with raised weights,"
        return f"{share} of {pluralize(counted.get(group, 0), f'row {what}', f'rows {what}')}"

    kept = counted.get(_WHOLE, 0)
    return [
        line("that findings select", _CHOSEN, plan.chosen),
        line("of the rest", _OTHER, plan.other),
        f"all {pluralize(kept, 'row')} of markers and of {pluralize(len(traces), 'example trace')}",
    ]
