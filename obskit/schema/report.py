"""What happened to the input on its way in: nothing is dropped without a count here."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from obskit.text import pluralize, safe

KEPT = 100
"""How many rejections are kept with their place; all are counted."""

SHOWN = 20
"""How many lines a notebook shows of a report; printed it has all."""

TORN = "torn: "
"""How a reason begins that says of a file that it ends within something."""

GROWING = "files are still being written: what they end within is left for the next look"


@dataclass(frozen=True)
class Rejection:
    """A row, line or file that could not become an event: where it is, and why."""

    file: str
    position: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.file}, {self.position}: {self.reason}" if self.position else f"{self.file}: {self.reason}"
        )


@dataclass(repr=False)
class LoadReport:
    """Counts of everything that was read, left out or changed by loading.

    Attributes:
        rows_read: events that came in.
        rejected: the first `KEPT` rejections; `rejected_count` counts all, `rejected_by_reason` by why.
        renamed: old name -> (new name, rows).
        retyped: field -> (types that came in, type it has, rows whose value was rewritten).
        unparsed: field -> rows whose value did not parse as the field's known type and became null.
        overridden: key -> rows in which another value of the same key took its place.
        untimed: rows without a timestamp.
        replaced: provisional rows of `rows_read` that gave way to a later row of their unit.
        notes: remarks for people.
        display_names: path of a copy in the cache -> the name that messages use for it.
    """

    rows_read: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    rejected_count: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    renamed: dict[str, tuple[str, int]] = field(default_factory=dict)
    retyped: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    unparsed: dict[str, int] = field(default_factory=dict)
    overridden: dict[str, int] = field(default_factory=dict)
    untimed: int = 0
    replaced: int = 0
    notes: list[str] = field(default_factory=list)
    display_names: dict[str, str] = field(default_factory=dict)

    def file(self, path: Path | str, *, growing: bool = False) -> FileReport:
        """Return the view of this report that a reader of one file writes to.

        Args:
            path: of the file.
            growing: whether somebody is writing it, so that what it ends within is no damage.
        """
        return FileReport(self, self.display_names.get(str(path), str(path)), growing)

    def reject(self, file: str, position: str, reason: str) -> None:
        """Count one thing that was left out."""
        self.rejected_count += 1
        self.rejected_by_reason[reason] = self.rejected_by_reason.get(reason, 0) + 1
        if len(self.rejected) < KEPT:
            self.rejected.append(Rejection(self.display_names.get(file, file), position, reason))

    def rename(self, old: str, new: str, rows: int) -> None:
        """Count rows whose field changed its name."""
        if rows:
            self.renamed[old] = (new, self.renamed.get(old, (new, 0))[1] + rows)

    def override(self, key: str, rows: int = 1) -> None:
        """Count rows in which a key was there twice and one value gave way."""
        if rows:
            self.overridden[key] = self.overridden.get(key, 0) + rows

    def fail_to_parse(self, name: str, rows: int) -> None:
        """Count rows whose value became null, for it was not of the field's type."""
        if rows:
            self.unparsed[name] = self.unparsed.get(name, 0) + rows

    def note(self, text: str) -> None:
        """Add a remark, once."""
        if text not in self.notes:
            self.notes.append(text)

    def merge(self, other: LoadReport) -> None:
        """Add another report's counts to these."""
        self.rows_read += other.rows_read
        self.untimed += other.untimed
        self.replaced += other.replaced
        self.rejected_count += other.rejected_count
        self.rejected = [*self.rejected, *other.rejected][:KEPT]
        for reason, count in other.rejected_by_reason.items():
            self.rejected_by_reason[reason] = self.rejected_by_reason.get(reason, 0) + count
        for old, (new, rows) in other.renamed.items():
            self.rename(old, new, rows)
        for name, (before, after, rows) in other.retyped.items():
            have = self.retyped.get(name)
            words = {*before.split(", "), *(have[0].split(", ") if have else ())}
            self.retyped[name] = (", ".join(sorted(words)), after, rows + (have[2] if have else 0))
        for name, rows in other.unparsed.items():
            self.fail_to_parse(name, rows)
        for key, rows in other.overridden.items():
            self.override(key, rows)
        for text in other.notes:
            self.note(text)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-safe values; `from_dict` reads it back."""
        return {
            "rows_read": self.rows_read,
            "rejected_count": self.rejected_count,
            "rejected_by_reason": dict(self.rejected_by_reason),
            "rejected": [{"file": r.file, "position": r.position, "reason": r.reason} for r in self.rejected],
            "renamed": {old: {"to": new, "rows": rows} for old, (new, rows) in self.renamed.items()},
            "retyped": {
                name: {"from": before, "to": after, "rows": rows}
                for name, (before, after, rows) in self.retyped.items()
            },
            "unparsed": dict(self.unparsed),
            "overridden": dict(self.overridden),
            "untimed": self.untimed,
            "replaced": self.replaced,
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LoadReport:
        """Return the report that `to_dict` wrote."""
        return cls(
            rows_read=int(data.get("rows_read", 0)),
            rejected=[Rejection(r["file"], r["position"], r["reason"]) for r in data.get("rejected", ())],
            rejected_count=int(data.get("rejected_count", 0)),
            rejected_by_reason=dict(data.get("rejected_by_reason", {})),
            renamed={old: (r["to"], int(r["rows"])) for old, r in data.get("renamed", {}).items()},
            retyped={k: (r["from"], r["to"], int(r["rows"])) for k, r in data.get("retyped", {}).items()},
            unparsed=dict(data.get("unparsed", {})),
            overridden=dict(data.get("overridden", {})),
            untimed=int(data.get("untimed", 0)),
            replaced=int(data.get("replaced", 0)),
            notes=list(data.get("notes", ())),
        )

    def lines(self) -> list[str]:
        """Return what people should know, a sentence a line; the first tells rows read and rejected."""
        out = [f"{pluralize(self.rows_read, 'row')} read, {self.rejected_count:,} rejected"]
        for reason, count in sorted(self.rejected_by_reason.items(), key=lambda item: -item[1])[:10]:
            first = next((r for r in self.rejected if r.reason == reason), None)
            where = f" (first: {first.file}{', ' if first.position else ''}{first.position})" if first else ""
            out.append(f"rejected {count:,}: {reason}{where}")
        out += [f"renamed {old} to {new} in {pluralize(n, 'row')}" for old, (new, n) in self.renamed.items()]
        out += [
            f"{name} came as {before}, became {after} in {pluralize(n, 'row')}"
            for name, (before, after, n) in self.retyped.items()
        ]
        out += [
            f"{name} did not parse in {pluralize(n, 'row')}, null there" for name, n in self.unparsed.items()
        ]
        out += [f"{key} was there twice in {pluralize(n, 'row')}" for key, n in self.overridden.items()]
        if self.untimed:
            out.append(f"{pluralize(self.untimed, 'row')} without a timestamp")
        if self.replaced:
            out.append(f"{pluralize(self.replaced, 'provisional row')} replaced by later ones of their units")
        return out + self.notes

    def __str__(self) -> str:
        return "\n".join(map(safe, self.lines()))

    def _short(self) -> list[str]:
        """Return the first lines, and how many there are more."""
        lines = self.lines()
        left = len(lines) - SHOWN
        return [*lines[:SHOWN], f"… {pluralize(left, 'more line')}: print it"] if left > 0 else lines

    def __repr__(self) -> str:
        return "\n".join(map(safe, self._short()))

    def _repr_html_(self) -> str:
        first, *rest = (html.escape(safe(line)) for line in self._short())
        items = "".join(f"<li>{line}</li>" for line in rest)
        return f"<p>{first}</p><ul>{items}</ul>" if items else f"<p>{first}</p>"


@dataclass(frozen=True)
class FileReport:
    """What one file's reader sees of the report."""

    report: LoadReport
    path: str
    growing: bool = False

    def reject(self, position: str, reason: str) -> None:
        """Count something of this file that was left out; position says where ("line 3, byte 120").

        What a file ends within while it is being written is not there yet: that is a note.
        """
        if self.growing and reason.startswith(TORN):
            self.report.note(GROWING)
        else:
            self.report.reject(self.path, position, reason)

    def override(self, key: str, rows: int = 1) -> None:
        """Count rows in which a key was there twice and one value gave way."""
        self.report.override(key, rows)

    def note(self, text: str) -> None:
        """Add a remark, once."""
        self.report.note(text)
