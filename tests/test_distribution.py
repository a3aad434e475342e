"""The name of the distribution, and what a broken installation says."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from obskit import distribution
from obskit.errors import MissingDependency

ROOT = Path(__file__).resolve().parents[1]


def test_the_name_is_that_of_pyproject() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"] == distribution.NAME


def test_the_install_command_quotes_an_extra() -> None:
    assert distribution.install_command() == "pip install obskit-notebook"
    assert distribution.install_command("data") == "pip install 'obskit-notebook[data]'"


def test_a_missing_module_of_an_incomplete_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "foreign_version", lambda: None)
    assert str(MissingDependency.of_module("obskit.events")) == (
        "obskit.events is missing: this installation of obskit-notebook is incomplete\n"
        "Hint: pip install --force-reinstall --no-deps obskit-notebook"
    )


CONFLICT = (
    "obskit.events is missing: the unrelated distribution 'obskit' 1.1.0 is in this environment too, "
    "and overwrites files of obskit-notebook\n"
    "Hint: pip uninstall obskit, then pip install --force-reinstall --no-deps obskit-notebook\n"
)


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("from obskit.cli import main; sys.exit(main(['info', 'x']))", 2, f"obskit: {CONFLICT}"),
        ("import obskit\ntry: obskit.load\nexcept ImportError as e: print(e, file=sys.stderr)", 0, CONFLICT),
    ],
    ids=["command", "python"],
)
def test_the_other_distribution_of_the_import_name_is_named(
    tmp_path: Path, code: str, status: int, said: str
) -> None:
    """A stranger's distribution `obskit` is installed, and a module of ours is gone."""
    (tmp_path / "obskit-1.1.0.dist-info").mkdir()
    (tmp_path / "obskit-1.1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: obskit\nVersion: 1.1.0\n"
    )
    gone = (
        "import sys, importlib.abc\n"
        "class Gone(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'obskit.events': raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Gone())\n"
        f"sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]\n"
    )
    done = subprocess.run([sys.executable, "-c", gone + code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, said)
