"""With only the base install, the command line starts and says which extra a command needs.

An import hook hides what the extras install. That has the effect of an environment without them, and takes a
second instead of a minute.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def installed(extra: str | None) -> set[str]:
    """Return the distributions that the base install, or one extra, requires directly and indirectly."""
    wanted = [*PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] if extra else [])]
    found: set[str] = {"obskit-notebook"}
    while wanted:
        asked = Requirement(wanted.pop())
        name = canonicalize_name(asked.name)
        for more in ("", *asked.extras):
            if name == "obskit-notebook":
                wanted += PROJECT["optional-dependencies"].get(more, [])
                continue
            if (mark := f"{name}[{more}]") in found:
                continue
            found |= {mark, name}
            for line in metadata.requires(name) or []:
                further = Requirement(line)
                if further.marker is None or further.marker.evaluate({"extra": more}):
                    wanted.append(line.partition(";")[0])
    return found


@functools.cache
def others(extra: str | None) -> list[str]:
    """Return the modules to hide: those of all other distributions in this environment."""
    allowed = installed(extra)
    return sorted(
        module
        for module, owners in metadata.packages_distributions().items()
        if module != "obskit"
        and not module.startswith("_")
        and not any(canonicalize_name(owner) in allowed for owner in owners)
    )


_HIDE = """
import sys, importlib.abc, importlib.util

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {extras!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
        return None

sys.meta_path.insert(0, Missing())
sys.path.insert(0, {root!r})
"""


def hidden(extras: list[str]) -> str:
    return _HIDE.format(extras=extras, root=str(ROOT))


def base_only(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", hidden(others(None)) + code, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def obskit(*words: str) -> subprocess.CompletedProcess[str]:
    return base_only("from obskit.cli import main; sys.exit(main(sys.argv[1:]))", *words)


def test_help_works_with_only_the_base_install() -> None:
    done = obskit("--help")
    assert done.returncode == 0, done.stderr
    assert "triage" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        ("triage", "events"),
        ("info", "events"),
        ("query", "events", "count()"),
        ("explain", "events", "--select", "error"),
        ("impact", "events", "--select", "error"),
        ("trace", "events", "65b3af7c"),
        ("convert", "events", "--out", "there"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_without_its_extra_says_what_to_install(words: tuple[str, ...]) -> None:
    done = obskit(*words)
    assert done.returncode == 2
    assert done.stderr == (
        f"obskit: obskit {words[0]} needs the extra 'data'\nHint: pip install 'obskit-notebook[data]'\n"
    )


def test_probe_without_its_extra_says_what_to_install() -> None:
    done = obskit("probe", "http://127.0.0.1:1/")
    assert done.returncode == 2
    assert (
        done.stderr
        == "obskit: obskit probe needs the extra 'probe'\nHint: pip install 'obskit-notebook[probe]'\n"
    )


@pytest.mark.parametrize("extra", [None, "data", "receive"])
def test_mcp_without_its_extra_says_what_to_install(extra: str | None) -> None:
    code = "from obskit.cli import main; sys.exit(main(['mcp', 'events']))"
    done = subprocess.run(
        [sys.executable, "-c", hidden(others(extra)) + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert (
        done.stderr == "obskit: obskit mcp needs the extra 'mcp'\nHint: pip install 'obskit-notebook[mcp]'\n"
    )


def test_probe_works_with_only_its_extra() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            hidden(others("probe")) + "from obskit.cli import main; sys.exit(main(sys.argv[1:]))",
            "probe",
            "http://127.0.0.1:1/",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert '"error.type":"CouldNotConnect"' in done.stdout


@pytest.mark.parametrize("extra", [None, "data"])
def test_the_live_demo_without_its_extra_says_what_to_install(extra: str | None) -> None:
    code = "from obskit.cli import main; sys.exit(main(['demo', '--live']))"
    done = subprocess.run(
        [sys.executable, "-c", hidden(others(extra)) + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "obskit: obskit demo --live needs the extra 'live'\nHint: pip install 'obskit-notebook[live]'\n"
    )


def test_lab_without_its_extra_says_what_to_install(tmp_path: Path) -> None:
    done = base_only(
        "import importlib.util as u; u.find_spec = lambda name: None;"
        "from obskit.cli import main; sys.exit(main(sys.argv[1:]))",
        "lab",
        str(tmp_path),
    )
    assert done.returncode == 2
    assert (
        done.stderr
        == "obskit: obskit lab needs the extra 'notebook'\nHint: pip install 'obskit-notebook[notebook]'\n"
    )


def test_the_public_names_without_extras_say_what_to_install() -> None:
    done = base_only(
        "import obskit\n"
        "try:\n    obskit.load\nexcept obskit.MissingDependency as error:\n    print(error)\n"
        "else:\n    print('found')"
    )
    assert done.stdout.endswith("Hint: pip install 'obskit-notebook[data]'\n"), done.stderr


def test_commands_work_with_only_the_extra_data() -> None:
    events = str(ROOT / "sample_events")
    commands = [
        ["triage", events],
        ["info", events],
        ["query", events, "p99(duration_ms)"],
        ["explain", events, "--select", "error"],
    ]
    code = f"from obskit.cli import main; sys.exit([main(words) for words in {commands}] != [0, 0, 0, 0])"
    done = subprocess.run(
        [sys.executable, "-c", hidden(others("data")) + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr


def test_help_imports_nothing_heavy() -> None:
    """`benchmarks/loading.py` measures the time; this test does not depend on the speed of the machine."""
    code = (
        "import sys; from obskit.cli import main; main(['--help']);"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *others(None), "opentelemetry", "orjson"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]\n"


def test_the_hidden_modules_are_those_of_the_extras() -> None:
    heavy = {"pyarrow", "duckdb", "ibis", "sqlglot", "numpy", "scipy", "pandas"}
    assert heavy <= set(others(None))
    assert heavy & set(others("data")) == set()
    assert {"plotly", "anywidget", "ipywidgets", "jupyterlab", "polars"} <= set(others("data"))
    assert {"orjson"} & set(others(None)) == set()
