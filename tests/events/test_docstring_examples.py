"""The examples in the docstrings of `load` and `Events` run as they are written."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import obskit
from obskit import Events, load

pytestmark = pytest.mark.once

NO_EXAMPLE = {"dataset", "fingerprint", "links", "points", "population"}
"""Verbs that the sample has no data for, and properties that speak for themselves."""


def documented() -> Iterator[tuple[str, str]]:
    yield "load", inspect.getdoc(load) or ""
    yield "Events", inspect.getdoc(Events) or ""
    for name, member in inspect.getmembers(Events):
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            yield name, inspect.getdoc(member) or ""


def example_of(text: str) -> str:
    found = re.search(r"^Example:\n((?:    .*\n?|\n)+)", text, re.MULTILINE)
    return textwrap.dedent(found[1]) if found else ""


@pytest.mark.parametrize(
    ("name", "code"),
    [(name, example_of(text)) for name, text in documented() if name not in NO_EXAMPLE],
    ids=lambda value: value if value.isidentifier() else "",
)
def test_an_example_runs(
    name: str, code: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code, f"{name} has no example"
    monkeypatch.chdir(root)
    events = load("sample_events")
    exec(compile(code, f"<example of {name}>", "exec"), {"ok": obskit, "events": events})


def test_every_public_member_is_documented() -> None:
    assert [name for name, text in documented() if not text] == []
