"""Rules for the source: size and names of modules, position of imports, and what must not be committed."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "obskit").rglob("*.py"))


def committed() -> list[Path]:
    """Return the files of the checkout that git tracks."""
    found = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if found.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in found.stdout.decode().split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def text_of(path: Path) -> str | None:
    data = path.read_bytes()
    return None if b"\0" in data[:8192] or data[:2] == b"\x1f\x8b" else data.decode("utf-8", "replace")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_at_most_400_lines_and_has_a_docstring(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= 400, "split the module by responsibility"
    assert ast.get_docstring(ast.parse(source)), (
        "add a docstring that says what the module is responsible for"
    )


def test_no_module_is_called_utils() -> None:
    named = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"}
    assert [str(path) for path in MODULES if path.name in named] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_are_at_the_top_of_a_module(path: Path) -> None:
    """Elsewhere than in these places, an import inside a function would hide an import cycle."""
    where = path.relative_to(ROOT / "obskit")
    if str(where) in ("__init__.py", "display/live/__init__.py") or where.parts[0] == "cli":
        return
    inside = [
        f"{where}:{node.lineno}"
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_every_package_is_in_the_layers_of_import_linter() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = [c for c in tool["contracts"] if c["type"] == "layers"]
    placed = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    packages = {
        path.stem
        for path in (ROOT / "obskit").iterdir()
        if path.name not in ("__init__.py", "__pycache__", "py.typed")
        and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert packages == placed


# Assembled from parts, so that this file does not contain what it forbids.
HOME = re.compile(r"(?<![\w.])/(?:ho" + r"me|ro" + r"ot|wo" + r"rk|Us" + r"ers)/\w[\w.-]*")
REGISTRY = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("deb", "debian", "org"),
            ("crates", "io"),
            ("proxy", "golang", "org"),
        )
    )
)


def test_no_committed_text_names_a_private_folder_or_a_registry_host() -> None:
    found = []
    for path in committed():
        text = text_of(path)
        for pattern in (HOME, REGISTRY):
            if text is not None and (hit := pattern.search(text)):
                found.append(f"{path.relative_to(ROOT)}: {hit.group()}")
    assert found == []


def test_no_committed_file_is_large() -> None:
    large = [str(p.relative_to(ROOT)) for p in committed() if p.stat().st_size > 5_000_000]
    assert large == []


def test_no_notebook_contains_an_error() -> None:
    broken = [
        str(path.relative_to(ROOT))
        for path in committed()
        if path.suffix == ".ipynb" and '"output_type": "error"' in path.read_text()
    ]
    assert broken == []
