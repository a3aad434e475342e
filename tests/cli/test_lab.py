"""The notebook that `lab` writes, and how JupyterLab is started on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
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
    assert command[3] == str(tmp_path / "obskit-lab.ipynb")
    assert command[3] in capsys.readouterr().err


def test_the_notebook_looks_up_the_same_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jsonl", "t.csv"):
        (tmp_path / name).write_text("{}\n")
    made = json.loads(lab.written(["a.jsonl"], lookups=[("t.csv", "host.name", "host")]).read_text())
    assert made["cells"][1]["source"].splitlines()[3:] == [
        f"events = events.lookup({str(tmp_path / 't.csv')!r}, on='host.name', key='host')",
        "events",
    ]


def test_lab_says_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "nowhere"]) == 2
    assert capsys.readouterr().err == (
        "obskit: no such file or folder: nowhere\nHint: lab takes files, folders and globs of events\n"
    )


def test_the_notebook_is_kept_and_overwrites_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "obskit-lab.ipynb").write_text("my own")
    (tmp_path / "a.jsonl").write_text("{}\n")
    made = lab.written(["a.jsonl"])
    assert made == tmp_path / "obskit-lab-2.ipynb"
    assert lab.written(["a.jsonl"]) == made, "an untouched notebook of the same files is used again"
    assert lab.written(["a.jsonl"], {"tz": "UTC"}) == tmp_path / "obskit-lab-3.ipynb"
    assert (tmp_path / "obskit-lab.ipynb").read_text() == "my own"


def test_the_notebook_is_written_where_the_option_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_text("{}\n")
    target = tmp_path / "mine.ipynb"
    assert lab.written(["a.jsonl"], target="mine.ipynb") == target
    nbformat.validate(nbformat.read(target, 4))
    assert main(["lab", "a.jsonl", "--notebook", "mine.ipynb"]) == 2
    assert capsys.readouterr().err == (
        f"obskit: --notebook {target} already exists\n"
        f"Hint: choose another name, or open it: jupyter lab {target}\n"
    )
    missing = tmp_path / "no" / "folder.ipynb"
    assert main(["lab", "a.jsonl", "--notebook", str(missing)]) == 2
    assert capsys.readouterr().err == (
        f"obskit: --notebook {missing} cannot be written: No such file or directory\n"
        "Hint: choose a file in a folder that exists and is writable\n"
    )


def test_a_folder_that_is_not_writable_is_replaced_by_one_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "a.jsonl").write_text("{}\n")
    monkeypatch.chdir(locked)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    open_file = Path.open

    def refuse(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if path.parent == locked and mode == "x":
            raise PermissionError(13, "Permission denied")
        return open_file(path, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", refuse)
    assert lab.written(["a.jsonl"]) == tmp_path / "data" / "obskit" / "obskit-lab.ipynb"


# What runs JupyterLab in these tests: a child that writes its process id, and ends at SIGTERM or not at all.
_SERVER = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, {handler})
open({file!r}, "w").write(str(os.getpid()))
time.sleep(60)
"""
_COMMAND = """
import sys
from obskit.cli import lab
lab._PATIENCE = 0.5
lab._serve([sys.executable, "-c", {server!r}], {folder!r})
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("handler", ["lambda *_: sys.exit(0)", "signal.SIG_IGN"])
def test_a_signal_ends_jupyterlab_too(tmp_path: Path, number: signal.Signals, handler: str) -> None:
    file = tmp_path / "pid"
    server = _SERVER.format(handler=handler, file=str(file))
    command = _COMMAND.format(server=server, folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        child = int(file.read_text())
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)
    assert (said, process.returncode) == ("ended\n", 0)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
