"""`Ledger`: questions, their answers, and what was concluded, in a file that is only appended to."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.result import plain
from obskit.display.tables import format_cell, html_table, text_table
from obskit.errors import InvalidArgument
from obskit.instrument.redaction.options import Redaction
from obskit.instrument.redaction.redactor import Redactor
from obskit.record.append import append_line, read_lines
from obskit.text import pluralize, safe

JUDGEMENTS = ("cause", "contributing", "ruled out", "open")
FORMAT = 1
MOST_BYTES = 256 << 10
"""Most bytes of a kept result; longer lists are cut, and the entry says so."""

SUMMARY_LINES = 6
_MOST_ROWS = 100
_KEPT_FINDINGS = 10
_SIDE_LISTS = ("refinements", "describes", "restates", "skipped", "detectable", "same_traces", "messages")


@dataclass(frozen=True)
class Entry:
    """One question of a ledger.

    Attributes:
        id: eight hex digits.
        at: when it was kept, in ISO 8601.
        judgement: "cause", "contributing", "ruled out" or "open".
        why: the reason for the judgement.
        question: the question in words; may be empty.
        kind: of the result: "explanation", "query", "impact", ...
        query: the call that returns the result again.
        summary: the result in a few lines.
        dataset: `rows` and `fingerprint` of the data.
        result: the result as values; None if it was too large.
        notes: what a reader of the result must know.

    Example:
        for entry in ok.Ledger("incident.ledger.jsonl"):
            print(entry.judgement, entry.query)
    """

    id: str
    at: str
    judgement: str
    why: str
    question: str
    kind: str
    query: str
    summary: tuple[str, ...]
    dataset: Mapping[str, Any]
    result: Mapping[str, Any] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The question in words, or the query."""
        return self.question or self.query


