"""The Explorer and the figures in a real JupyterLab, with a real kernel."""

from __future__ import annotations

import json

import pytest

from tests.support import planted

NOTEBOOK = "explorer.ipynb"
IDLE = "() => document.querySelector('.obskit')?.dataset.state === 'idle'"


@pytest.fixture(scope="session")
def events_file(tmp_path_factory):
    return planted.write(tmp_path_factory.mktemp("events"))


@pytest.fixture(scope="module")
def opened(lab, shared_page, events_file):
    """A page with a notebook whose second cell makes an Explorer of the planted events."""
    load = f"import obskit as ok\n\nevents = ok.load({str(events_file)!r})"
    lab.open(shared_page, [load, "explorer = ok.Explorer(events)\nexplorer"], NOTEBOOK)
    return shared_page


@pytest.fixture
def explorer(lab, opened):
    """The page, with an Explorer that nobody has touched yet and whose parts have found their place."""
    opened.evaluate(
        "jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
    )  # that of the test before
    opened.wait_for_function("() => !document.querySelector('.obskit-area')")
    lab.run_all(opened)
    opened.wait_for_function("() => document.querySelectorAll('.obskit-area canvas').length === 1")
    opened.wait_for_function(IDLE)
    opened.locator(".obskit").scroll_into_view_if_needed()
    return opened


def drag(page, x0, y0, x1, y1):
    """Drag over the plot; coordinates are fractions from its left and its bottom."""
    box = page.locator(".obskit-area").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]) for x, y in ((x0, y0), (x1, y1))]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=6)
    page.mouse.up()


def ask(page, code):
    """Return what the kernel's `code` prints."""
    return page.evaluate(
        """async (code) => {
          const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const future = kernel.requestExecute({code, store_history: false});
          let text = "";
          future.onIOPub = ({content}) => {
            text += content.text ?? "";
            if (content.ename) text += content.traceback.join("\\n");
          };
          await future.done;
          return text;
        }""",
        code,
    ).strip()


def height_of(page, milliseconds):
    """Return where a latency lies on the plot, as a fraction from the bottom."""
    return float(
        ask(
            page,
            "import math; y = explorer._view['y']; "
            f"print(math.log({milliseconds} / y['low']) / math.log(y['high'] / y['low']))",
        )
    )


def test_drag_explanation_menu_and_code(explorer):
    page = explorer
    drag(page, 0.55, height_of(page, 400), 0.95, 1.2)
    page.locator(".obskit-found li").first.wait_for()
    page.wait_for_function(IDLE)
    first = page.locator(".obskit-found li").first.inner_text()
    assert "service.version = 2.4.0" in first
    assert f"cloud.region = {planted.EVIL}" in first
    assert page.locator(".obskit img").count() == 0
    assert page.evaluate("window.evil") is None
    sides = page.locator(".obskit-sides").inner_text()
    assert "Selection:" in sides
    assert "all others" in sides
    assert ask(page, "print(explorer.selection)") in sides
    assert "selected. First: " in page.locator("[aria-live].obskit-hidden").inner_text()

    page.get_by_role("button", name="Show code").click()
    code = page.locator(".obskit-code pre").inner_text()
    again = ask(
        page, code.replace("display(", "(") + "\nprint(found.findings == explorer.explanation.findings)"
    )
    assert again == "True", again

    page.get_by_role("button", name="service.version = 2.4.0").first.click()
    page.get_by_role("menuitem", name="Group by").click()
    page.locator(".obskit-values td").first.wait_for()
    table = page.locator(".obskit-values").inner_text()
    assert "2.3.2" in table
    assert "p99" in table
    page.locator(".obskit-values").get_by_role("button", name="2.4.0").press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # exclude
    page.locator(".obskit-step").wait_for()
    page.wait_for_function(
        "() => ['idle', 'error'].includes(document.querySelector('.obskit').dataset.state)"
    )
    assert (
        ask(
            page,
            "print(len(explorer._state.steps), explorer.events.where('\"service.version\" = \\'2.4.0\\'').query('rows()').table.column(0)[0])",
        )
        == "1 0"
    )


