"""`Normalizer` turns raw batches of any format into events: names, types, weights and errors.

The steps, in order: flatten; apply the caller's mapping; rename aliases of obskit's columns and old names of
the conventions; convert to known types; derive columns; make names unique regardless of case; widen types to
those seen before. Readers do none of this. Example: {"ts": 1700000000, "http": {"status_code": "500"}}
becomes `timestamp` 2023-11-14T22:13:20Z, `http.response.status_code` 500 and `error` true.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import InvalidArgument, LimitExceeded
from obskit.names import COLUMNS, EXCEPTION_FINGERPRINT, current, flat_field, nearest, type_word
from obskit.names.flat_fields import TRACE_HEADER
from obskit.schema import derive
from obskit.schema.body_notes import BodyNotes
from obskit.schema.carried import clear_absent, unpack_carried
from obskit.schema.contributions import Contribution, coalesce, count_both
from obskit.schema.doubts import Doubts
from obskit.schema.exception_text import complete_exceptions
from obskit.schema.field_types import FieldTypes
from obskit.schema.flat_columns import combine
from obskit.schema.flat_values import read_duration, read_flat, split_plausible, time_tier
from obskit.schema.flatten import MAX_FIELDS, MILLISECONDS, NAIVE, Column, flatten, too_many_fields
from obskit.schema.mapping import SourceColumn, read_mapping
from obskit.schema.misfits import Misfits
from obskit.schema.options import READ_AS_IS, ReadOptions
from obskit.schema.parse import localize, parse
from obskit.schema.points import POINTS, parse_points
from obskit.schema.report import LoadReport
from obskit.schema.report_state import absorb_report, to_state
from obskit.schema.severity import severity_numbers
from obskit.schema.types import TIMESTAMP, to_text, word
from obskit.text import safe

NAMED = {b"obskit.named": b"1"}
"""Metadata of a batch whose reader already uses obskit's column names: aliases are not renamed in it."""

MIXED = b"obskit.mixed"
"""Metadata of a text column: JSON of type -> number of values that had this type in the source."""

FALLBACK = b"obskit.fallback"
"""Metadata key of a column that counts only where no other has a value, such as one of a line's prefix."""

_FLAT = ("flat", "header")
_USUAL = (0, 4_102_444_800_000_000)  # microseconds from 1970 to 2100
_IDS = ("trace_id", "span_id", "parent_span_id")


