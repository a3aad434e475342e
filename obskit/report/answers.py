"""Kept results and entries of a ledger as blocks: findings as tables, of which the reader picks one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from obskit.display import formatting
from obskit.record import Entry, Ledger
from obskit.report.blocks import Block, Choice, Document, Pre, Prose, Section, Table
from obskit.text import pluralize

_FINDINGS = (
    "condition",
    "of the selection",
    "of the baseline",
    "rate ratio",
    "95% interval",
    "first seen",
    "last seen",
)
MOST_ROWS = 200


def ledger_document(ledger: Ledger) -> Document:
    """Return a ledger as a document.

    Args:
        ledger: the ledger.

    Returns:
        A table of all judgements, then each question with its answer, one at a time.

    Raises:
        ReadError: the file cannot be read.
    """
    entries = ledger.current
    replaced = len(ledger.entries) - len(entries)
    blocks: list[Block] = [judgements_table(entries)]
    if entries:
        blocks.append(
            Section("Answers", [Choice("questions", [(title(entry), answer(entry)) for entry in entries])])
        )
    marks = sorted({str(entry.dataset.get("fingerprint", ""))[:12] for entry in entries} - {""})
    facts = [
        ("Ledger", ledger.path.name),
        ("Questions", str(len(entries))),
        ("Data (fingerprints)", ", ".join(marks) or "none"),
    ]
    notes = ledger.notes
    if replaced:
        notes.append(f"{pluralize(replaced, 'judgement was', 'judgements were')} replaced by later ones")
    return Document(f"Investigation: {ledger.path.stem}", facts, blocks, notes)


def title(entry: Entry) -> str:
    """Return the title of an entry: the judgement and the question."""
    return f"{entry.judgement}: {formatting.shorten(entry.title, 120)}"


def judgements_table(entries: Sequence[Entry]) -> Table:
    """Return entries as a table: what was asked, concluded, and why."""
    rows = [
        (entry.judgement, entry.title, entry.summary[0] if entry.summary else "", entry.why, entry.at)
        for entry in entries
    ]
    return Table(("judgement", "question", "answer", "why", "kept at"), rows)


def answer(entry: Entry) -> list[Block]:
    """Return the answer of an entry: its reason, its findings or rows, and how to ask again."""
    blocks: list[Block] = []
    if entry.why:
        blocks.append(Table(("judgement", "why"), [(entry.judgement, entry.why)]))
    result = entry.result or {}
    findings = result.get("findings")
    if isinstance(findings, list) and findings:
        blocks.append(findings_table(findings))
    elif isinstance(result.get("rows"), list) and result.get("columns"):
        blocks.append(rows_table(result["columns"], result["rows"]))
    else:
        blocks.append(Pre("\n".join(entry.summary)))
    mark, rows = str(entry.dataset.get("fingerprint", ""))[:12], entry.dataset.get("rows")
    lines = [
        entry.query,
        f"of {pluralize(rows, 'row')}, dataset {mark}",
        *(f"note: {note}" for note in entry.notes),
    ]
    if sql := result.get("sql"):
        lines += ["", str(sql)]
    blocks.append(Pre("\n".join(lines), folded="Query and notes"))
    return blocks


def findings_table(findings: Sequence[Mapping[str, Any]]) -> Table:
    """Return findings as a table that sorts by number.

    Args:
        findings: as `Finding.to_dict()` returns them.

    Returns:
        One row per finding.
    """
    rows, keys = [], []
    for finding in findings:
        ratio = finding.get("risk_ratio")
        low, high = finding.get("risk_ratio_low"), finding.get("risk_ratio_high")
        shares = finding.get("selected_share"), finding.get("baseline_share")
        rows.append(
            (
                str(finding.get("condition")),
                f"{formatting.share(shares[0])} ({formatting.count(finding.get('selected'))})",
                f"{formatting.share(shares[1])} ({formatting.count(finding.get('baseline'))})",
                formatting.ratio(ratio),
                f"{formatting.ratio(low)} to {formatting.ratio(high)}",
                str(finding.get("first_seen") or ""),
                str(finding.get("last_seen") or ""),
            )
        )
        keys.append((None, *shares, ratio, low, None, None))
    return Table(_FINDINGS, rows, numeric=frozenset({1, 2, 3, 4}), sort_keys=keys)


def rows_table(columns: Sequence[Any], rows: Sequence[Any]) -> Table:
    """Return the rows of a kept result as a table."""
    names = list(map(str, columns))
    kept = [row for row in rows[:MOST_ROWS] if isinstance(row, Mapping)]
    numeric = frozenset(
        at
        for at, name in enumerate(names)
        if kept and all(isinstance(row.get(name), int | float | None) for row in kept)
    )
    cells = [[_cell(row.get(name)) for name in names] for row in kept]
    keys = [[row.get(name) if at in numeric else None for at, name in enumerate(names)] for row in kept]
    more = [f"… {pluralize(len(rows) - len(kept), 'more row')}"] if len(rows) > len(kept) else []
    return Table(names, cells, more, numeric, keys)


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return formatting.number(value) if isinstance(value, int | float) else str(value)


def prompt(text: str) -> Prose:
    """Return a sentence that asks the author for what events cannot know."""
    return Prose(f"> **To be written:** {text}")
