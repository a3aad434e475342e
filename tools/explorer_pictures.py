"""Take the pictures of the Explorer in docs/images: `python tools/explorer_pictures.py [FOLDER]`.

They come from a real JupyterLab over `sample_events`, in Chromium. Take them again when the Explorer looks
different.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.lab_harness import Lab  # noqa: E402

CELLS = [
    "import obskit as ok\n\nbook = ok.load('../sample_events').where(\"http.route = '/book'\")",
    "explorer = ok.Explorer(book)\nexplorer.brush(x=('2026-05-04T10:00Z', None), y=(500, None))\nexplorer",
]
SIZE = {"width": 1440, "height": 1100}
# Only the Explorer is of interest: the notebook around it is hidden, and its cell takes the whole width.
STYLE = """
#jp-top-panel, #jp-menu-panel, #jp-bottom-panel, .jp-SideBar, #jp-left-stack, .jp-InputPrompt,
.jp-OutputPrompt, .jp-OutputArea-promptOverlay, .jp-Cell-inputWrapper, .jp-cell-menu,
.jp-Toolbar { display: none !important; }
.jp-OutputArea-output { padding: 12px !important; }
.jp-OutputArea-output.jp-mod-scrolled, .jp-OutputArea { max-height: none !important; }
"""
SETTLED = "() => document.querySelector('.obskit-explorer')?.dataset.state === 'idle'"
MOST_BYTES = 175_000


def ask(page: Any, code: str) -> None:
    """Run code in the kernel of the open notebook, and wait for it."""
    failed = page.evaluate(
        """async (code) => {
          const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const reply = await kernel.requestExecute({code, store_history: false}).done;
          return reply.content.status === "ok" ? "" : reply.content.traceback.join("\\n");
        }""",
        code,
    )
    if failed:
        raise RuntimeError(failed)


def settle(page: Any) -> None:
    """Wait until the Explorer has answered everything, and has drawn it."""
    ask(page, "explorer.wait(60)")
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(400)


def open_tab(page: Any, name: str) -> None:
    """Open one of the Explorer's tabs."""
    page.locator(".obskit-tabs").get_by_role("tab", name=name).click()
    settle(page)


def save(page: Any, path: Path, element: str = ".obskit-explorer", most_height: int = 1000) -> None:
    """Write a picture of an element, or of its upper part."""
    page.mouse.move(0, 0)
    page.locator(element).first.scroll_into_view_if_needed()
    box = page.locator(element).first.bounding_box()
    clip = {**box, "height": min(box["height"], most_height)}
    page.screenshot(path=path, animations="disabled", clip=clip)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")  # noqa: T201
    if size > MOST_BYTES:
        raise RuntimeError(f"{path} has {size:,} bytes, expected at most {MOST_BYTES:,}")


def take(browser: Any, base: Path, out: Path, theme: str, names: dict[str, str]) -> None:
    """Open the Explorer with a theme and take the pictures `names`: what to show -> file."""
    lab = Lab(base, theme)
    try:
        lab.wait()
        page = browser.new_context(viewport=SIZE).new_page()
        lab.open(page, CELLS)
        lab.run_all(page)
        page.add_style_tag(content=STYLE)
        page.evaluate("jupyterapp.commands.execute('application:toggle-left-area').then(() => true)")
        settle(page)
        for tab, name in names.items():
            if tab != "Difference":
                open_tab(page, tab)
                save(page, out / name, ".obskit-columns > :nth-child(2)", 480)
            else:
                save(page, out / name)
            if tab == "Rows":
                page.locator(".obskit-panel").get_by_role("gridcell", name="1.13 s").first.click()
                page.get_by_role("menuitem", name="Open its trace").click()
                page.locator(".obskit-waterfall .obskit-trace").wait_for()
                settle(page)
                save(page, out / "explorer-trace.png", ".obskit-waterfall", 500)
                page.locator(".obskit-waterfall").get_by_role("button", name="Close").click()
                settle(page)
    finally:
        lab.stop()


def main() -> None:
    """Take all pictures."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images"
    chromium = os.environ.get("OBSKIT_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        light = {
            "Difference": "explorer.png",
            "Fields": "explorer-fields.png",
            "Rows": "explorer-rows.png",
            "Traces": "explorer-traces.png",
        }
        take(browser, Path(folder) / "light", out, "JupyterLab Light", light)
        dark = {"Difference": "explorer-dark.png"}
        take(browser, Path(folder) / "dark", out, "JupyterLab Dark", dark)
        browser.close()


if __name__ == "__main__":
    main()
