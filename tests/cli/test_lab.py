"""The notebook that `lab` writes, and how JupyterLab is started on it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from obskit.cli import lab, main


def test_the_notebook_is_valid_and_names_the_files(tmp_path: Path) -> None:
    made = lab.notebook([str(tmp_path / "it's.jsonl")], {"mapping": {"name": "Operation"}})
    nbformat.validate(nbformat.from_dict(made))
    code = [cell["source"] for cell in made["cells"] if cell["cell_type"] == "code"]
    assert str(tmp_path / "it's.jsonl") in code[0]
    assert "mapping={'name': 'Operation'}" in code[0]
    assert code[1] == "ok.Explorer(events)"
    for source in code:
        compile(source, "cell", "exec")


def test_lab_starts_jupyterlab_on_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called: list[tuple[list[str], dict[str, Any]]] = []
    interrupted = iter([KeyboardInterrupt, None])

    class Server:
        def __init__(self, command: list[str], **options: Any) -> None:
            called.append((command, options))

        def wait(self) -> None:
            if (error := next(interrupted)) is not None:
                raise error  # Ctrl-C is for Jupyter, which asks back

    monkeypatch.setattr(subprocess, "Popen", Server)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").write_text("{}\n")
    assert main(["lab", "events.jsonl", "--no-browser"]) == 0
    ((command, options),) = called
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert command[4] == "--no-browser"
    made = json.loads(Path(command[3]).read_text())
    assert str(tmp_path / "events.jsonl") in made["cells"][1]["source"], (
        "an absolute path: lab runs elsewhere"
    )
    assert options["cwd"] == Path(command[3]).parent
    assert command[3] in capsys.readouterr().err


def test_lab_says_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "nowhere"]) == 2
    assert capsys.readouterr().err == (
        "obskit: no such file or folder: nowhere\nHint: lab takes files, folders and globs of events\n"
    )
