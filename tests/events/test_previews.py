"""An answer from a sample comes first, labelled as one, and is removed afterwards."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.events import Events, previews
from obskit.explain import Explanation

ROWS = 4_000


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Events:
    """Events in which version 2 is slow; a patched limit makes them large."""
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(previews, "LARGE", ROWS - 1)
    monkeypatch.setattr(previews, "FEW", 3)
    draw = np.random.default_rng(1)
    version = draw.integers(1, 4, ROWS)
    slow = (version == 2) & (draw.random(ROWS) < 0.8)
    return load(
        pa.table(
            {
                "timestamp": pa.array(np.arange(ROWS) * 1_000_000, pa.timestamp("us", "UTC")),
                "duration_ms": np.where(slow, 900.0, 20.0) + draw.random(ROWS),
                "service.version": pa.array([f"{v}.0" for v in version]),
                "region": pa.array([f"r{v}" for v in draw.integers(0, 5, ROWS)]),
                "pod": pa.array([f"p{v}" for v in draw.integers(0, 9, ROWS)]),
            }
        )
    )


def test_a_sample_first_until_codes_are_made(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obskit.dataset.preview.ROWS", 1_000)
    seen: list[Explanation] = []
    exact = events.explain("duration_ms > 500", on_sample=seen.append)
    (sample,) = seen
    assert sample.sampled == sample.dataset["rows"]
    assert f"FROM A SAMPLE of {sample.sampled:,} events; the exact answer follows" in str(sample)
    assert any(note.startswith(f"a sample of {sample.sampled:,} events, one in ") for note in sample.notes)
    assert sample.findings[0].condition == exact.findings[0].condition == "service.version = '2.0'"
    assert exact.sampled is None
    assert "SAMPLE" not in str(exact)
    events.explain("duration_ms > 500", on_sample=seen.append)
    assert len(seen) == 1, "codes exist now"


def test_a_sample_is_narrowed_and_derived_as_the_events_are(events: Events) -> None:
    seen: list[Explanation] = []
    asked = events.derive(slow="duration_ms > 500").where("region = 'r1'")
    exact = asked.explain("slow", on_sample=seen.append)
    # all rows fit into the sample, so that it gives the exact numbers
    assert seen[0].selection["events"] == exact.selection["events"]


def test_a_sample_without_selected_rows_is_not_shown(events: Events) -> None:
    seen: list[Explanation] = []
    with pytest.raises(ValueError, match="duration_ms > 5000"):
        events.explain("duration_ms > 5000", on_sample=seen.append)
    assert seen == []


class Shell:
    """The modules of a notebook, and what was displayed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kernel: object) -> None:
        self.shown: list[Any] = []
        shell = SimpleNamespace(kernel=kernel)
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
        monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=self.display))

    def display(self, value: Any, display_id: bool) -> Any:
        assert display_id
        self.shown.append(value)
        return SimpleNamespace(update=lambda data, raw: self.shown.append((data, raw)))


def test_a_notebook_shows_the_sample_and_removes_it(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(monkeypatch, kernel=object())
    events.explain("duration_ms > 500")
    sample, cleared = shell.shown
    assert "<b>FROM A SAMPLE of " in sample._repr_html_()
    assert cleared == ({"text/plain": "", "text/html": ""}, True)


def test_views_and_terminals_do_not_show_a_sample(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(monkeypatch, kernel=object())
    events.explain("duration_ms > 500", cancelled=lambda: False)
    assert shell.shown == []
    assert previews.notebook_display() is not None
    Shell(monkeypatch, kernel=None)
    assert previews.notebook_display() is None
    monkeypatch.delitem(sys.modules, "IPython.display")
    assert previews.notebook_display() is None
