"""`note`: write a sentence onto the time axis, as an event that all verbs read."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obskit.dataset import is_dataset
from obskit.display import formatting
from obskit.engine import parse_moment
from obskit.errors import InvalidArgument
from obskit.instrument.redaction.options import Redaction
from obskit.instrument.redaction.redactor import Redactor
from obskit.names.markers import NOTE, NOTE_PHASE
from obskit.record.append import append_line

PHASES = ("began", "detected", "mitigated", "recovered")
"""What a note may say about an incident."""

FILE = "notes.jsonl"
MOST = 10_000


def note(text: str, into: str | os.PathLike[str], at: Any = None, *, phase: str | None = None) -> Path:
    """Write a note into a folder of events; it appears on the time axis next to deployments and incidents.

    Args:
        text: what happened, or what was done. Secrets in it are masked.
        into: the folder of the events; the note is appended to `notes.jsonl` there. Several processes may
            write at the same time.
        at: when it happened: a datetime or ISO 8601 text (UTC if it has no zone); now by default.
        phase: what the note says about an incident: "began", "detected", "mitigated" or "recovered".

    Returns:
        The file.

    Raises:
        InvalidArgument: `text` is empty or longer than 10,000 characters, `into` is not a folder of files,
            or `phase` is another word.
        ConditionError: `at` is text that is not a time.
        StorageFull: the disk is full.

    Example:
        ok.note("traffic moved to the other region", into="notes", at="2026-05-04T10:40Z", phase="mitigated")
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidArgument(f"a note needs text, got {text!r}", hint='ok.note("rolled back", into=FOLDER)')
    if len(text) > MOST:
        raise InvalidArgument(
            f"a note must have at most {MOST:,} characters, got {len(text):,}",
            hint="link to a longer document",
        )
    if phase is not None and phase not in PHASES:
        raise InvalidArgument(
            f"phase must be one of {', '.join(PHASES)}, got {phase!r}", hint="or leave it out"
        )
    folder = Path(into).expanduser()
    if folder.exists() and not folder.is_dir():
        raise InvalidArgument(
            f"{folder} is a file, expected the folder of the events", hint=f"into={str(folder.parent)!r}"
        )
    if is_dataset(folder):
        raise InvalidArgument(
            f"{folder} is a Dataset, to which nothing can be added",
            hint="write notes into another folder, and load both: ok.load([DATASET, NOTES])",
        )
    now = datetime.now(UTC)
    moment = parse_moment(at, now) or now
    row = {
        "timestamp": formatting.utc(moment),
        "name": NOTE,
        "kind": "event",
        "body": Redactor(Redaction()).text(text),
    }
    target = folder / FILE
    append_line(target, row if phase is None else row | {NOTE_PHASE: phase})
    return target.absolute()
