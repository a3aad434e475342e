"""The tool `explain`: what distinguishes events with an outcome from the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obskit.mcp.answers.findings import finding_item
from obskit.mcp.answers.question import Question
from obskit.mcp.document import CHARACTERS, Document, Section, notes_section, split_sections, table_section
from obskit.mcp.values import condition, rounded, shown

# Items on the first page of what is not a finding.
_FIRST = {"refinements": 4, "restates": 2, "describes": 3, "skipped_fields": 0}
_ROLES = ("findings", "refinements", "restates", "describes")


def explain(question: Question) -> Document:
    """Explain an outcome.

    Args:
        question: `select` is the outcome; `where`, `during`, `baseline`, `fields` and `population` as in
            `Events.explain`.

    Returns:
        The groups that were compared; findings, refinements, what restates or describes the outcome, and the
        fields that were skipped.
    """
    found = question.events.explain(
        question.get("select"),
        where=question.get("where"),
        during=question.get("during"),
        baseline=question.get("baseline"),
        fields=question.get("fields"),
        population=question.get("population", "units"),
        cancelled=question.cancelled,
    )
    facts: dict[str, Any] = {
        "selection": _group(found.selection),
        "baseline": _group(found.baseline),
    }
    if found.history:
        facts["usual_rates_from"] = _group(found.history)
    if not found.findings:
        facts["verdict"] = "no finding: nothing distinguishes the selection beyond chance"
    skipped: dict[str, list[str]] = {}
    for row in found.skipped:
        skipped.setdefault(row["reason"], []).append(row["field"])
    sections = [Section(role, [finding_item(finding) for finding in getattr(found, role)]) for role in _ROLES]
    detectable = [
        [rounded(row["share"]), rounded(row["ratio"])] for row in found.detectable if not found.findings
    ]
    sections += [
        table_section("would_have_been_found", ("share_of_events", "risk_ratio"), detectable),
        notes_section(found.notes),
        table_section(
            "skipped_fields",
            ("reason", "count", "fields"),
            [[reason, len(fields), ", ".join(fields)] for reason, fields in skipped.items()],
        ),
    ]
    order = {"findings": 0, "would_have_been_found": 1, "notes": 2}
    sections.sort(key=lambda section: order.get(section.name, 3))
    sections, first = split_sections(sections, _FIRST)
    return Document("explain", facts, sections, found.query, found.dataset, first)


def _group(found: Mapping[str, Any]) -> dict[str, Any]:
    data = {"condition": condition(str(found.get("condition"))), "events": found.get("events")}
    for name in ("estimated", "during"):
        if found.get(name) is not None:
            data[name] = shown(found[name], CHARACTERS)
    return data
