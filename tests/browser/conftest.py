"""A browser that talks to this machine alone, and a page that fails its test on any error.

Chromium or JupyterLab may be missing on a developer's machine: the tests are skipped then, with the reason.
Where OBSKIT_REQUIRE holds "browser", as in the continuous run, a missing one is a failure.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from urllib.parse import urlsplit

import pytest

from tests.support.lab_harness import Lab

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


def missing(reason: str):
    """Skip, or fail where the browser is required."""
    if "browser" in os.environ.get("OBSKIT_REQUIRE", "").split(","):
        pytest.fail(f"OBSKIT_REQUIRE=browser, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed (pip install 'obskit-notebook[dev]')")
    path = os.environ.get("OBSKIT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("no Chromium was found on the path; set OBSKIT_CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextlib.contextmanager
def pages(chromium, ignored=lambda _: False):
    """Give a function that opens pages; their errors and their requests off loopback fail what used them.

    Errors of the page for which `ignored` returns true are not obskit's.
    """
    contexts, wrong = [], []

    def open_page(**options):
        context = chromium.new_context(viewport={"width": 1440, "height": 1000}, **options)
        contexts.append(context)

        def guard(route):
            if urlsplit(route.request.url).hostname in LOOPBACK:
                route.continue_()
            else:
                wrong.append(f"request off loopback: {route.request.url}")
                route.abort()

        context.route(lambda url: urlsplit(url).scheme in ("http", "https", "ws", "wss"), guard)
        page = context.new_page()
        page.on(
            "pageerror",
            lambda error: ignored(error) or wrong.append(f"page error: {error}\n{error.stack}"),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def new_page(chromium):
    """A function that opens a page of the test's own."""
    with pages(chromium) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def shared_page(chromium):
    """A page that the tests of a module share, for opening JupyterLab takes seconds."""
    with pages(chromium) as open_page:
        yield open_page(permissions=["clipboard-read", "clipboard-write"])


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab that all tests share; each opens a notebook of its own."""
    if importlib.util.find_spec("jupyterlab") is None:
        missing("JupyterLab is not installed (pip install 'obskit-notebook[notebook]')")
    server = Lab(tmp_path_factory.mktemp("lab"))
    try:
        server.wait()
        yield server
    finally:
        server.stop()
