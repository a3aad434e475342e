"""An Explorer on a page, driven by mouse alone: nothing here knows which kind of notebook shows it.

What is waited for is what a person would see. Each method that acts counts what the hand did: a click and a
drag are one action each.
"""

from __future__ import annotations

import math
import time


class ExplorerPage:
    """The Explorer of a page.

    Args:
        page: a page of Playwright that shows one Explorer, or is about to.

    Attributes:
        actions: how many times the mouse clicked or dragged.
    """

    def __init__(self, page) -> None:
        self.page = page
        self.root = page.locator(".obskit-explorer")
        self.panel = self.root.locator(".obskit-side-by-side > .obskit-panel")
        self.actions = 0

    def wait(self, timeout: float = 90) -> None:
        """Wait until there is a picture, nothing is being worked on, and nothing moves any more."""
        self.root.locator(".obskit-area canvas").wait_for(timeout=1000 * timeout)
        end, before = time.monotonic() + timeout, None
        while time.monotonic() < end:
            now = self.root.evaluate(
                """root => {
                  if (root.dataset.state !== "idle") return null;
                  const { x, y, width, height } = root.querySelector(".obskit-area").getBoundingClientRect();
                  return [x, y, width, height, root.querySelectorAll("option").length];
                }"""
            )
            if now is not None and now == before:
                return
            before = now
            self.page.wait_for_timeout(400)
        raise TimeoutError(f"the Explorer was still at work after {timeout:g} s")

    def height_of(self, value: float) -> float:
        """Return where a value lies on the logarithmic vertical axis, read off its ticks.

        Args:
            value: in the unit of the axis.
        Returns:
            The fraction of the height, from the bottom.
        """
        area = self.root.locator(".obskit-area").bounding_box()
        ticks = []
        for tick in self.root.locator(".obskit-y span").all():
            box = tick.bounding_box()
            number = float(tick.inner_text().split()[0].replace(",", ""))
            ticks.append((math.log(number), 1 - (box["y"] + box["height"] / 2 - area["y"]) / area["height"]))
        ticks.sort()
        (x0, y0), (x1, y1) = ticks[0], ticks[-1]
        return y0 + (math.log(value) - x0) / (x1 - x0) * (y1 - y0)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a box and wait for its findings; sides are fractions from the left and from the bottom."""
        self._drag(self.root.locator(".obskit-area"), (x0, y0), (x1, y1))

    def stretch(self, line: str, x0: float, x1: float) -> None:
        """Select a stretch of time on one of the lines, and wait for its findings.

        Args:
            line: the line: "rate", "errors" or "latency".
            x0: its beginning, as a fraction from the left.
            x1: its end.
        """
        self._drag(self.root.locator(f".obskit-line-area[data-line={line}]"), (x0, 0.5), (x1, 0.5))

    def _drag(self, area, *ends: tuple[float, float]) -> None:
        """Drag over an area; ends are fractions from the left and from the bottom."""
        area.scroll_into_view_if_needed()
        at = area.bounding_box()
        sides = "root => root.querySelector('.obskit-sides')?.innerText ?? ''"
        before = self.root.evaluate(sides)
        corners = [(at["x"] + x * at["width"], at["y"] + (1 - y) * at["height"]) for x, y in ends]
        self.page.mouse.move(*corners[0])
        self.page.mouse.down()
        self.page.mouse.move(*corners[1], steps=6)
        self.page.mouse.up()
        self.actions += 1
        self._until(
            """(root, before) => {
              const now = root.querySelector(".obskit-sides")?.innerText ?? before;
              return root.dataset.state === "error" || (root.dataset.state === "idle" && now !== before);
            }""",
            before,
        )

    def _until(self, condition: str, argument, timeout: float = 90) -> None:
        """Wait until JavaScript says so of the widget, which may be in a shadow tree of the page."""
        end = time.monotonic() + timeout
        while not self.root.evaluate(condition, argument):
            if time.monotonic() > end:
                raise TimeoutError(f"not within {timeout:g} s: {condition}")
            self.page.wait_for_timeout(100)

    def click(self, target) -> None:
        """Click on something, a locator of Playwright."""
        target.click()
        self.actions += 1

    def tab(self, name: str):
        """Open a tab, and return its content once it has more than a word about the work.

        Args:
            name: what is written on it.
        Returns:
            A locator.
        """
        self.click(self.root.get_by_role("tab", name=name))
        self._until(
            """(root, tab) => {
              const panel = root.querySelector(".obskit-side-by-side > .obskit-panel");
              return panel.dataset.tab === tab && !panel.innerText.startsWith("Counting…");
            }""",
            name.lower(),
        )
        return self.panel

    def chip(self, text: str, entry: str) -> None:
        """Open the menu of a value and choose an entry of it: two clicks."""
        self.click(self.panel.get_by_role("button", name=text).first)
        self.click(self.page.get_by_role("menuitem", name=entry))

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a list, which a person opens and clicks: two actions."""
        choices = self.root.get_by_label(label)
        value = choices.locator("option", has_text=option).first.get_attribute("value")
        choices.select_option(value)
        self.actions += 2

    def code(self) -> str:
        """Show the code, and return it."""
        self.click(self.root.get_by_role("button", name="Show code"))
        return self.root.get_by_label("Code that reproduces what is shown").inner_text()


def findings_of(code: str) -> list[str]:
    """Run the code that an Explorer shows, and return the conditions of what it finds."""
    names: dict = {"display": lambda *_: None}
    exec(code, names)
    return [finding.condition for finding in names["found"].findings]
