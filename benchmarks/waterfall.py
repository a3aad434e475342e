"""How fast a large trace is arranged in Python, first painted in Chromium, and scrolled.

    python -m benchmarks.waterfall            # 10,000 spans
    python -m benchmarks.waterfall 20000

The page is the widget's own ES module with a model that only records, so no kernel and no JupyterLab is measured.
"""

from __future__ import annotations

import base64
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from benchmarks.machine import about
from obskit.display.live.packing import pack
from obskit.display.live.source import waterfall_script, waterfall_style
from obskit.display.live.span_details import search
from obskit.display.trace.model import trace_model
from obskit.display.trace.pairs import trace_rows
from obskit.display.trace.side import TraceSide

BEGIN = datetime(2026, 5, 4, 10, tzinfo=UTC)

OPEN = """
async ({source, style, state, cells}) => {
  const sheet = document.createElement("style"); sheet.textContent = style; document.head.append(sheet);
  const bytes = Uint8Array.from(atob(cells), (c) => c.charCodeAt(0));
  const values = {...state, _cells: new DataView(bytes.buffer)};
  const model = {get: (name) => values[name], on() {}, off() {}, send() {}};
  const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const el = document.createElement("div"); document.body.append(el);
  const began = performance.now();
  await module.default.render({model, el});
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - began;
}
"""
# Scrolls by a new amount in each frame, as a wheel does, and returns the length of each frame in ms.
SCROLL = """
(step) => new Promise((done) => {
  const rows = document.querySelector(".obskit-rows");
  const frames = []; let last = performance.now();
  const frame = (now) => {
    frames.push(now - last); last = now;
    rows.scrollTop += step;
    if (frames.length < 180 && rows.scrollTop + rows.clientHeight < rows.scrollHeight - 1) requestAnimationFrame(frame);
    else done(frames.slice(1));
  };
  requestAnimationFrame(frame);
})
"""


def trace_of(spans: int, seed: int = 7) -> pa.Table:
    """Return a trace of so many spans in 12 services, up to 30 deep, with errors."""
    random = np.random.default_rng(seed)
    rows, windows, depths = [], [(0.0, 60_000.0)], [0]
    for index in range(spans):
        parent = -1 if index == 0 else int(random.integers(max(0, index - 60), index))
        while parent >= 0 and depths[parent] >= 30:
            parent = int(random.integers(0, index))
        if parent >= 0:
            low, high = windows[parent]
            start, end = np.sort(random.uniform(low, high, 2))
            windows.append((float(start), float(end)))
            depths.append(depths[parent] + 1)
        low, high = windows[index]
        failed = bool(random.random() < 0.02)
        rows.append(
            {
                "timestamp": BEGIN + timedelta(milliseconds=low),
                "duration_ms": high - low,
                "name": f"operation {index % 97}",
                "kind": "internal",
                "span_id": f"{index:016x}",
                "parent_span_id": None if parent < 0 else f"{parent:016x}",
                "error": failed,
                "exception.type": "TimeoutError" if failed else None,
                "service.name": f"service-{(parent * 7 + index // 50) % 12}",
                "http.route": f"/route/{index % 40}",
            }
        )
    return pa.Table.from_pylist(rows)


def main() -> None:
    """Print the measurements."""
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(about())
    table = trace_of(spans)
    began = time.perf_counter()
    model = trace_model(table)
    arranged = time.perf_counter()
    side = TraceSide("0" * 32, table, model)
    view, cells = pack([side], trace_rows(model))
    packed = time.perf_counter()
    search([side], "/route/7")
    searched = time.perf_counter()
    print(
        f"{spans:,} spans: arranged in {1000 * (arranged - began):.0f} ms, packed in {1000 * (packed - arranged):.0f} ms"
    )
    print(
        f"to the page: {len(cells) / 1024:,.0f} KiB; search in all fields: {1000 * (searched - packed):.0f} ms"
    )
    measure_page(view | {"selected": -1, "notes": []}, cells)


def measure_page(view: dict[str, object], cells: bytes) -> None:
    """Print how long the first paint took, and the frames while scrolling."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 950})
        page.set_content("<body>")
        state = {"_view": view, "_details": {}, "_found": {}, "_code": {}, "_status": {}, "_still": ""}
        given = {
            "source": waterfall_script(),
            "style": waterfall_style(),
            "state": state,
            "cells": base64.b64encode(cells).decode(),
        }
        print(f"first paint: {page.evaluate(OPEN, given):.0f} ms")
        for step, what in ((60, "two and a half rows"), (600, "a page")):
            frames = np.array(page.evaluate(SCROLL, step))
            page.evaluate("document.querySelector('.obskit-rows').scrollTop = 0")
            print(
                f"scrolling by {what} per frame: {1000 / frames.mean():.0f} frames per second, "
                f"95% of the frames within {np.percentile(frames, 95):.0f} ms, the longest {frames.max():.0f} ms"
            )
        browser.close()


if __name__ == "__main__":
    main()
