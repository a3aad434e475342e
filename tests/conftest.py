"""Fixtures of every test: a cache of its own, the sample, the real data next to the checkout, a browser."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.spark_cluster import missing

# Continuous integration tries the same examples each time, so that what fails there is what a change broke;
# everybody else tries new ones. Half of Hypothesis's usual number keeps all tests under ten minutes.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("local", deadline=None, max_examples=50)  # on a busy machine anything may take long
# For `make test-oldest` and `make test-newest`: what a version breaks shows in a few examples.
settings.register_profile("versions", derandomize=bool(os.environ.get("CI")), deadline=None, max_examples=10)
settings.load_profile("ci" if os.environ.get("CI") else "local")

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("OBSKIT_SHARED") or ROOT.parent / "shared")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# `OBSKIT_REQUIRE=browser,shared`: a test with this marker that is skipped fails instead.
REQUIRED = frozenset(os.environ.get("OBSKIT_REQUIRE", "").replace(",", " ").split())


# Collecting makes a million objects that all stay: looking for garbage among them again and again is a quarter
# of the time that it takes.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # what is left at the end is removed as usual


def _reason_to_skip(marker: str) -> str | None:
    if marker == "browser" and not any(shutil.which(name) for name in BROWSERS):
        return "needs Chromium"
    if marker == "shared" and not SHARED.is_dir():
        return "needs the real data next to the checkout (OBSKIT_SHARED)"
    if marker == "engines":
        return missing()
    if marker == "node" and not (shutil.which("node") and shutil.which("npm")):
        return "needs node and npm"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in ("browser", "engines", "node", "shared"):
            reason = _reason_to_skip(marker) if item.get_closest_marker(marker) else None
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))
    # Playwright leaves an event loop running in its process, in which no other test could run one of its own.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    required = sorted(marker for marker in REQUIRED if item.get_closest_marker(marker))
    if required and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where {required[0]} is required: {reason}"
    return report


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the cache of whoever runs it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.delenv("OBSKIT_DEBUG", raising=False)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data next to the checkout; for tests with the marker `shared`."""
    return SHARED


@pytest.fixture(scope="session")
def sample_events() -> Path:
    """The committed sample."""
    return ROOT / "sample_events"
