"""`pin`: record which data an answer is about; and open that data again."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obskit import distribution
from obskit.dataset import RULES, Period
from obskit.errors import ChangedData, InvalidArgument, ObskitError
from obskit.events.events import Events
from obskit.events.origin import Step
from obskit.events.pin_rows import keep_rows
from obskit.events.pin_sources import describe, find, repacked
from obskit.events.pins import Pin
from obskit.schema import ReadOptions
from obskit.text import pluralize

_TO_FILES = "write them with events.write and load that, or keep the rows: ok.pin(events, PATH, copy=True)"


def pin(
    events: Events,
    path: str | os.PathLike[str] | None = None,
    *,
    copy: bool = False,
    findings: Sequence[Any] = (),
    budget: int = 64 << 20,
) -> Pin:
    """Record which data an answer is about: files, fingerprint, fields, and the steps that narrowed it.

    `ok.load(pin)` opens the same events again, after a restart or from another copy of the files, and refuses
    data that has changed.

    Args:
        events: the events.
        path: a new file for the pin, such as "incident.pin.json"; None to write none.
        copy: also keep rows next to the file, as they are, for the day on which the data is gone: all rows
            that the findings select, their example traces as a whole, all markers, and a sample of the other
            rows by trace, whose weights are raised accordingly.
        findings: explanations, findings, or conditions, whose rows are kept.
        budget: most bytes that the copy may take.

    Returns:
        The pin.

    Raises:
        InvalidArgument: the file exists already, `copy` has no `path`, `findings` has no `copy`, or the
            events come from memory or a stream, so that only a copy can be pinned.
        LimitExceeded: the copy needs more than `budget` bytes.
        StorageFull: the disk is full.

    Cost: reads the sizes of the files; with `copy`, two passes over the rows.

    Example:
        import tempfile
        found = events.explain("duration_ms > 500", where="http.route = '/book'")
        with tempfile.TemporaryDirectory() as folder:
            print(ok.pin(events, f"{folder}/slow.pin.json", copy=True, findings=[found], budget=2_000_000))
    """
    if copy and path is None:
        raise InvalidArgument("copy=True needs a path", hint='ok.pin(events, "incident.pin.json", copy=True)')
    if findings and not copy:
        raise InvalidArgument("findings= has no effect without copy=True", hint="add copy=True")
    target = None if path is None else Path(path).expanduser().absolute()
    if target is not None and target.exists():
        raise InvalidArgument(f"{target} already exists", hint="choose a new file")
    origin = events._origin
    if origin is None or (origin.source is None and not copy):
        raise InvalidArgument(
            "these events come from memory or a stream, which cannot be read again", hint=_TO_FILES
        )
    made = Pin(
        sources=tuple(map(describe, origin.source or ())),
        options=_options(events),
        fingerprint=origin.dataset.fingerprint,
        rows=origin.dataset.rows,
        schema=tuple((field.name, str(field.type)) for field in origin.dataset.schema),
        steps=tuple(_checked(step) for step in events._described),
        result={"fingerprint": events.fingerprint, "rows": events.scope.extent[0]},
        version={"obskit": importlib.metadata.version(distribution.NAME), "rules": RULES},
        made=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        display={"trace_url": events.trace_url, "display_tz": events.display_tz},
        period=None if origin.period is None else origin.period.to_texts(),
    )
    if target is None:
        return made
    if copy:
        made = dataclasses.replace(made, kept=keep_rows(events.scope, target, findings, budget))
    try:
        return dataclasses.replace(made, path=made.save(target))
    except Exception:  # rows without their pin would be in the way of the next one
        if made.kept is not None and not target.exists():
            shutil.rmtree(target.with_name(made.kept["folder"]), ignore_errors=True)
        raise


def open_pin(pinned: Pin, root: str | os.PathLike[str] | None, load: Callable[..., Events]) -> Events:
    """Load the events of a pin.

    Args:
        pinned: the pin.
        root: the folder of a copy of its files; None for where they were, or next to the pin's file.
        load: loads paths, of a time to read or None.

    Returns:
        The same events.

    Raises:
        ChangedData: the data is not what was pinned; the message says what differs.
    """
    top = None if root is None else Path(root).expanduser().absolute()
    beside = None if pinned.path is None else pinned.path.parent
    try:
        if not pinned.sources:
            raise ChangedData(
                "the pinned events came from memory or a stream, which cannot be read again",
                hint="load the kept rows, which are a sample",
            )
        found = [find(source, top, beside) for source in pinned.sources]
        paths = [path for path, _ in found]
        period = None if pinned.period is None else Period.from_texts(*pinned.period)
        events = load(paths[0] if len(paths) == 1 else paths, period, **pinned.options, **pinned.display)
        if events._origin is None or events._origin.dataset.fingerprint != pinned.fingerprint:
            raise _other_rows(pinned, events, [name for _, names in found for name in names])
        for step in pinned.steps:
            events = _repeat(events, step, top, beside)
        if events.fingerprint != pinned.result.get("fingerprint"):
            raise _other_result(pinned)
    except ChangedData as error:
        raise _with_kept(error, pinned) from None
    return events


def _options(events: Events) -> dict[str, Any]:
    """Return the keyword arguments of `load` that decide what is read."""
    options = None if events._origin is None else events._origin.options
    names = [field.name for field in dataclasses.fields(ReadOptions)]
    given = {name: value for name in names if (value := getattr(options, name, None)) is not None}
    try:
        json.dumps(given)
    except TypeError:
        raise InvalidArgument(
            "a pin keeps text, but an option of load is an expression or an object",
            hint="write error= and mapping= as text and plain values",
        ) from None
    return given


def _checked(step: Step) -> dict[str, Any]:
    """Return a step with what is needed to repeat it."""
    step = dict(step)
    if step["verb"] == "lookup":
        if step["table"] is None:
            raise InvalidArgument(
                "a pin cannot keep a lookup from a table in memory",
                hint="write the table to a CSV file and look that up",
            )
        if step["fields"] is not None and not isinstance(step["fields"], Mapping):
            step["fields"] = list(step["fields"])
        step["digest"] = _digest(Path(step["table"]))
    return step


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _repeat(events: Events, step: Step, root: Path | None, beside: Path | None) -> Events:
    match step["verb"]:
        case "where":
            return events.where(step["condition"])
        case "derive":
            return events.derive(**dict(step["fields"]))
        case "points":
            return events.points()
        case "links":
            return events.links()
    table = _table(step, root, beside)
    names = ("fields", "key", "valid_from", "valid_to")
    return events.lookup(table, step["on"], **{name: step[name] for name in names})


def _table(step: Step, root: Path | None, beside: Path | None) -> Path:
    """Find the table of a lookup again."""
    pinned = Path(step["table"])
    places = [top / pinned.name for top in (root, beside) if top is not None]
    there = [place for place in (pinned, *places) if place.is_file()]
    for place in there:
        if _digest(place) == step["digest"]:
            return place
    state = "has other content than when it was pinned" if there else "is missing"
    raise ChangedData(
        f"{there[0] if there else pinned}, a table that was looked up, {state}",
        hint="restore it, or put a copy into the folder root=",
    )


def _other_rows(pinned: Pin, events: Events, written: Sequence[str]) -> ChangedData:
    """Return the error for files that look like the pinned ones and hold other rows."""
    dataset = events.dataset if events._origin is None else events._origin.dataset
    now = {field.name: str(field.type) for field in dataset.schema}
    before = dict(pinned.schema)
    said = [f"fingerprint {dataset.fingerprint[:12]}, pinned {pinned.fingerprint[:12]}"]
    if dataset.rows != pinned.rows:
        said.append(f"{pluralize(dataset.rows, 'row')}, pinned {pinned.rows:,}")
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if changed:
        said.append(f"fields that differ: {', '.join(changed[:5])}{' …' if len(changed) > 5 else ''}")
    if written:
        said.append(f"written since: {', '.join(written[:5])}{' …' if len(written) > 5 else ''}")
    hint = "restore the files, or name the folder of a copy of them: ok.load(pin, root=FOLDER)"
    packed = repacked(pinned.sources, written)
    if packed and dataset.rows == pinned.rows and not changed:
        files = f"{', '.join(packed[:5])}{' …' if len(packed) > 5 else ''}"
        return ChangedData(
            f"whether the rows are those that were pinned cannot be said: files were compressed or"
            f" decompressed since ({files}), and large files are divided differently then",
            hint="restore the files as they were pinned, compressed or not",
        )
    if pinned.version.get("rules") != RULES:
        said.append("this version of obskit reads files differently from the one that made the pin")
        hint = f"install the version that made the pin: {_version(pinned)}"
    return ChangedData(f"the data has other rows than were pinned: {'; '.join(said)}", hint=hint)


def _other_result(pinned: Pin) -> ChangedData:
    """Return the error for the pinned rows of which the steps now give others."""
    if any(step["verb"] == "lookup" for step in pinned.steps):
        return ChangedData(
            "a table that was looked up gives other rows than when the pin was made",
            hint="restore the table, or pin the events again",
        )
    return ChangedData(
        "the files are those that were pinned, but the steps of the pin give other rows now",
        hint=f"install the version that made the pin: {_version(pinned)}, or pin the events again",
    )


def _version(pinned: Pin) -> str:
    return f"{distribution.NAME}=={pinned.version.get('obskit')}"


def _with_kept(error: ObskitError, pinned: Pin) -> ChangedData:
    """Return an error that also names the rows which were kept with the pin."""
    kept = pinned.kept_path
    if kept is None or not kept.is_dir():
        return ChangedData(error.message, hint=error.hint)
    rows = pluralize((pinned.kept or {}).get("rows"), "row")
    return ChangedData(
        error.message, hint=f"{error.hint}; or look at the {rows} kept with it: ok.load({str(kept)!r})"
    )
