"""The pages in docs/api are up to date and complete, and every example runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import api_reference as reference  # noqa: E402

ENTRIES = [(page, entry) for page in reference.PAGES for entry in reference.entries(page)]


def test_the_pages_are_up_to_date() -> None:
    stale = [
        str(path) for path, text in reference.pages().items() if not path.exists() or path.read_text() != text
    ]
    assert stale == [], "run `make docs`"
    assert {path.name for path in reference.FOLDER.glob("*.md")} == {path.name for path in reference.pages()}


@pytest.mark.parametrize("entry", [entry for _, entry in ENTRIES], ids=lambda entry: entry.title)
def test_a_public_name_is_documented(entry: reference.Entry) -> None:
    assert entry.docstring, "has no docstring"
    # The example of a class also shows its parts; constants have no docstring of their own.
    assert entry.nested or entry.examples, "has no section `Example:`"


@pytest.mark.parametrize("page", reference.PAGES)
def test_the_examples_run(page: str, tmp_path: Path) -> None:
    """One process per page; each example has its own namespace. They share a folder with some of ours in it."""
    for name in ("sample_events", "README.md", "notebooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    program = [
        "import os, sys, tempfile, traceback",
        f"os.chdir({str(tmp_path)!r})",
        f"shared = {{}}\nexec({reference.SETUP[page]!r}, shared)",
        "failed = 0",
    ]
    for name, entry in ENTRIES:
        if name != page:
            continue
        for code in entry.examples:
            program.append(
                f"try:\n    exec(compile({code!r}, {entry.title!r}, 'exec'), dict(shared))\n"
                f"except BaseException:\n    failed += 1\n    print({entry.title!r}, file=sys.stderr)\n"
                "    traceback.print_exc()"
            )
    program.append("sys.exit(bool(failed))")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(program)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
