"""The tutorial and the guides, followed as a new user would: in an empty folder, with an empty cache."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import obskit
from obskit.errors import ObskitError
from tests.support.guides import GUIDES, ROOT, Reader, difference, environment, steps


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    settings = environment(tmp_path / "cache")
    for name in ("OBSKIT_CACHE", "COLUMNS"):
        monkeypatch.setenv(name, settings[name])
    folder = tmp_path / "work"
    folder.mkdir()
    before = Path.cwd()
    yield Reader(folder, settings)
    assert Path.cwd() == before


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_can_be_followed(page: Path, reader: Reader) -> None:
    checked = 0
    for step in steps(page):
        printed = reader.type(step)
        if step.expected is not None:
            checked += 1
            wrong = difference(step.expected, printed)
            assert not wrong, f"{page.name}, line {step.line}: {wrong!r} is not at its place in\n{printed}"
    assert checked >= 3  # a page that compares nothing would prove little


@pytest.mark.parametrize(
    ("expected", "printed", "wrong"),
    [
        ("a\nb", "a\nb\n", ""),
        ("a\n...", "a\nb\nc\n", ""),
        ("...\nb\n...", "a\nb\nc\n", ""),
        ("a\nc", "a\nb\n", "c"),
        ("a", "a\nb\n", "also printed: b"),
        ("...\nd", "a\nb\n", "d"),
        ("a 1 ...", "a 1 and more\n", ""),
        ("a 2 ...", "a 1 and more\n", "a 2 ..."),
    ],
)
def test_output_is_compared_line_by_line(expected: str, printed: str, wrong: str) -> None:
    assert difference(expected, printed) == wrong


def test_a_page_is_read_as_it_is_typed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\nSave it as `f`:\n\n```json\n{}\n```\n\n```console\n$ true\n$ cat f\n{}\n```\n\n"
        "```python\nprint(1)\n```\n\n```text\n1\n```\n\nText.\n\n```text\nnot output\n```\n",
        encoding="utf-8",
    )
    found = [(step.language, step.code, step.expected) for step in steps(page)]
    assert found == [
        ("file", "f\n{}\n", None),
        ("console", "true", None),
        ("console", "cat f", "{}\n"),
        ("python", "print(1)\n", "1\n"),
    ]
    failing = Reader(tmp_path, dict(os.environ))
    with pytest.raises(AssertionError, match="ended with 3"):
        failing.type(next(steps(_page(tmp_path, "```console\n$ exit 3\n```\n"))))


def _page(folder: Path, text: str) -> Path:
    page = folder / "other.md"
    page.write_text(text, encoding="utf-8")
    return page


def families() -> set[type[ObskitError]]:
    """Return every class of error below ObskitError, in every module of obskit."""
    for module in pkgutil.walk_packages(obskit.__path__, "obskit."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: set[type[ObskitError]] = set()
    left = [ObskitError]
    while left:
        children = left.pop().__subclasses__()
        found |= set(children)
        left += children
    return {kind for kind in found if kind.__module__.startswith("obskit.")}


def test_every_kind_of_error_has_an_entry() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    entries = set(re.findall(r"^## (\w+)$", page, re.MULTILINE))
    kinds = families()
    assert {
        kind.__name__ for kind in kinds if kind.__base__ is not None and ObskitError in kind.__bases__
    } == entries
    below = {kind.__name__ for kind in kinds} - entries
    assert {name for name in below if f"`{name}`" not in page} == set()
