"""`Answer`: what obskit gives for a file, in a form in which two answers can be compared.

Values are compared as text: `2026-05-04T10:00:00+00:00`, `12.5`, `true`. A column whose only text is cut off
becomes a column of numbers, and that is no other answer.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from obskit.errors import ObskitError
from obskit.schema import LoadReport
from tests.metamorphic.world import START
from tests.support.loaded import load_files

Row = dict[str, str]
KEYS = (
    *("timestamp", "observed_timestamp", "duration_ms", "error", "status_code", "http.response.status_code"),
    *("trace_id", "span_id", "parent_span_id", "sample_weight", "severity_number", "client.address", "name"),
    *("kind", "service.name", "body"),
)
"""What a wrong answer is made of; all other fields are compared too, but these are named first."""

_NUMBER = re.compile(r"\d[\d,.]*")
_MODIFIED = START.timestamp() + 7 * 86_400


@dataclass
class Answer:
    """Rows, or an error; and everything that the load report says beyond renaming and converting.

    Attributes:
        rows: field -> value as text, without empty fields, in the order of the file.
        told: remark without its numbers -> how often.
        refused: obskit's error, which ends a command with exit status 1.
        crash: any other error, which must not happen.
    """

    rows: list[Row] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    refused: str = ""
    crash: str = ""

    def beyond(self, other: Answer) -> list[str]:
        """Return the remarks that this answer has and another one has not."""
        return [text for text, count in self.told.items() if count > other.told[text]]


def answer(path: Path) -> Answer:
    """Load a file and return what comes out."""
    os.utime(path, (_MODIFIED, _MODIFIED))  # the year of times without one
    try:
        loaded = load_files(path)
    except ObskitError as error:
        return Answer(refused=f"{type(error).__name__}: {error}")
    except Exception as error:
        return Answer(crash=f"{type(error).__name__}: {error}")
    return Answer([{k: plain(v) for k, v in row.items()} for row in loaded.rows], told(loaded.report))


def told(report: LoadReport) -> Counter[str]:
    """Return the remarks of a report that warn of a difference, each with its count."""
    said = Counter({f"rejected: {_NUMBER.sub('N', why)}": n for why, n in report.rejected_by_reason.items()})
    said.update({f"could not parse {name}": n for name, n in report.unparsed.items()})
    said.update({f"{name} had two values": n for name, n in report.overridden.items()})
    said.update({"without a timestamp": report.untimed, "replaced": report.replaced})
    said.update(_NUMBER.sub("N", note) for note in report.notes)
    return +said


def plain(value: Any) -> str:
    """Return a value as the text by which it is compared."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        whole = not isinstance(value, float) or (math.isfinite(value) and value.is_integer())
        return str(int(value)) if whole else f"{value:.12g}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, sort_keys=True, default=plain)
    return str(value)


def frozen(row: Row) -> frozenset[tuple[str, str]]:
    return frozenset(row.items())


def counted(rows: Iterable[Row]) -> Counter[frozenset[tuple[str, str]]]:
    return Counter(frozen(row) for row in rows)


def difference(wanted: list[Row], got: list[Row]) -> str:
    """Return in a sentence how two lists of rows differ, in any order; empty if they do not."""
    missing, extra = counted(wanted) - counted(got), counted(got) - counted(wanted)
    if not missing and not extra:
        return ""
    text = f"{len(wanted)} rows wanted, {len(got)} read; {missing.total()} missing, {extra.total()} others"
    if missing and extra:
        lost = next(iter(missing))
        near = max(extra, key=lambda row: len(row & lost))
        text += f"; {fields(dict(lost), dict(near))}"
    elif extra:
        text += f"; for example {dict(sorted(next(iter(extra))))}"
    return text


def fields(lost: Row, near: Row) -> str:
    """Return which fields of two rows differ, the most important first."""
    names = [n for n in (*KEYS, *sorted({*lost, *near} - set(KEYS))) if lost.get(n) != near.get(n)]
    shown = [f"{n}: {_short(lost.get(n))} is {_short(near.get(n))}" for n in names[:6]]
    return ", ".join([*shown, f"and {len(names) - 6} fields more"] if len(names) > 6 else shown)


def _short(value: str | None) -> str:
    return "empty" if value is None else repr(value if len(value) < 60 else value[:57] + "...")
