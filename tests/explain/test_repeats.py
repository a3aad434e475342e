"""One trace with hundreds of selected rows neither widens a finding nor hides it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from obskit import load
from obskit.dataset import write
from obskit.schema import LoadReport
from tests.triage.test_repeats import NOON, calls

pytestmark = pytest.mark.once

NOTE = "295 events left out: a few values of trace_id have far more of them than others"


@pytest.mark.parametrize("during", [None, (NOON, None)])
@pytest.mark.parametrize("tenant", ["a", "b"])
def test_retries_of_one_trace_do_not_widen_or_hide_a_finding(tenant: str, during: object) -> None:
    found = calls(0.4, 300, tenant, 20_000).explain("error", population="all", during=during)
    assert [{item["value"] for item in one.conditions} for one in found.findings] == [{"a", "free"}]
    assert NOTE in found.notes
    alone = calls(0.4, 0, tenant, 20_000).explain("error", population="all", during=during)
    assert [one.condition for one in alone.findings] == [one.condition for one in found.findings]
    assert alone.findings[0].selected == found.findings[0].selected
    assert found.selection["events"] == alone.selection["events"] + 5


def test_earlier_retries_of_one_trace_do_not_make_it_usual() -> None:
    """The storm is at 19:00; what happened afterwards is compared with a time that has it."""
    events = calls(0.4, 300, "a", 20_000)
    evening = NOON.replace(hour=20)
    found = events.explain(
        "error", population="all", during=(evening, None), history=(NOON.replace(hour=19), evening)
    )
    assert found.history is not None
    assert found.history["selected"] < 100


def test_without_a_cluster_every_event_counts() -> None:
    found = calls(0.4, 300).explain("error", population="all", cluster=None)
    assert not [note for note in found.notes if "left out" in note]


def test_a_trace_in_two_files_counts_once(tmp_path: Path) -> None:
    """Every second row is in the second file, so the 300 retries of one trace are in both."""
    rows = calls(0.4, 300, "a", 20_000).dataset.arrow()
    rows = rows.take(pa.array([*range(0, len(rows), 2), *range(1, len(rows), 2)]))
    folders = tmp_path / "whole", tmp_path / "halves"
    for folder, size in zip(folders, (len(rows), len(rows) // 2), strict=True):
        batches = rows.to_batches(max_chunksize=size)
        write(batches, lambda: rows.schema, folder, LoadReport(), rows_per_file=size)
    whole, halves = (load(folder).explain("error", population="all") for folder in folders)
    assert len(load(folders[1]).dataset.files) == 2
    assert NOTE in halves.notes
    assert [(one.condition, one.traces) for one in halves.findings] == [
        (one.condition, one.traces) for one in whole.findings
    ]
