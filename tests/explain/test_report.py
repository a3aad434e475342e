"""Findings: their condition, counts and examples."""

from __future__ import annotations

from obskit.engine import Scope, parse_condition
from obskit.explain import ExplainOptions, explain


def test_every_finding_reads_back_as_a_condition_with_the_same_counts(scope: Scope) -> None:
    """The text of each finding, run as a query, counts exactly the rows that the finding says."""
    found = explain(scope, "error", ExplainOptions(population="all"))
    said = [*found.findings, *found.refinements, *found.describes]
    assert len(said) >= 3
    chosen = scope.masks(scope.condition("error"))
    for finding in said:
        masks = scope.masks(parse_condition(finding.condition, scope.schema))
        inside = [
            (int((m.true & c.true).sum()), int((m.true & ~c.true).sum()))
            for m, c in zip(masks, chosen, strict=True)
        ]
        assert (sum(a for a, _ in inside), sum(b for _, b in inside)) == (finding.selected, finding.baseline)


def test_examples_are_events_of_the_slice_from_both_groups(scope: Scope) -> None:
    finding = explain(scope, "error").findings[0]
    table = {
        row["trace_id"]: row
        for row in scope.dataset.arrow(["trace_id", "service.version", "error"]).to_pylist()
    }
    for side, failed in (("selected", True), ("baseline", False)):
        assert 1 <= len(finding.examples[side]) <= 3
        for example in finding.examples[side]:
            row = table[example["trace_id"]]
            assert (row["service.version"], row["error"]) == ("2.4.0", failed)
    assert finding.traces == finding.selected
    assert finding.users is not None
    assert 0 < finding.users <= finding.selected
