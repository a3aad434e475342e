"""The documentation site: it is built without a warning, its links lead somewhere, and it loads nothing from outside."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Elements that a browser loads by itself -> the attribute with the address."""


class Page(HTMLParser):
    """The addresses and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if _LOADS.get(tag, "") in given:
            self.loads.append(given[_LOADS[tag]])


def build(out: Path, docs: Path) -> subprocess.CompletedProcess[str]:
    # In a process of its own: Sphinx's deprecations are no concern of our code.
    command = [sys.executable, str(ROOT / "tools/build_site.py"), str(out), str(docs)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder, ROOT / "docs")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    # Below _static are templates of the theme.
    return {path: Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}


def test_every_page_of_the_docs_is_there(pages: dict[Path, Page], site: Path) -> None:
    sources = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert sources <= {path.relative_to(site) for path in pages}


def test_every_internal_link_has_a_target(pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for address in (*page.links, *page.loads):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if parts.fragment and target in pages else None
            if not target.exists() or (anchors is not None and unquote(parts.fragment) not in anchors):
                broken.append(f"{path.name}: {address}")
    assert broken == []


def test_nothing_is_loaded_from_outside(pages: dict[Path, Page], site: Path) -> None:
    outside = re.compile(r"^(https?:)?//")
    assert [address for page in pages.values() for address in page.loads if outside.match(address)] == []
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert re.findall(r"""(?:url\(|@import)\s*['"]?(?:https?:)?//[^)'"]*""", text) == [], style


def test_pages_of_one_kind_are_next_to_each_other(site: Path) -> None:
    """The four kinds of Diataxis and troubleshooting are the navigation at the top."""
    top = (site / "index.html").read_text(encoding="utf-8")
    names = re.findall(r'class="nav-link nav-internal" href="([\w-]+)\.html"', top)
    assert list(dict.fromkeys(names)) == ["tutorial", "howto", "reference", "explanation", "troubleshooting"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("## Part\n\n[there](#part)", ""),
        ("[nowhere](#part)", "'myst' cross-reference target not found: 'part'"),
        ("[nowhere](other.md)", "cross-reference target not found: 'other.md'"),
    ],
)
def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path, text: str, wrong: str) -> None:
    docs = tmp_path / "docs"
    (docs / "_static").mkdir(parents=True)
    (docs / "_static/obskit.css").write_text("")
    shutil.copy(ROOT / "docs/conf.py", docs)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (docs / "index.md").write_text(f"# Home\n\n{text}\n")
    done = build(tmp_path / "site", docs)
    assert (done.returncode, wrong in done.stderr) == (1 if wrong else 0, True), done.stderr