def test_keyboard_alone_draws_a_box_and_no_shortcut_of_jupyterlab_takes_the_keys(explorer):
    page = explorer
    page.locator(".obskit-area").focus()
    before = page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex")
    for _ in range(3):
        page.keyboard.press("Control+ArrowUp")
    for _ in range(3):
        page.keyboard.press("Control+Shift+ArrowRight")
    page.keyboard.press("Control+Shift+ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".obskit-found .obskit-sides").wait_for()
    page.wait_for_function(
        "() => ['idle', 'error'].includes(document.querySelector('.obskit').dataset.state)"
    )
    assert "timestamp >=" in ask(page, "print(explorer.selection)")
    assert page.evaluate("document.activeElement.className") == "obskit-area"
    assert page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex") == before


def test_the_newest_box_wins(explorer):
    page = explorer
    high = height_of(page, 400)
    for right in (0.6, 0.7, 0.8, 0.9):
        drag(page, 0.5, high, right, 1.2)
    page.wait_for_function(IDLE)
    selection = ask(page, "explorer.wait(30); print(explorer.selection)")
    assert selection in page.locator(".obskit-sides").inner_text()
    assert ask(page, "print(explorer.explanation.selection['condition'])") == selection


def test_a_box_without_events_is_no_error(explorer):
    page = explorer
    drag(page, 0.02, 0.97, 0.06, 1.2)
    page.wait_for_function("() => document.querySelector('.obskit').dataset.state === 'empty'")
    assert page.locator(".obskit-status").inner_text().startswith("The selection has no events.")
    assert page.locator(".obskit-status.obskit-error").count() == 0


def test_errors_are_shown_in_the_widget(explorer):
    page = explorer
    page.get_by_role("combobox", name="Filter").fill("durration_ms > 5")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.obskit').dataset.state === 'error'")
    assert "durration_ms" in page.locator(".obskit-problem").inner_text()


def test_the_theme_may_change_under_it(explorer):
    page = explorer
    shade = "() => [...document.querySelector('.obskit-scale .obskit-ramp').style.background.matchAll(/\\d+/g)].map(Number)"
    light = page.evaluate(shade)
    theme(page, "Dark")
    page.wait_for_function("() => document.querySelector('.obskit-dark')")
    dark = page.evaluate(shade)
    assert sum(light[:3]) > sum(dark[:3])  # few: pale on white, dim on black
    theme(page, "Light")
    page.wait_for_function("() => !document.querySelector('.obskit-dark')")


def theme(page, name):
    """Change the theme and let JupyterLab's curtain go: another change while it falls trips over it."""
    page.evaluate(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {name}'}})")
    page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")


def test_a_saved_notebook_is_small_and_reads_without_a_kernel_or_trust(explorer, lab, new_page):
    page = explorer
    drag(page, 0.55, height_of(page, 400), 0.95, 1.2)
    page.wait_for_function(IDLE)
    page.evaluate(
        "jupyterapp.commands.execute('notebook:run-all-cells')"
    )  # the static half of what is shown now
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    path = lab.folder / NOTEBOOK
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    saved = path.read_text()
    assert len(saved) < 300_000
    output, _ = json.loads(saved)["cells"][1]["outputs"]
    html = "".join(output["data"]["text/html"])
    assert page.locator("[class^=obskit-still]").is_hidden()
    assert "data:image/png;base64," in html
    assert "explorer" not in html or "<script" not in html
    assert "Explorer(duration_ms over timestamp" in "".join(output["data"]["text/plain"])

    # A stranger's notebook is not trusted; one's own, reopened, is, but its widget has no kernel behind it.
    stranger = json.loads(saved)
    stranger["cells"][0]["source"] = "# changed by a stranger, so no longer trusted"
    (lab.folder / "stranger.ipynb").write_text(json.dumps(stranger))
    for name in ("stranger.ipynb", "reopened.ipynb"):
        page = new_page()
        lab.open(page, lab.folder / (name if name == "stranger.ipynb" else NOTEBOOK), f"again-{name}")
        area = page.locator("[class^=obskit-still], .jp-OutputArea-output").first
        area.wait_for()
        assert "duration_ms over timestamp" in area.inner_text()
        assert area.locator("img").first.evaluate("node => node.naturalWidth") > 100
        missing = page.get_by_text("Error displaying widget")
        if name == "reopened.ipynb":
            missing.wait_for(state="attached")  # JupyterLab has given up waiting for a kernel
        assert not [one for one in missing.all() if one.is_visible()]


def test_figures_have_space_upload_nothing_and_embed_nothing(lab, shared_page):
    page = shared_page
    cells = [
        "import numpy as np\n"
        "from obskit.display.heatmap import heatmap\n"
        "heatmap(np.eye(4), np.arange(5.0), np.geomspace(1, 100, 5))",
        "from obskit.display.series import series\n"
        "series({'time': ['2026-05-04', '2026-05-05', '2026-05-06'], 'p99': [1, None, 3]}, 'time', ['p99'])",
    ]
    lab.open(page, cells, "figures.ipynb")
    lab.run_all(page)
    page.locator(".js-plotly-plot .heatmaplayer image").first.wait_for()
    page.locator(".js-plotly-plot .scatterlayer").first.wait_for(state="attached")
    for plot in page.locator(".js-plotly-plot").all():
        assert plot.bounding_box()["height"] > 250
    page.locator(".js-plotly-plot").first.hover()
    titles = page.locator(".modebar-btn").evaluate_all("nodes => nodes.map((node) => node.dataset.title)")
    assert "Download plot as a PNG" in " ".join(titles)
    assert not [title for title in titles if "hare" in title or "loud" in title or "Plotly" in title]
