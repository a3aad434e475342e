"""The service map's ES module in a blank page."""

from __future__ import annotations

import pytest

from obskit.display.live.source import map_script, map_style
from obskit.display.service_map import service_map_html, service_map_svg
from tests.display.test_service_map import edges, nodes
from tests.display.trace.spans import EVIL

PAGE = "http://127.0.0.1:9/obskit"
MODEL = """
async ({source, style, svg}) => {
  const sheet = document.createElement("style"); sheet.textContent = style; document.head.append(sheet);
  const model = {get: (name) => ({_svg: svg, _still: ""})[name], on() {}, off() {}, send() {}};
  const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const el = document.createElement("main"); document.body.append(el);
  window.cleanup = await module.default.render({model, el});
}
"""
NODES = nodes("edge", "api", "db", "mail", errors=12, change=2.5)
EDGES = edges(("edge", "api"), ("api", "db"), ("edge", "mail"))


@pytest.fixture
def show(new_page):
    def open_map(svg, background="#fff", **options):
        page = new_page(**options)
        html = f"<!doctype html><html lang=en><title>t</title><body style='background:{background}'>"
        page.route(PAGE, lambda route: route.fulfill(content_type="text/html", body=html))
        page.goto(PAGE)
        page.evaluate(MODEL, {"source": map_script(), "style": map_style(), "svg": svg})
        return page

    return open_map


def faint(page):
    """The services that are shown faintly."""
    return page.locator("[data-service].obskit-far").evaluate_all(
        "(boxes) => boxes.map((box) => box.querySelector('text').textContent)"
    )


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_service_stands_out_with_what_it_calls(show, way):
    page = show(service_map_svg(NODES, EDGES))
    box = page.get_by_role("button", name="edge")
    if way == "mouse":
        box.click()
    else:
        box.focus()
        page.keyboard.press("Enter")
    assert faint(page) == ["db"]
    assert page.locator("[data-caller].obskit-far").count() == 1
    assert page.locator("[aria-live]").inner_text().startswith("edge 1,200 calls")
    page.keyboard.press("Escape")
    assert faint(page) == []


def test_hostile_names_are_text(show):
    page = show(service_map_svg(nodes(EVIL, "x" * 100_000), edges((EVIL, "x" * 100_000)), title=EVIL))
    assert page.evaluate("window.evil") is None
    assert page.locator("img, main script").count() == 0
    assert EVIL[:20] in page.locator("[data-service]").first.text_content()


@pytest.mark.parametrize(
    "part",
    [
        "<script>window.evil=1</script>",
        "<foreignObject/>",
        '<g onclick="window.evil=1"/>',
        '<a href="javascript:1"/>',
        "<g",
    ],
)
def test_an_image_with_anything_else_in_it_is_not_shown(show, part):
    page = show(service_map_svg(NODES, EDGES).replace("</svg>", f"{part}</svg>"))
    assert page.locator("main").inner_text() == "This map cannot be drawn. Run the cell again."
    assert page.evaluate("window.evil") is None


def test_the_static_image_is_drawn_without_a_script(show, new_page):
    page = new_page()
    page.set_content(service_map_html(NODES, EDGES))
    page.wait_for_function("() => document.querySelector('img').complete")
    assert page.evaluate("document.querySelector('img').naturalWidth") > 400
    assert page.locator("script").count() == 0


@pytest.mark.parametrize(("background", "scheme"), [("#fff", "light"), ("#111", "dark")])
def test_nothing_serious_for_those_who_cannot_see_or_point(show, background, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = show(service_map_svg(NODES, EDGES), background=background, color_scheme=scheme)
    page.get_by_role("button", name="api").click()
    page.keyboard.press("Escape")
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