class Ledger:
    """Questions, their answers, and judgements, in a JSONL file that is only appended to.

    Several processes may write to the same file at the same time. Each judgement of the same query on the
    same data replaces the one before; the file keeps all of them.

    Args:
        path: the file; it is created when the first question is kept.

    Example:
        import tempfile
        found = events.explain("duration_ms > 500", where="http.route = '/book'")
        with tempfile.TemporaryDirectory() as folder:
            ledger = ok.Ledger(f"{folder}/incident.ledger.jsonl")
            ledger.keep(found, "cause", why="only the new version waits for the lock")
            print(ledger)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()

    def keep(self, result: Any, judgement: str = "open", *, why: str = "", question: str = "") -> Entry:
        """Append a result and what you conclude from it.

        Args:
            result: what a verb of `Events` returned.
            judgement: "cause", "contributing", "ruled out" or "open".
            why: the reason; "ruled out" needs one. Secrets in it are masked.
            question: the question in words, such as "did the payment provider fail?".

        Returns:
            The entry.

        Raises:
            InvalidArgument: the judgement is another word, "ruled out" has no reason, `result` is not the
                result of a verb, or the file holds something else.
            StorageFull: the disk is full.

        Example:
            import tempfile
            with tempfile.TemporaryDirectory() as folder:
                errors = events.query("share(error)", by="http.route")
                ok.Ledger(f"{folder}/l.jsonl").keep(errors, "ruled out", why="all routes fail equally often")
        """
        if judgement not in JUDGEMENTS:
            raise InvalidArgument(
                f"judgement must be one of {', '.join(JUDGEMENTS)}, got {judgement!r}",
                hint='ledger.keep(found, "cause")',
            )
        if judgement == "ruled out" and not why.strip():
            raise InvalidArgument(
                '"ruled out" needs a reason', hint='ledger.keep(found, "ruled out", why="it was so before")'
            )
        if not callable(getattr(result, "to_dict", None)) or not getattr(result, "kind", None):
            raise InvalidArgument(
                f"expected the result of a verb, got {type(result).__name__}",
                hint="ledger.keep(events.explain(...))",
            )
        if self.path.exists() and not is_ledger(self.path) and self.path.stat().st_size:
            raise InvalidArgument(
                f"{self.path} is not a ledger, and a line added to it could damage it",
                hint='choose a new file: ok.Ledger("incident.ledger.jsonl")',
            )
        content = plain(result.to_dict())
        text = Redactor(Redaction()).text
        kept, cut = _bounded(content)
        entry = Entry(
            id=secrets.token_hex(4),
            at=formatting.utc(datetime.now(UTC)),
            judgement=judgement,
            why=text(why),
            question=text(question),
            kind=str(result.kind),
            query=str(content.get("query", "")),
            summary=tuple(summary_of(result)),
            dataset=dict(content.get("dataset") or {}),
            result=kept,
            notes=(*map(str, content.get("notes") or ()), *cut),
        )
        append_line(self.path, {"obskit_ledger": FORMAT} | plain(vars(entry)))
        return entry

    @property
    def entries(self) -> list[Entry]:
        """All entries in the order in which they were kept; raises ReadError if the file cannot be read."""
        return self._read()[0]

    @property
    def current(self) -> list[Entry]:
        """The entries without those that a later judgement of the same query on the same data replaces."""
        latest: dict[tuple[str, str], Entry] = {}
        for entry in self.entries:
            latest[entry.query, str(entry.dataset.get("fingerprint"))] = entry
        return list(latest.values())

    def judged(self, judgement: str) -> list[Entry]:
        """Return the current entries with a judgement."""
        return [entry for entry in self.current if entry.judgement == judgement]

    def to_arrow(self) -> pa.Table:
        """Return one row per entry: when, judgement, why, question, query, summary, fingerprint."""
        rows = [
            {
                "at": entry.at,
                "judgement": entry.judgement,
                "question": entry.title,
                "summary": entry.summary[0] if entry.summary else "",
                "why": entry.why,
                "dataset": str(entry.dataset.get("fingerprint", ""))[:12],
            }
            for entry in self.entries
        ]
        names = ("at", "judgement", "question", "summary", "why", "dataset")
        return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in names]))

    def _read(self) -> tuple[list[Entry], int]:
        rows, bad = read_lines(self.path)
        entries = []
        for row in rows:
            try:
                entries.append(_entry(row))
            except (KeyError, TypeError, ValueError):
                bad += 1
        return entries, bad

    @property
    def notes(self) -> list[str]:
        """What a reader of the entries must know: lines of the file that could not be read."""
        bad = self._read()[1]
        return [f"{pluralize(bad, 'line')} of the ledger could not be read"] if bad else []

    def _footer(self) -> list[str]:
        notes = [f"note: {note}" for note in self.notes]
        return [f"{pluralize(len(self), 'question')} in {self.path}", *notes]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __str__(self) -> str:
        return "\n".join([text_table(self.to_arrow()), *map(safe, self._footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table(self.to_arrow(), caption=self._footer())


def is_ledger(path: Path) -> bool:
    """Return whether a file is a ledger, by its first line."""
    try:
        with path.open("rb") as file:
            return file.read(17).startswith(b'{"obskit_ledger":')
    except OSError:
        return False


def summary_of(result: Any) -> list[str]:
    """Return a result in a few lines.

    Args:
        result: what a verb returned.

    Returns:
        One to six lines of text.
    """
    if getattr(result, "kind", "") == "explanation":
        found = [str(finding) for finding in result.findings[:3]]
        return found or ["nothing distinguishes the selection beyond chance"]
    if hasattr(result, "causes"):
        found = [cause.headline() for cause in result.causes[:SUMMARY_LINES]]
        return found or [result.verdict or "nothing got worse"]
    table = getattr(result, "table", None)
    if table is not None and getattr(result, "kind", "") in ("query", "rows", "traces", "fields"):
        rows = table.slice(0, SUMMARY_LINES).to_pylist()
        found = [", ".join(f"{name} {format_cell(value)}" for name, value in row.items()) for row in rows]
        return [formatting.shorten(line, 300) for line in found] or ["no rows"]
    lines = [line.rstrip() for line in str(result).splitlines() if line.strip()]
    return lines[:SUMMARY_LINES] or [""]


def _bounded(content: dict[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """Return a result that is small enough to keep, and notes on what was left out."""
    if _size(content) <= MOST_BYTES:
        return content, []
    content = {key: value for key, value in content.items() if key not in _SIDE_LISTS}
    for key, most in (("rows", _MOST_ROWS), ("findings", _KEPT_FINDINGS), ("explanations", 3)):
        if isinstance(content.get(key), list):
            content[key] = content[key][:most]
    if _size(content) <= MOST_BYTES:
        return content, ["the kept result is cut: run the query again for all of it"]
    return None, ["the result was too large to keep: run the query again"]


def _size(content: dict[str, Any]) -> int:
    return len(json.dumps(content))


def _entry(row: Mapping[str, Any]) -> Entry:
    if row["obskit_ledger"] != FORMAT:
        raise ValueError("an entry of another version")
    result = row.get("result")
    return Entry(
        id=str(row["id"]),
        at=str(row["at"]),
        judgement=str(row["judgement"]) if row["judgement"] in JUDGEMENTS else "open",
        why=str(row["why"]),
        question=str(row["question"]),
        kind=str(row["kind"]),
        query=str(row["query"]),
        summary=tuple(map(str, row["summary"])),
        dataset=dict(row["dataset"]),
        result=dict(result) if result is not None else None,
        notes=tuple(map(str, row["notes"])),
    )


__all__ = ["JUDGEMENTS", "Entry", "Ledger", "is_ledger", "summary_of"]
