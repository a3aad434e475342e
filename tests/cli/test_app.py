"""Help, wrong calls, errors and interruptions, without reading an event."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from obskit.cli import app, main
from obskit.cli.commands import COMMANDS
from obskit.errors import EmptySelection, ReadError, UnknownField

ROOT = Path(__file__).resolve().parents[2]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert [name for name in COMMANDS if not re.search(rf"\n    {name}\s", said)] == []
    assert next(iter(COMMANDS)) == "triage"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: obskit {command} ")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("obskit 0.")


def test_without_a_command_help_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "triage" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["guess", "events"],
        ["triage"],
        ["triage", "events", "--sinc", "1h"],
        ["triage", "events", "--since", "1h", "--between", "a/b"],
        ["explain", "events", "--depth", "4"],
        ["trace", "events", "65b3", "--where", "error"],
        ["trace", "events", "65b3", "--since", "1h"],
        ["query", "events", "--limit", "0"],
        ["demo", "--out", "there", "--seed", "-1"],
        ["demo", "--out", "there", "--events", "many"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_2_and_prints_no_traceback(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("obskit")
    assert "\nHint: " in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["triag", "x"], "obskit: 'triag' is not a command\nHint: did you mean triage?\n"),
        (["zzz"], "obskit: 'zzz' is not a command\nHint: obskit --help\n"),
        (["--versoin"], "obskit: --versoin is not an option\nHint: did you mean --version?\n"),
        (
            ["query", "x", "--by", "name", "count()"],
            "obskit query: unexpected argument 'count()'\n"
            "Hint: paths and calculations come before the options; see obskit query --help\n",
        ),
        (
            ["triage", "x", "--sinc=1h"],
            "obskit triage: --sinc is not an option\nHint: did you mean --since?\n",
        ),
        (
            ["query", "x", "--limit", "0"],
            "obskit query: argument --limit: must be 1 or more, got 0\nHint: obskit query --help\n",
        ),
        (
            ["triage"],
            "obskit triage: the following arguments are required: PATH\nHint: obskit triage --help\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistyped_call_suggests_the_nearest(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == said


def test_python_m_obskit_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "obskit", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("obskit 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in script] == []
    assert "--mapping" in script or "mapping" in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "obskit.bash"
    script.write_text(capsys.readouterr().out)
    code = f"source {script}; COMP_WORDS=(obskit tri); COMP_CWORD=1; _shtab_obskit; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["triage"]


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def call(_arguments: object) -> None:
        raise error

    monkeypatch.setattr(app, "_call", call)
    return main(["info", "events"])


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ReadError("a.jsonl: torn", hint="look at it"), 1, "obskit: a.jsonl: torn\nHint: look at it\n"),
        (EmptySelection("no rows"), 1, "obskit: no rows\n"),
        (
            UnknownField("no field 'x'", hint="did you mean 'y'?"),
            2,
            "obskit: no field 'x'\nHint: did you mean 'y'?\n",
        ),
        (PermissionError(13, "Permission denied", "a"), 1, "obskit: [Errno 13] Permission denied: 'a'\n"),
        (
            ZeroDivisionError("by zero"),
            1,
            "obskit: ZeroDivisionError: by zero\n"
            "Hint: this is a bug in obskit; please report it with the traceback that OBSKIT_DEBUG=1 prints\n",
        ),
        (KeyboardInterrupt(), 130, "obskit: interrupted\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_errors_are_a_message_and_a_hint(
    error: BaseException,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert failing(error, monkeypatch) == status
    assert capsys.readouterr() == ("", said)


def test_an_error_shows_no_escape_sequence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(ReadError("a\x1b[2Jb: torn"), monkeypatch)
    assert capsys.readouterr().err == "obskit: a\\x1b[2Jb: torn\n"


def test_debug_shows_where(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OBSKIT_DEBUG", "1")
    assert failing(ReadError("torn"), monkeypatch) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_leaves_is_not_an_error() -> None:
    done = subprocess.run(
        [
            "sh",
            "-c",
            '"$0" -c "from obskit.cli import terminal, app\n'
            "app._call = lambda arguments: [terminal.write('x' * 100000) for _ in range(100)]\n"
            "import sys; sys.exit(app.main(['info', 'events']))\" | head -c 10",
            sys.executable,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("x" * 10, "")
