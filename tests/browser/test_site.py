"""The documentation site, opened from its folder in a browser without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A page of each kind: the first one, code, wide tables, pictures, one that others are below.
PAGES = ("index", "tutorial", "cli", "explorer", "instrument/README")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, ROOT / "tools/build_site.py", folder, ROOT / "docs"], check=True)
    return folder


@pytest.fixture
def open_page(new_page, site):
    """A function that opens a page of the site; it fails if anything but files is asked for."""
    asked = []

    def open_page(name, query="", **options):
        page = new_page(offline=True, **options)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{site}/{name}.html{query}")
        return page

    yield open_page
    assert asked
    assert [url for url in asked if not url.startswith("file://")] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_readable_at_any_width(open_page, name, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(name, color_scheme=theme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is (theme == "light")
    for width in (1440, 800):
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        problems = axe.Axe().run(page).response["violations"]
        bad = [problem for problem in problems if problem["impact"] in ("serious", "critical")]
        assert bad == [], [(problem["id"], problem["nodes"][0]["html"]) for problem in bad]
    broken = "[...document.images].filter((image) => image.complete && !image.naturalWidth).map((i) => i.src)"
    assert page.evaluate(broken) == []


def test_the_search_finds_a_page_without_a_network(open_page):
    page = open_page("search", "?q=masked_error")
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results li a").all_inner_texts()
    assert any("traces" in title.lower() for title in found)


def test_a_guide_is_reached_from_the_first_page(open_page):
    page = open_page("index")
    page.get_by_role("navigation").get_by_role("link", name="How-to guides").first.click()
    page.get_by_role("main").get_by_role("link", name="Use only logs").first.click()
    page.wait_for_url("**/howto/only-logs.html")
    assert page.get_by_role("main").get_by_role("heading", level=1).inner_text().startswith("Use only logs")
