"""`LoadReport` counts everything that loading read, left out or changed."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from obskit.schema.message_counts import MessageCounts
from obskit.text import pluralize, safe

KEPT = 100
"""Rejections that are kept with their position; all are counted."""

SHOWN = 20
"""Lines of a report that a notebook shows; `print` shows all."""

TORN = "torn: "
"""Start of every reason that means: the file ends in the middle of a record."""

UNENDED = "a file ends without a line break: the last value of its last line may be incomplete"

GROWING = "some files are still being written: their incomplete last records will be read next time"


MOST_NOTES = 200
"""Remarks that are kept; a folder may have a thousand files, each with a remark of its own."""

MORE_NOTES = "there are more remarks, which are left out"


@dataclass
class SharedNote:
    """A remark that several files share: the first and last of them, their number or count, and the text."""

    first: str = ""
    last: str = ""
    count: int = 0
    text: str = ""


@dataclass(frozen=True)
class Rejection:
    """A row, line or file that could not be read as an event: where it is, and why."""

    file: str
    position: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, {self.position}" if self.position else self.file
        return safe(f"{where}: {self.reason}")


@dataclass(repr=False)
class LoadReport:
    """Counts of everything that loading read, left out or changed.

    Attributes:
        rows_read: events that were read.
        rejected: the first `KEPT` rejections; `rejected_count` counts all, `rejected_by_reason` per reason.
        renamed: old name -> (new name, rows).
        retyped: field -> (types in the source, type now, rows whose value was converted).
        unparsed: field -> rows whose value could not be parsed as the field's known type and became null.
        overridden: key -> rows that had two values for the key, one of which was dropped.
        untimed: rows without a timestamp.
        replaced: provisional rows among `rows_read` that were replaced by a later row of their unit of work.
        messages: rows with a message, and how many templates these messages have.
        notes: remarks for people.
        doubts: signs that the load is not what was expected, each with what to do; shown first.
        display_names: path of a copy in the cache -> the name that messages use for it.
        starts: what remarks of `note_first` begin with.
        shared: key of each remark that several files share -> what it says so far.
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
    messages: MessageCounts = field(default_factory=MessageCounts)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    display_names: dict[str, str] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list, compare=False)
    shared: dict[tuple[str, str], SharedNote] = field(default_factory=dict, compare=False)

    def file(self, path: Path | str, *, growing: bool = False) -> FileReport:
        """Return the part of this report that the reader of one file writes to.

        Args:
            path: the file.
            growing: whether the file is still being written: then an incomplete last record is not damage.

        Returns:
            FileReport of the file.
        """
        return FileReport(self, self.display_names.get(str(path), str(path)), growing)

    def reject(self, file: str, position: str, reason: str) -> None:
        """Count a record that was left out."""
        self.rejected_count += 1
        self.rejected_by_reason[reason] = self.rejected_by_reason.get(reason, 0) + 1
        if len(self.rejected) < KEPT:
            self.rejected.append(Rejection(self.display_names.get(file, file), position, reason))

    def rename(self, old: str, new: str, rows: int) -> None:
        """Count rows in which a field was renamed."""
        if rows:
            self.renamed[old] = (new, self.renamed.get(old, (new, 0))[1] + rows)

    def override(self, key: str, rows: int = 1) -> None:
        """Count rows that had two values for a key, one of which was dropped."""
        if rows:
            self.overridden[key] = self.overridden.get(key, 0) + rows

    def fail_to_parse(self, name: str, rows: int) -> None:
        """Count rows whose value became null because it could not be parsed as the field's type."""
        if rows:
            self.unparsed[name] = self.unparsed.get(name, 0) + rows

    def note(self, text: str) -> None:
        """Add a remark, unless it was added before; after `MOST_NOTES` only that there are more."""
        if text not in self.notes:
            self.notes.append(text if len(self.notes) < MOST_NOTES else MORE_NOTES)
        if len(self.notes) > MOST_NOTES + 1:
            self.notes.pop()

    def note_first(self, start: str, text: str) -> None:
        """Add a remark unless there is one with the same start, such as one about an earlier file.

        Args:
            start: what the remark begins with.
            text: the whole remark.
        """
        if not any(note.startswith(start) for note in self.notes):
            self.note(text)
            self.starts.append(start)

    def note_in(self, file: str, text: str) -> None:
        """Add a remark about a file; files with the same remark share a line."""
        shared = self.shared.get(("", text))
        if shared is None or file != shared.last:
            self.share("", text, SharedNote(file, file, 1))

    def tally(self, count: int, one: str, more: str) -> None:
        """Add a remark that begins with a count; the counts of all files are added.

        Args:
            count: such as 2.
            one: what follows the number 1, such as "span has no end".
            more: what follows any other number, such as "spans have no end".
        """
        if count:
            self.share(one, more, SharedNote(count=count))

    def share(self, one: str, more: str, found: SharedNote) -> None:
        """Add to a remark that several files share.

        Args:
            one: as in `tally`; empty for a remark about files.
            more: as in `tally`; the remark itself if it is about files.
            found: the files, or the count, to add.
        """
        shared = self.shared.setdefault((one, more), SharedNote())
        shared.first, shared.last = shared.first or found.first, found.last
        shared.count += found.count
        if one:
            self._renew(shared, pluralize(shared.count, one, more))
            return
        others = f" and {pluralize(shared.count - 1, 'more file')}" if shared.count > 1 else ""
        self._renew(shared, f"{shared.first}{others}: {more}")

    def _renew(self, shared: SharedNote, text: str) -> None:
        """Add a shared note, or replace what it said before."""
        if shared.text in self.notes:
            self.notes[self.notes.index(shared.text)] = text
        else:
            self.note(text)
        shared.text = text

    def merge(self, other: LoadReport) -> None:
        """Add another report's counts to these."""
        self.rows_read += other.rows_read
        self.untimed += other.untimed
        self.replaced += other.replaced
        self.messages.merge(other.messages)
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
        tallies = {key: shared for key, shared in other.shared.items() if key[0]}
        for (one, more), shared in tallies.items():
            self.tally(shared.count, one, more)
        counted = {shared.text for shared in tallies.values()}
        for text in other.notes:
            if text not in counted:
                self.note(text)
        self.doubts += [text for text in other.doubts if text not in self.doubts]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-safe values; `from_dict` reads it back."""
        return {
            "doubts": list(self.doubts),
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
            "messages": self.messages.to_dict() if self.messages.rows else None,
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
            messages=MessageCounts.from_dict(data.get("messages")),
            notes=list(data.get("notes", ())),
            doubts=list(data.get("doubts", ())),
        )

    def doubt_lines(self) -> list[str]:
        """Return the doubts, one per line."""
        return [f"look at this: {text}" for text in self.doubts]

    def lines(self, *, doubts: bool = True) -> list[str]:
        """Return the report as sentences, one per line; the first one has the rows read and rejected.

        Args:
            doubts: whether the doubts follow after the first line.

        Returns:
            The sentences.
        """
        out = [f"{pluralize(self.rows_read, 'row')} read, {self.rejected_count:,} rejected"]
        if doubts:
            out += self.doubt_lines()
        for reason, count in sorted(self.rejected_by_reason.items(), key=lambda item: -item[1])[:10]:
            first = next((r for r in self.rejected if r.reason == reason), None)
            where = f" (first: {first.file}{', ' if first.position else ''}{first.position})" if first else ""
            out.append(f"rejected {count:,}: {reason}{where}")
        out += self._renamed_lines()
        out += [
            f"converted {name} from {before} to {after} in {pluralize(n, 'row')}"
            for name, (before, after, n) in self.retyped.items()
        ]
        out += [
            f"could not parse {name} in {pluralize(n, 'row')}: set to null"
            for name, n in self.unparsed.items()
        ]
        out += [
            f"{key} had two values in {pluralize(n, 'row')}: kept one" for key, n in self.overridden.items()
        ]
        if self.untimed:
            out.append(f"{pluralize(self.untimed, 'row')} without a timestamp")
        if self.replaced:
            out.append(f"replaced {pluralize(self.replaced, 'provisional row')} by later rows of their units")
        if line := self.messages.line(self.rows_read):
            out.append(line)
        return out + self.notes

    def _renamed_lines(self) -> list[str]:
        """Return one sentence per new name."""
        by_new: dict[str, list[tuple[str, int]]] = {}
        for old, (new, rows) in self.renamed.items():
            by_new.setdefault(new, []).append((old, rows))
        out = []
        for new, found in by_new.items():
            if len(found) == 1:
                old, rows = found[0]
                out.append(f"renamed {old} to {new} in {pluralize(rows, 'row')}")
            else:
                names = ", ".join(f"{old} ({pluralize(rows, 'row')})" for old, rows in found)
                out.append(f"renamed to {new}: {names}")
        return out

    def __str__(self) -> str:
        return "\n".join(map(safe, self.lines()))

    def _short(self) -> list[str]:
        """Return the first lines, and how many more there are."""
        lines = self.lines()
        left = len(lines) - SHOWN
        return (
            [*lines[:SHOWN], f"… {pluralize(left, 'more line')}: print(events.load_report)"]
            if left > 0
            else lines
        )

    def __repr__(self) -> str:
        return "\n".join(map(safe, self._short()))

    def _repr_html_(self) -> str:
        first, *rest = (html.escape(safe(line)) for line in self._short())
        items = "".join(f"<li>{line}</li>" for line in rest)
        return f"<p>{first}</p><ul>{items}</ul>" if items else f"<p>{first}</p>"


@dataclass(frozen=True)
class FileReport:
    """The part of a `LoadReport` that the reader of one file writes to.

    Example:
        from obskit.schema import LoadReport

        report = LoadReport()
        FileReport(report, "events.tally").reject("line 3, byte 120", "not a number")
        print(report)
    """

    report: LoadReport
    path: str
    growing: bool = False

    def reject(self, position: str, reason: str) -> None:
        """Count a record of this file that was left out.

        The incomplete last record of a file that is still being written is only noted.

        Args:
            position: where it is, such as "line 3, byte 120".
            reason: why it was left out.
        """
        if self.growing and reason.startswith(TORN):
            self.report.note(GROWING)
        else:
            self.report.reject(self.path, position, reason)

    def note_open_end(self) -> None:
        """Note that the last line has no line break, for a format whose records look whole if they are cut.

        `0.125` that is cut after `0.1` is a number as well, and nothing else says that something is missing.
        """
        if not self.growing:
            self.report.note(UNENDED)

    def override(self, key: str, rows: int = 1) -> None:
        """Count rows that had two values for a key, one of which was dropped."""
        self.report.override(key, rows)

    def note(self, text: str) -> None:
        """Add a remark, unless it was added before."""
        self.report.note(text)

    def note_in(self, file: str, text: str) -> None:
        """Add a remark about a file; files with the same remark share a line."""
        self.report.note_in(file, text)

    def tally(self, count: int, one: str, more: str) -> None:
        """Add a remark that begins with a count; the counts of all files are added."""
        self.report.tally(count, one, more)
