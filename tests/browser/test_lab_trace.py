"""The waterfall in a real JupyterLab: live with a kernel, static without one."""

from __future__ import annotations

import json

import pytest

NOTEBOOK = "trace.ipynb"
CELLS = [
    "import obskit as ok\n\nevents = ok.load('../sample_events')\n"
    "failed, other = events.where(\"error and http.route = '/book'\").traces(2).to_arrow()['trace_id'].to_pylist()",
    "events.trace(failed)",
    "events.trace(failed, beside=other)",
    "import pyarrow as pa\nfrom obskit.display.live import show_service_map\n"
    "from obskit.display.service_map import service_map_html, service_map_svg\n"
    "nodes = pa.table({'service': ['edge', 'db'], 'calls': [10, 20], 'errors': [0, 2]})\n"
    "edges = pa.table({'caller': ['edge'], 'callee': ['db'], 'kind': ['call'], 'calls': [20], 'errors': [2]})\n"
    "show_service_map(lambda name: service_map_html(nodes, edges, name=name), 'map', service_map_svg(nodes, edges))",
]


@pytest.fixture(scope="module")
def opened(lab, shared_page):
    lab.open(shared_page, CELLS, NOTEBOOK)
    return shared_page


@pytest.fixture
def page(lab, opened):
    """The notebook, run again: two waterfalls that nobody has touched yet."""
    lab.run_all(opened)
    opened.wait_for_function("() => document.querySelectorAll('.obskit-trace .obskit-overview').length === 2")
    return opened


def waterfall(page, which=0):
    found = page.locator(".obskit-trace").nth(which)
    found.scroll_into_view_if_needed()
    return found


def test_it_is_live_and_hides_its_static_half(page):
    trace = waterfall(page)
    assert page.locator("[class^=obskit-still]").first.is_hidden()
    assert trace.locator(".obskit-body .obskit-row:not([hidden])").count() >= 5
    trace.locator(".obskit-rows").focus()
    cell = page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex")
    for key in ("ArrowDown", "ArrowDown", "e"):
        page.keyboard.press(key)
    trace.locator(".obskit-panel h4").wait_for()
    assert page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex") == cell
    selected = trace.locator('[aria-selected="true"] .obskit-name').inner_text()
    assert selected in trace.locator(".obskit-panel h4").inner_text()
    assert "service.version" in trace.locator(".obskit-fields").inner_text()


def test_a_menu_gives_code_that_runs(page):
    trace = waterfall(page)
    trace.locator(".obskit-body .obskit-row:not([hidden])").nth(2).click()
    button = trace.get_by_role("button", name="service.version: what to do with this value")
    button.wait_for()
    button.click()
    trace.get_by_role("menuitem", name="Only events with this value").click()
    code = trace.locator(".obskit-code code")
    code.wait_for()
    assert code.inner_text().startswith('events.where("service.version = ')
    rows = page.evaluate(
        """async (code) => {
          const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const future = kernel.requestExecute({code, store_history: false});
          let text = "";
          future.onIOPub = ({content}) => (text += content.text ?? content.ename ?? "");
          await future.done;
          return text;
        }""",
        f"print({code.inner_text()}.query('rows()').table.column(0)[0])",
    )
    assert int(rows) > 100


def test_search_asks_the_kernel(page):
    trace = waterfall(page)
    trace.get_by_role("searchbox").fill("postgresql")
    trace.locator(".obskit-hit").first.wait_for()
    assert trace.locator(".obskit-about").inner_text().endswith(("span", "spans"))


def test_two_traces_share_the_page_without_sharing_state(page):
    first, second = waterfall(page, 0), waterfall(page, 1)
    second.locator(".obskit-body .obskit-row:not([hidden])").first.click()
    second.get_by_text("Fields that differ").wait_for()
    assert first.locator('[aria-selected="true"]').count() == 0
    assert second.locator(".obskit-there").count() >= 3


def test_the_theme_may_change_under_it(page):
    trace = waterfall(page)
    ink = "node => getComputedStyle(node).color"
    light = trace.evaluate(ink)
    for name, dark in (("Dark", True), ("Light", False)):
        page.evaluate(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {name}'}})")
        page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")
        page.wait_for_function(
            f"() => document.querySelectorAll('.obskit-trace.obskit-dark').length === {2 if dark else 0}"
        )
        assert (trace.evaluate(ink) == light) is not dark


def test_the_service_map_has_the_colors_of_the_page(page):
    image = page.locator("svg.obskit-svg")
    image.scroll_into_view_if_needed()
    assert page.locator("[class^=obskit-still] img").is_hidden()
    colour = page.evaluate("getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')")
    assert image.evaluate("node => getComputedStyle(node).getPropertyValue('--ok-page')") == colour
    page.locator("[data-service]", has_text="edge").click()
    assert page.locator("[data-service].obskit-far").count() == 0


def test_a_saved_notebook_is_small_and_reads_without_a_kernel_or_trust(page, lab, new_page):
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    saved = (lab.folder / NOTEBOOK).read_text()
    assert len(saved) < 300_000
    still, live = json.loads(saved)["cells"][1]["outputs"]
    assert "<script" not in "".join(still["data"]["text/html"])
    assert "application/vnd.jupyter.widget-view+json" in live["data"]
    stranger = json.loads(saved)
    stranger["cells"][0]["source"] = "# changed by a stranger, so no longer trusted"
    (lab.folder / "stranger-trace.ipynb").write_text(json.dumps(stranger))
    for name in ("stranger-trace.ipynb", NOTEBOOK):
        fresh = new_page()
        lab.open(fresh, lab.folder / name, f"again-{name}")
        output = fresh.locator(".jp-OutputArea-output", has_text="critical path").first
        output.wait_for()
        text = output.inner_text()
        assert "POST /book" in text
        assert "ERROR" in text
        bars = output.locator("td div div")
        assert bars.count() > 5
        assert bars.first.bounding_box()["width"] > 100
        image = fresh.locator("[class^=obskit-still] img")
        image.scroll_into_view_if_needed()
        assert image.evaluate("node => node.naturalWidth") > 400