class Normalizer:
    """Turns raw batches into events, one after the other, and collects their common schema.

    Args:
        report: counts what was changed.
        options: how to read; the normalizer uses `mapping`.
        max_fields: most distinct field names.
        apart: whether other rows of the same load are normalized elsewhere, so that conclusions about all
            rows are left to the normalizer that absorbs this one.

    Raises:
        InvalidArgument: the mapping is not valid.
    """

    def __init__(
        self,
        report: LoadReport,
        options: ReadOptions = READ_AS_IS,
        *,
        max_fields: int = MAX_FIELDS,
        apart: bool = False,
    ) -> None:
        self.report = report
        self._mapping = read_mapping(options.mapping)
        self._max_fields = max_fields
        self.fields = FieldTypes(report, apart=apart)
        self._zone = None if options.tz is None else ZoneInfo(options.tz)
        self._sources: set[str] = set()
        self._misfits = Misfits()
        self._traced = False
        self._doubts, self._bodies = Doubts(), BodyNotes(_ignore if apart else report.note)

    @property
    def schema(self) -> pa.Schema:
        """Schema of all events so far: obskit's columns first, then the others by name."""
        return self.fields.schema

    def batch(self, raw: pa.RecordBatch) -> pa.RecordBatch:
        """Turn a raw batch into events.

        Args:
            raw: a batch as a reader gives it.

        Returns:
            The same rows in the same order, with the types known so far. `schema` may grow with later
            batches; `types.cast` converts earlier batches to it.

        Raises:
            LimitExceeded: more than `max_fields` distinct names.
        """
        rows = raw.num_rows
        named = (raw.schema.metadata or {}).get(b"obskit.named") == b"1"
        columns: dict[str, pa.Array] = {}
        mixed: dict[str, dict[str, int]] = {}
        for target, parts in self._targets(self._source_columns(raw, named), named).items():
            self._merge(target, parts, columns, mixed)
        clear_absent(columns)
        if not named:
            complete_exceptions(columns)
        self._derive(columns, rows)
        out: dict[str, pa.Array] = {}
        for name, values in columns.items():
            unique = self.fields.unique_name(name)
            out[unique] = self.fields.unify(unique, name, values, mixed.get(name, {}))
        if len(self.fields) > self._max_fields:
            raise self._too_many()
        names = [n for n in COLUMNS if n in out] + sorted(n for n in out if n not in COLUMNS)
        self.report.rows_read += rows
        self.report.untimed += out["timestamp"].null_count
        extremes = pc.min_max(out["timestamp"].cast(pa.int64())).as_py()
        if extremes["min"] is not None and not _USUAL[0] <= extremes["min"] <= extremes["max"] < _USUAL[1]:
            self.report.note(
                "some timestamps are before 1970 or after 2100: a clock was not set, or is broken"
            )
        events = pa.RecordBatch.from_arrays([out[n] for n in names], names)
        self._doubts.add(events)
        self._bodies.add(events)
        self.report.messages.add(events)
        return events

    def _too_many(self) -> LimitExceeded:
        if self._max_fields == MAX_FIELDS:
            return too_many_fields()
        return LimitExceeded(f"more than {self._max_fields:,} distinct field names")

    def _source_columns(self, raw: pa.RecordBatch, named: bool) -> list[Column]:
        """Return the flat columns of a batch; those of flat rows that belong together as one."""
        columns = flatten(raw)
        if self._zone is not None:
            columns = [self._localized(column, self._zone) for column in columns]
        self._sources.update(column.name for column in columns)
        if named:
            return columns
        mapped = [column for column in columns if column.name in self._mapping]
        flat = [column for column in columns if column.name not in self._mapping]
        return mapped + combine(flat, self.report.note)

    def _localized(self, column: Column, zone: ZoneInfo) -> Column:
        if not column.metadata or not column.metadata.keys() >= NAIVE.keys():
            return column
        moved = localize(column.values.cast(pa.int64()), zone, self.report.note)
        return column._replace(values=moved.cast(TIMESTAMP))

    def finish(self) -> None:
        """Add doubts to the report after the last batch, and check the mapping.

        Raises:
            InvalidArgument: a column that the mapping uses was in no row; the hint names the nearest columns.
        """
        self._misfits.note(self.report)
        self.report.doubts = self._doubts.sentences(self.report)
        for source in self._mapping:
            if source not in self._sources:
                near = nearest(source, self._sources) or sorted(self._sources)[:5]
                raise InvalidArgument(
                    f"no row has the field '{source}', but the mapping uses it",
                    hint=f"fields of these rows are {', '.join(map(safe, near))}"
                    if near
                    else "there are no rows",
                )

    def _targets(self, columns: list[Column], named: bool) -> dict[str, list[Contribution]]:
        """Return name of each column of the events -> its source columns, the winning one first."""
        targets: dict[str, list[Contribution]] = {}
        plain = SourceColumn("", None, ())
        for name, depth, values, metadata in columns:
            mixed = orjson.loads(metadata[MIXED]) if metadata and MIXED in metadata else {}
            if (mapped := self._mapping.get(name)) is not None:
                for target, source in mapped:
                    with_nulls = source.with_nulls(values)
                    part = Contribution(name, (0, depth, 0), with_nulls, "mapped", source, mixed)
                    targets.setdefault(target, []).append(part)
                continue
            meaning = None if named else flat_field(name)
            if meaning is not None and metadata and metadata.keys() >= MILLISECONDS.keys():
                meaning = meaning._replace(milliseconds=1.0)
            target, how, rank = name, "own", (1, depth, 0)
            if metadata and FALLBACK in metadata:
                target, how, rank = current(name), "fallback", (4, depth, 0)
            elif meaning is not None and meaning.reading != TRACE_HEADER:
                target, how, rank = meaning.target, "flat", (2, time_tier(meaning, values), meaning.rank)
            elif (unpacked := unpack_carried(name, values)) is not None:
                # The format's own value for this column is only an approximation.
                (target, values), how, rank = unpacked, "carried", (1, -1, 0)
            elif (new_name := current(name)) != name:
                target, how, rank = new_name, "old", (3, depth, 0)
            elif name == "timestamp" and not named:
                values, rest = split_plausible(values)
                if rest is not None:  # 5.25 may be an uptime: any other time of the row is better
                    part = Contribution(name, (4, depth, 0), rest, "own", plain, {})
                    targets.setdefault(target, []).append(part)
            parts = targets.setdefault(target, [])
            parts.append(Contribution(name, rank, values, how, plain, mixed, meaning))
            if meaning is not None and meaning.reading == TRACE_HEADER:  # the header stays as it is
                part = Contribution(name, (2, 9, meaning.rank), values, "header", plain, {}, meaning)
                targets.setdefault(meaning.target, []).append(part)
        for parts in targets.values():
            parts.sort(key=lambda part: part.rank)
        self._traced = "trace_id" in targets
        return targets

    def _merge(
        self,
        target: str,
        parts: list[Contribution],
        columns: dict[str, pa.Array],
        mixed: dict[str, dict[str, int]],
    ) -> None:
        """Add a target to the columns; where several sources have a value, the first one wins."""
        merged: pa.Array | None = None
        for part in parts:
            if part.meaning is not None and part.how in _FLAT:
                values = self._flat(target, part, merged, columns)
            else:
                values = self._typed(target, part, columns)
            if part.how == "old":
                self._count_rename(part, target, merged)
            elif part.how == "own" and merged is not None and parts[0].how != "carried":
                self.report.override(target, count_both(values, merged))
            for kind, count in part.mixed.items():
                mixed.setdefault(target, {})[kind] = mixed.get(target, {}).get(kind, 0) + count
            merged = values if merged is None else coalesce(merged, values)
        if merged is not None and (merged.null_count < len(merged) or any(p.how not in _FLAT for p in parts)):
            have = columns.get(target)
            columns[target] = merged if have is None else coalesce(merged, have)

    def _count_rename(self, part: Contribution, target: str, merged: pa.Array | None) -> None:
        """Count the rows that had the old name, even if their value does not have the new name's type."""
        both = 0 if merged is None else count_both(part.values, merged)
        self.report.rename(part.name, target, len(part.values) - part.values.null_count - both)
        self.report.override(part.name, both)

    def _flat(
        self, target: str, part: Contribution, merged: pa.Array | None, columns: dict[str, pa.Array]
    ) -> pa.Array:
        """Return a flat field's values for its target; values that do not fit stay under the field's name."""
        assert part.meaning is not None
        values = read_flat(part.meaning, part.values, self._zone, self.report.note, traced=self._traced)
        if part.how == "flat":
            self._misfits.add(part, part.meaning, values.null_count - part.values.null_count, self.report)
        if merged is not None:
            values = pc.if_else(pc.is_valid(merged), pa.scalar(None, values.type), values)
        if part.how == "header":
            return values
        used = len(values) - values.null_count
        if part.values.null_count < len(values) - used:
            columns[part.name] = pc.if_else(
                pc.is_valid(values), pa.scalar(None, part.values.type), part.values
            )
        self.report.rename(part.name, target, used)
        return values

    def _typed(self, target: str, part: Contribution, columns: dict[str, pa.Array]) -> pa.Array:
        """Convert to the known type of the target, if it has one; count failures."""
        known = type_word(target)
        if target in POINTS:
            return parse_points(part.values, POINTS[target])
        if known is None:
            return part.values
        if target == "kind":
            return derive.kinds(part.values)
        if target == "status_code":
            return self._status(part.values, columns)
        if part.source.format is not None and not pa.types.is_timestamp(part.values.type):
            values = part.source.format.read(part.values, self._zone, self.report.note)
        elif target == "duration_ms" and pa.types.is_string(part.values.type):
            values = read_duration(part.values, part.source.milliseconds_per_unit)
        else:
            parsed = parse(part.values, known, part.source.unit, self._zone, self.report.note)
            values = part.source.in_milliseconds(target, parsed)
        failed = values.null_count - part.values.null_count
        if target == "error" and failed and pa.types.is_string(part.values.type):
            # Text under this name is a message, not a flag: keep it.
            message = pc.if_else(pc.is_valid(values), pa.scalar(None, pa.string()), part.values)
            columns["attributes.error"] = message
            self.report.rename("error", "attributes.error", failed)
            return values
        if target == "timestamp" and failed and pa.types.is_string(part.values.type):
            columns["attributes.timestamp"] = pc.if_else(
                pc.is_valid(values), pa.scalar(None, pa.string()), part.values
            )
        self.report.fail_to_parse(target, failed)
        self._doubts.parsed(target, len(values) - values.null_count)
        if target != "timestamp" and not values.type.equals(part.values.type):
            self._count_retyped(target, part.values, values)
        return values

    def _count_retyped(self, target: str, before: pa.Array, after: pa.Array) -> None:
        widened = pa.types.is_integer(before.type) and (
            pa.types.is_floating(after.type) or target == "severity_number"
        )
        if widened or pa.types.is_null(before.type):
            return
        after_word = COLUMNS.get(target) or word(after.type)
        self.fields.count_retyped(target, word(before.type), len(after) - after.null_count, after_word)

    def _status(self, values: pa.Array, columns: dict[str, pa.Array]) -> pa.Array:
        """Return span statuses; HTTP statuses under this name move to their own column."""
        if pa.types.is_null(values.type):
            return pa.nulls(len(values), pa.string())
        status, http, other = derive.statuses(to_text(values))
        for name, moved in (("http.response.status_code", http), ("attributes.status_code", other)):
            if moved.null_count < len(moved):
                have = columns.get(name)
                columns[name] = moved if have is None else coalesce(have, moved)
                self.report.rename("status_code", name, len(moved) - moved.null_count)
        return status

    def _derive(self, columns: dict[str, pa.Array], rows: int) -> None:
        """Add columns that follow from others: timestamp, ids, weights, exceptions, templates, errors."""
        if "timestamp" not in columns:
            columns["timestamp"] = pa.nulls(rows, TIMESTAMP)
        for name in _IDS:
            if name in columns:
                columns[name] = derive.hex_ids(columns[name])
        weight, bad = derive.weights(columns.get("sample_weight"), columns.get("trace_state"))
        self.report.fail_to_parse("sample_weight", bad)
        if weight is not None:
            columns["sample_weight"] = weight
        if "event_count" in columns:
            columns["event_count"], bad = derive.counts(columns["event_count"])
            self.report.fail_to_parse("event_count", bad)
        for name, values in derive.exceptions(columns).items():
            have = columns.get(name)
            columns[name] = values if have is None else coalesce(have, values)
        if (texts := columns.get("severity_text")) is not None:
            numbers = severity_numbers(texts)
            given = columns.get("severity_number")
            columns["severity_number"] = numbers if given is None else pc.coalesce(given, numbers)
        columns.update(derive.message_templates(columns))
        fingerprints = derive.exception_fingerprints(columns)
        if fingerprints is not None:
            columns[EXCEPTION_FINGERPRINT] = fingerprints
        computed = derive.error_flags(columns, rows)
        given = columns.get("error")
        columns["error"] = computed if given is None else pc.coalesce(given, computed)

    def to_state(self) -> dict[str, Any]:
        """Return everything but the rows as JSON-safe values, which `absorb` reads."""
        return {
            "fields": self.fields.to_state(),
            "sources": sorted(self._sources),
            "misfits": self._misfits.to_state(),
            "doubts": self._doubts.to_state(),
            "bodies": self._bodies.to_state(),
            "report": to_state(self.report),
        }

    def absorb(self, state: dict[str, Any]) -> dict[str, str]:
        """Add rows that were normalized apart, after all others so far; `finish` then concludes from all.

        Args:
            state: what `to_state` returned for them.

        Returns:
            Name of a field there -> what it is called here, for fields whose names differ.

        Raises:
            LimitExceeded: more than `max_fields` distinct names.
        """
        absorb_report(self.report, state["report"])
        renamed = self.fields.absorb(state["fields"])
        if len(self.fields) > self._max_fields:
            raise self._too_many()
        self._sources.update(state["sources"])
        self._misfits.absorb(state["misfits"])
        self._doubts.absorb(state["doubts"])
        self._bodies.absorb(state["bodies"])
        return renamed


def _ignore(_: str) -> None:
    """Leave out a remark."""
