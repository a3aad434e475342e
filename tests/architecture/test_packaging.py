"""The extras, the pinned versions, the command, the targets of make and the scripts."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def wanted(extra: str) -> set[str]:
    """Return the names that an extra requires, including those of the extras that it contains."""
    names: set[str] = set()
    for requirement in EXTRAS[extra]:
        if inner := re.fullmatch(r"obskit-notebook\[([\w,-]+)\]", requirement):
            for part in inner.group(1).split(","):
                names |= wanted(part)
        else:
            names.add(name_of(requirement))
    return names


def test_the_base_install_is_small() -> None:
    assert {name_of(r) for r in PROJECT["dependencies"]} == {"opentelemetry-sdk", "orjson"}


def test_the_extra_all_contains_every_extra_except_dev() -> None:
    assert wanted("all") == set().union(*(wanted(extra) for extra in EXTRAS if extra not in ("all", "dev")))


def test_packages_that_must_be_upgraded_together_have_an_upper_bound() -> None:
    bounds = {name_of(r): r for r in EXTRAS["data"]}
    for name in ("duckdb", "ibis-framework", "sqlglot"):
        assert "<" in bounds[name]


def test_constraints_pin_every_requirement_and_contain_no_urls() -> None:
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    pinned = {name_of(line) for line in lines}
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    assert (wanted("dev") | {name_of(r) for r in PROJECT["dependencies"]}) - pinned == set()
    assert "obskit-notebook" not in pinned


@pytest.mark.parametrize("name", ["instrument", "extras"])
def test_the_oldest_versions_are_the_lower_bounds(name: str) -> None:
    """`make test-oldest` runs with exactly what pyproject.toml declares."""
    lines = (ROOT / f"tests/oldest/{name}.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    bounds = {name_of(r): r.partition(">=")[2].partition(",")[0] for r in declared()}
    if name == "instrument":
        assert pins.pop("opentelemetry-api") == pins["opentelemetry-sdk"]
    assert {name_of(pinned): Version(pins[pinned]) for pinned in pins} == {
        name_of(pinned): Version(bounds[name_of(pinned)]) for pinned in pins
    }


def test_every_lower_bound_is_tested() -> None:
    names = ("instrument", "extras", "engines")
    tested = "".join((ROOT / f"tests/oldest/{name}.txt").read_text() for name in names)
    pinned = {name_of(line) for line in tested.splitlines() if "==" in line}
    assert {name_of(r) for r in declared()} - pinned == set()


def test_another_python_is_tried_with_every_package() -> None:
    """`make test-newest` leaves out folders, and modules marked `once`, but none of a package as a whole."""
    left_out = re.search(r"^ONCE := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert left_out is not None
    assert [name for name in left_out[1].split() if not (ROOT / "tests" / name).is_dir()] == []
    packages = {path.parent.name for path in (ROOT / "obskit").glob("*/__init__.py")}
    tried = {
        package
        for package in packages - set(left_out[1].split())
        for module in (ROOT / "tests" / package).rglob("test_*.py")
        if "pytestmark = pytest.mark.once" not in module.read_text()
    }
    assert packages - tried == set()


def declared() -> list[str]:
    """Return the requirements of the base install and of every extra except dev."""
    extras = [r for extra, asked in EXTRAS.items() if extra != "dev" for r in asked]
    return [*PROJECT["dependencies"], *(r for r in extras if not r.startswith(PROJECT["name"]))]


def test_the_command_and_py_typed_are_shipped() -> None:
    assert PROJECT["scripts"] == {"obskit": "obskit.cli:main"}
    assert (ROOT / "obskit/py.typed").exists()


def test_the_changelog_starts_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == PROJECT["version"]


def test_the_scripts_have_valid_syntax() -> None:
    run = ROOT / ".ci/run"
    assert run.stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["bash", "-n", run], check=False).returncode == 0
    assert subprocess.run(["sh", "-n", ROOT / "tools/venv"], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize(
    "target",
    [
        "venv",
        "demo",
        "test",
        "test-package",
        "test-oldest",
        "test-newest",
        "test-install",
        "check",
        "docs",
        "wheel",
        "bench",
        "lab",
    ],
)
def test_make_has_its_targets(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_venv(tmp_path: Path, *, path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh")
    assert shell is not None
    return subprocess.run(
        [shell, str(ROOT / "tools/venv"), "data"],
        cwd=tmp_path,
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def tools_only(tmp_path: Path) -> Path:
    """Return a folder for PATH with the tools that the script calls, but without Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "mktemp", "rm", "cat", "touch"):
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    return folder


def test_without_a_python_make_venv_says_what_to_install(tmp_path: Path) -> None:
    done = run_venv(tmp_path, path=str(tools_only(tmp_path)))
    assert done.returncode == 1
    assert done.stderr == (
        "obskit: no Python 3.11 or newer: install one "
        "(Debian, Ubuntu: apt-get install python3 python3-venv), or uv, or set PYTHON\n"
    )


def test_an_old_python_is_skipped(tmp_path: Path) -> None:
    folder = tools_only(tmp_path)
    for name in ("python3", "python"):
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        os.chmod(folder / name, 0o755)
    assert "no Python 3.11 or newer" in run_venv(tmp_path, path=str(folder)).stderr
    done = run_venv(tmp_path, path=str(folder), PYTHON="python3")
    assert done.stderr == "obskit: PYTHON=python3 is not a Python 3.11 or newer\n"


def test_a_python_without_venv_and_pip_says_what_to_install(tmp_path: Path) -> None:
    """As on a Debian with only python3: `-m venv` fails because ensurepip is missing, and there is no pip."""
    folder = tools_only(tmp_path)
    (folder / "python3").write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    os.chmod(folder / "python3", 0o755)
    done = run_venv(tmp_path, path=str(folder))
    assert done.returncode == 1
    assert done.stderr.splitlines()[1] == (
        f"obskit: {folder}/python3 cannot make a virtual environment with pip: install python3-venv "
        "(Debian, Ubuntu: apt-get install python3-venv) or uv"
    )


def test_a_folder_that_is_not_an_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/precious").write_text("mine")
    done = run_venv(tmp_path, path=str(tools_only(tmp_path)))
    assert "exists and is not a virtual environment" in done.stderr
    assert (tmp_path / ".venv/precious").read_text() == "mine"


def test_nothing_tells_anybody_to_install_the_unrelated_distribution() -> None:
    """`obskit` on PyPI is somebody else's; README says so in one place."""
    old = re.compile(r"pip install (?:-\S+ )*['\"]?obskit(?!-notebook)(?=[\[\s'\"=<>~]|$)", re.MULTILINE)
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    found = []
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in (".py", ".md", ".ipynb", ".toml", ".js", "") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{name}: {hit.group()}" for hit in old.finditer(text)]
    assert found == []
