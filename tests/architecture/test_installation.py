"""The wheel and the sdist work, each installed into an empty environment without the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build the wheel and the sdist from the files that git tracks."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    names = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    if not names:
        pytest.skip("not a git checkout")
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    subprocess.run(command, capture_output=True, check=True)
    return {"wheel": next(out.glob("*.whl")), "sdist": next(out.glob("*.tar.gz"))}


@pytest.mark.install
def test_the_wheel_contains_only_the_package(built: dict[str, Path]) -> None:
    names = zipfile.ZipFile(built["wheel"]).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"obskit", "obskit_notebook"}
    shipped = {name for name in names if name.startswith("obskit/")}
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "obskit"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shipped == {name for name in tracked.stdout.split("\n") if name and (ROOT / name).is_file()}


@pytest.mark.install
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_triage_runs_from_an_empty_environment(kind: str, built: dict[str, Path], tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env/bin/python"
    wanted = f"{built[kind]}[data]"
    constraints = str(ROOT / "constraints.txt")
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "-c", constraints, wanted],
        capture_output=True,
        check=True,
    )
    shutil.copytree(ROOT / "sample_events", tmp_path / "events")
    done = subprocess.run(
        [tmp_path / "env/bin/obskit", "triage", "events"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "OBSKIT_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "service.version = '2.4.0'" in done.stdout
    where = subprocess.run(
        [python, "-c", "import obskit; print(obskit.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(tmp_path))
