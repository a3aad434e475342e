"""README and docs are complete and correct: names exist, links work, commands and examples run."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from obskit import load
from obskit.cli import main
from obskit.cli.commands import COMMANDS, build_parser
from obskit.engine.functions import FUNCTIONS
from obskit.names import COLUMNS
from tests.support.guides import GUIDES

ROOT = Path(__file__).resolve().parents[2]
INSTRUMENT = sorted((ROOT / "docs" / "instrument").glob("*.md"))
HOWTO = sorted((ROOT / "docs" / "howto").glob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *HOWTO, *INSTRUMENT]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands() -> Iterator[Any]:
    # Guides are run from top to bottom by tests/architecture/test_guides.py.
    for page in (page for page in PAGES if page not in GUIDES):
        for block in blocks(page, "console"):
            for line in block.splitlines():
                if line.startswith("$ obskit "):
                    yield pytest.param(line[2:], id=f"{page.name}: {line[2:]}")


def text(name: str) -> str:
    return (ROOT / name).read_text()


def options(command: str) -> set[str]:
    (choices,) = [a.choices for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    found = {option for action in choices[command]._actions for option in action.option_strings}
    return found - {"-h", "--help"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_documented(command: str) -> None:
    page = text("docs/cli.md")
    assert f"\n## {command}\n" in page
    assert {
        option for option in options(command) if f"`{option}" not in page and f" {option} " not in page
    } == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_has_a_target(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        if not there.exists():
            broken.append(target)
        elif anchor:
            titles = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
            if anchor not in anchors:
                broken.append(target)
    assert broken == []


def test_every_column_is_documented() -> None:
    page = text("docs/events.md")
    assert [name for name in COLUMNS if f"`{name}`" not in page] == []


def test_every_function_is_documented() -> None:
    page = text("docs/conditions.md")
    assert [name for name in FUNCTIONS if f"`{name}`" not in page and f"`{name}(" not in page] == []


@pytest.fixture(scope="module")
def at_sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Change to a folder that contains only the sample; change back at the end."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "sample_events").symlink_to(ROOT / "sample_events")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.mark.parametrize(
    "line", [line for block in blocks(ROOT / "docs/conditions.md", "sql") for line in block.splitlines()]
)
def test_conditions_in_the_docs_are_valid(line: str, at_sample: Path) -> None:
    rows = load("sample_events").where(line).query("count()").to_arrow()
    assert rows.num_rows == 1


@pytest.mark.parametrize("line", list(commands()))
def test_commands_in_the_docs_run(line: str, at_sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if "TRACE_ID" in line:
        ids = load("sample_events").to_arrow().column("trace_id")
        line = line.replace("TRACE_ID", next(str(i) for i in ids if i.as_py()))
    status = main(shlex.split(line)[1:])
    said = capsys.readouterr()
    assert status == 0, said.err
    assert len(said.out) > 20


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=f"{page.name}-{n}")
        for page in PAGES
        if page not in INSTRUMENT and page not in GUIDES
        for n, block in enumerate(blocks(page, "python"))
    ],
)
def test_python_in_the_docs_runs(block: str, at_sample: Path) -> None:
    import obskit as ok

    names: dict[str, Any] = {"ok": ok, "events": load("sample_events")}
    exec(compile(block, "docs", "exec"), names)


@pytest.mark.parametrize("page", INSTRUMENT, ids=lambda page: page.name)
def test_python_on_the_instrumentation_pages_runs(page: Path, tmp_path: Path) -> None:
    """The blocks of a page run in order, in their own process, because they configure it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-"],
        input="\n".join(blocks(page, "python")),
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
