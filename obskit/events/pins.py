"""`Pin`: which data an answer is about, as a small JSON file."""

from __future__ import annotations

import dataclasses
import html
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from obskit.dataset import Period, write_atomically
from obskit.display import formatting
from obskit.errors import InvalidArgument, NoSuchPath, ReadError
from obskit.events.origin import Step
from obskit.events.pin_sources import PinnedSource
from obskit.schema import ReadOptions
from obskit.text import first_line, pluralize, safe

FORMAT = 1
_MARK = "obskit_pin"
_HEAD = re.compile(rb'\s*\{\s*"obskit_pin"\s*:')
_HEAD_BYTES = 256
_LARGEST = 256 << 20  # bytes; a pin lists every file of its sources
_NOT_A_PIN = "create a new one: ok.pin(events, PATH)"
NEEDED: Mapping[str, frozenset[str]] = {
    "where": frozenset({"condition"}),
    "derive": frozenset({"fields"}),
    "lookup": frozenset({"table", "on", "fields", "key", "valid_from", "valid_to", "digest"}),
    "points": frozenset(),
    "links": frozenset(),
}
"""Verbs of steps, and what each needs to be repeated."""

OPTIONS = frozenset(one.name for one in dataclasses.fields(ReadOptions))
DISPLAY = frozenset({"trace_url", "display_tz"})


@dataclass(frozen=True)
class Pin:
    """Which data an answer is about: files, fingerprint, and the steps that narrowed it.

    `ok.load(pin)` opens the same events again, or says what has changed.

    Attributes:
        sources: the files that were read.
        options: keyword arguments of `load` with which they were read.
        fingerprint: of the loaded data, before any step.
        rows: number of rows of the loaded data.
        schema: (name, type) of each field of the loaded data.
        steps: calls that narrowed the events, as values: {"verb": "where", "condition": "error"}.
        result: `fingerprint` and `rows` after all steps.
        version: `obskit`, and `rules`, which increases when the same files give other rows.
        made: when the pin was made, in ISO 8601.
        display: `trace_url` and `display_tz`, which do not change any answer.
        kept: what `copy=True` kept: `rows`, `bytes`, `budget` in bytes, `folder` (next to the pin's file),
            and `notes` on how they were chosen; None without a copy.
        period: the time that was read, where files that hold no events of it were left out: its start and
            its end, of which one may be None. None if all files were read.
        path: the pin's file; None if it is not written.

    Example:
        pinned = ok.pin(events.where("http.route = '/book'"))
        print(pinned)
        same = ok.load(pinned)
    """

    sources: tuple[PinnedSource, ...]
    options: Mapping[str, Any]
    fingerprint: str
    rows: int
    schema: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    result: Mapping[str, Any]
    version: Mapping[str, Any]
    made: str
    display: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Any] | None = None
    period: tuple[str | None, str | None] | None = None
    path: Path | None = field(default=None, compare=False)

    @property
    def kept_path(self) -> Path | None:
        """The Dataset of the rows that were kept, which `ok.load` opens; None without a copy.

        Example:
            pinned = ok.pin(events)
            print(pinned.kept_path)
        """
        if self.kept is None or self.path is None:
            return None
        return self.path.parent / Path(str(self.kept["folder"])).name

    def to_dict(self) -> dict[str, Any]:
        """Return the pin as values that JSON can hold.

        Returns:
            Plain values.

        Example:
            ok.pin(events).to_dict()["fingerprint"]
        """
        return {
            _MARK: FORMAT,
            "made": self.made,
            "version": dict(self.version),
            "fingerprint": self.fingerprint,
            "rows": self.rows,
            "result": dict(self.result),
            "steps": [dict(step) for step in self.steps],
            "options": dict(self.options),
            "display": dict(self.display),
            "kept": None if self.kept is None else dict(self.kept),
            "sources": [source.to_dict() for source in self.sources],
            "schema": [list(pair) for pair in self.schema],
        } | ({} if self.period is None else {"period": list(self.period)})

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the pin to a new file.

        Args:
            path: the file, for example `incident.pin.json`.

        Returns:
            The file's absolute path.

        Raises:
            InvalidArgument: the file exists already, or the pin's kept rows are in another folder.
            StorageFull: the disk is full.

        Example:
            import tempfile
            with tempfile.TemporaryDirectory() as folder:
                ok.pin(events).save(f"{folder}/incident.pin.json")
        """
        target = Path(path).expanduser().absolute()
        if self.kept_path is not None and self.kept_path.parent != target.parent:
            raise InvalidArgument(
                f"the rows kept with this pin are in {self.kept_path.parent}, not in {target.parent}",
                hint="copy the pin's file and its folder of rows together",
            )
        with write_atomically(target) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        return target

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Pin:
        """Read a pin from its file.

        Args:
            path: the file.

        Returns:
            The pin.

        Raises:
            NoSuchPath: there is no such file.
            ReadError: the file is not a pin, or a version of obskit wrote it that this one cannot read.

        Example:
            try:
                ok.Pin.read("incident.pin.json")
            except ok.NoSuchPath as error:
                print(error)
        """
        file = Path(path).expanduser().absolute()
        try:
            if file.stat().st_size > _LARGEST:
                raise ReadError(f"{file} is too large for a pin", hint=_NOT_A_PIN)
            content = json.loads(file.read_bytes())
        except FileNotFoundError:
            raise NoSuchPath(f"{file} does not exist", hint="check the path of the pin") from None
        except (OSError, ValueError, RecursionError) as error:
            raise ReadError(f"{file} cannot be read as a pin: {first_line(error)}", hint=_NOT_A_PIN) from None
        return cls._from(content, file)

    @classmethod
    def _from(cls, content: Any, file: Path) -> Pin:
        if not isinstance(content, dict) or _MARK not in content:
            raise ReadError(f"{file} is not a pin", hint=_NOT_A_PIN)
        if content[_MARK] != FORMAT:
            raise ReadError(
                f"{file} has format {content[_MARK]!r}, but this version of obskit reads format {FORMAT}",
                hint="open it with the version that wrote it",
            )
        try:
            steps = tuple(dict(step) for step in content["steps"])
            if unknown := [step.get("verb") for step in steps if step.get("verb") not in NEEDED]:
                raise ValueError(f"{unknown[0]!r} is not a step")
            if missing := [step["verb"] for step in steps if not NEEDED[step["verb"]] <= step.keys()]:
                raise ValueError(f"a step {missing[0]!r} is not complete")
            kept = content["kept"]
            options, display = dict(content["options"]), dict(content["display"])
            if strange := sorted({*options} - OPTIONS | {*display} - DISPLAY):
                raise ValueError(f"{strange[0]!r} is not an option")
            return cls(
                sources=tuple(PinnedSource.from_dict(source) for source in content["sources"]),
                options=options,
                fingerprint=str(content["fingerprint"]),
                rows=int(content["rows"]),
                schema=tuple((str(name), str(kind)) for name, kind in content["schema"]),
                steps=steps,
                result=_with_numbers(content["result"], "rows"),
                version=dict(content["version"]),
                made=str(content["made"]),
                display=display,
                kept=None if kept is None else _kept(kept),
                period=_period(content.get("period")),
                path=file,
            )
        except KeyError as error:
            raise ReadError(f"{file} is a damaged pin: {error} is missing", hint=_NOT_A_PIN) from None
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ReadError(f"{file} is a damaged pin: {error}", hint=_NOT_A_PIN) from None

    def __str__(self) -> str:
        files = sum(len(source.files) for source in self.sources)
        names = ", ".join(source.given for source in self.sources)
        lines = [f"pin of {pluralize(self.rows, 'event')}, dataset {self.fingerprint[:12]}"]
        if self.sources:
            lines.append(f"sources: {names} ({pluralize(files, 'file')})")
        if self.period is not None:
            start, end = (bound or "" for bound in self.period)
            lines.append(f"read: only files with events in {start}/{end}")
        lines += [f"step: {_step_text(step)}" for step in self.steps]
        if self.steps:
            lines.append(f"{pluralize(self.result.get('rows'), 'event')} after all steps")
        lines.append(f"made {self.made} by obskit {self.version.get('obskit')}")
        if self.kept is not None:
            lines.append(
                f"kept {pluralize(self.kept.get('rows'), 'row')} in {self.kept['folder']}: "
                f"{formatting.size(self.kept['bytes'])} of at most {formatting.size(self.kept['budget'])}"
            )
            lines += [f"note: {note}" for note in self.kept.get("notes", ())]
        if self.path is not None:
            lines.append(f"file: {self.path}")
        return "\n".join(map(safe, lines))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _with_numbers(content: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return dict(content) | {name: int(content[name]) for name in names}


def _kept(content: Mapping[str, Any]) -> dict[str, Any]:
    notes = list(map(str, content["notes"]))
    numbers = _with_numbers(content, "rows", "bytes", "budget")
    return numbers | {"folder": str(content["folder"]), "notes": notes}


def _period(content: Any) -> tuple[str | None, str | None] | None:
    if content is None:
        return None
    start, end = (None if text is None else str(text) for text in content)
    Period.from_texts(start, end)  # raises if they are not times
    return start, end


def is_pin(path: object) -> bool:
    """Return whether a path is a file that `Pin.save` wrote, by its first bytes."""
    if not isinstance(path, str | Path):
        return False
    try:
        file = Path(path).expanduser()
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            return _HEAD.match(opened.read(_HEAD_BYTES)) is not None
    except (OSError, ValueError, RuntimeError):
        return False


def _step_text(step: Step) -> str:
    rest = ", ".join(f"{value}" for key, value in step.items() if key != "verb" and value is not None)
    return f"{step['verb']}({formatting.shorten(rest, 300)})"
