"""Four incidents, from the folder to the cause by mouse alone, each in at most ten actions.

The events are those of `obskit demo`. By default there are 200,000, so that a run stays short;
OBSKIT_INCIDENT_EVENTS=1000000 runs the same with a million. ::

    traces    POST /book is slow from 10:00 on     three conditions, a trace, the verdict on the deployment
    logs      a message that was not there before  the message, and the only pod that logs it
    masked    first calls fail, the retries don't  the provider, and a trace with the failed call and its retry
    ramp      searches fail while 6.3.0 grows      the version and the only tenant that it breaks
"""

from __future__ import annotations

import json
import os

import pytest

import obskit as ok
from obskit.demo.generate import generate
from tests.support.explorer_page import ExplorerPage

EVENTS = int(os.environ.get("OBSKIT_INCIDENT_EVENTS", "200000"))
MOST_ACTIONS = 10
DAY = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("incidents") / "demo"
    generate(out, events=EVENTS, seed=1, format="parquet", scenarios=["ramp", "message"])
    return out


@pytest.fixture(scope="module")
def logs(folder):
    """Return a file with the log records of the same day as plain JSON logs, without spans and traces."""
    names = ["timestamp", "severity_text", "body", "service.name", "service.version", "k8s.pod.name"]
    table = ok.load(folder).where("body is not null and severity_text is not null").to_arrow(names)
    out = folder.parent / "app.jsonl"
    keys = ("time", "level", "msg", "service", "version", "pod")
    with out.open("w") as file:
        for row in table.to_pylist():
            values = {**row, "timestamp": row["timestamp"].isoformat()}
            file.write(json.dumps(dict(zip(keys, (values[name] for name in names), strict=True))) + "\n")
    return out


@pytest.fixture
def explore(lab, new_page):
    """Open an Explorer of a path in JupyterLab."""

    def open_explorer(path, name):
        page = new_page()
        lab.open(page, [f"import obskit as ok\nok.Explorer(ok.load({str(path)!r}))"], f"{name}.ipynb")
        lab.run_all(page, timeout=180)
        explorer = ExplorerPage(page)
        explorer.wait(180)
        explorer.root.scroll_into_view_if_needed()
        explorer.wait()
        return explorer

    return open_explorer


def screenshot(explorer, name):
    if into := os.environ.get("OBSKIT_SCREENSHOTS"):
        explorer.root.screenshot(path=f"{into}/incident-{name}.png")


def test_slow_bookings_after_a_deployment(explore, folder):
    explorer = explore(folder, "traces")
    explorer.choose("Operation", "booking POST /book ")
    explorer.wait()
    explorer.box(9.5 / DAY, explorer.height_of(700), 22 / DAY, 1.2)
    first = explorer.panel.locator("li").first.inner_text()
    for condition in ("service.version = 2.4.0", "app.platform = android", "cloud.region = eu-central-1"):
        assert condition in first
    explorer.click(explorer.panel.get_by_role("button", name="Judge booking 2.4.0"))
    explorer.panel.get_by_text("booking 2.4.0: regress.").wait_for(timeout=90_000)
    screenshot(explorer, "traces")
    explorer.click(explorer.tab("Traces").locator(".obskit-example").first)
    opened = explorer.root.locator(".obskit-waterfall .obskit-trace")
    opened.get_by_text("INSERT bookings").first.wait_for()
    assert explorer.actions <= MOST_ACTIONS


def test_a_message_that_was_never_logged_before(explore, logs):
    explorer = explore(logs, "logs")
    labels = explorer.root.locator(".obskit-y span").all_inner_texts()
    row = (labels.index("WARN") + 0.5) / len(labels)
    explorer.box(14 / DAY, row - 0.05, 1.2, row + 0.05)
    messages = explorer.tab("Messages")
    message = "pool exhausted: waited <*> ms for a connection, <*> in use"
    assert message in messages.inner_text()
    line = messages.get_by_role("row", name="pool exhausted")
    assert line.get_by_role("cell").all_inner_texts()[-1] == "0%"  # never outside the box
    explorer.chip("pool exhausted", "Only these events")
    explorer.root.locator(".obskit-step", has_text="pool exhausted").wait_for()
    explorer.click(
        explorer.root.locator(".obskit-area")
    )  # no box any more: all of these events are looked at
    rows = explorer.tab("Rows")
    explorer.click(rows.get_by_role("gridcell", name="seatmap-").first)
    explorer.click(explorer.page.get_by_role("menuitem", name="Group by this field"))
    pods = explorer.panel.locator("tbody tr")
    pods.first.wait_for()
    assert pods.count() == 1  # all of these messages come from one pod
    planted = json.loads((logs.parent / "demo" / "planted.json").read_text())["planted"]
    pod = next(one["expected"][0]["value"] for one in planted if one["id"] == "message")
    assert pod in pods.first.inner_text()
    screenshot(explorer, "logs")
    assert explorer.actions <= MOST_ACTIONS


def test_failures_that_retries_hide(explore, folder):
    explorer = explore(folder, "masked")
    explorer.choose("Operation", "payment POST /pay ")
    explorer.wait()
    explorer.box(13 / DAY, explorer.height_of(450), 14 / DAY, 1.2)
    assert "payment.provider = psp-north" in explorer.panel.locator("li").first.inner_text()
    screenshot(explorer, "masked")
    explorer.click(explorer.tab("Traces").locator(".obskit-example").first)
    opened = explorer.root.locator(".obskit-waterfall .obskit-trace")
    calls = opened.get_by_role("row", name="payment POST")
    calls.first.wait_for()
    screenshot(explorer, "masked-trace")
    assert calls.count() >= 3  # POST /pay, the call that fails, and its retry
    assert opened.locator(".obskit-row.obskit-failed").count() == 1
    assert explorer.actions <= MOST_ACTIONS


def test_errors_of_one_tenant_while_a_version_is_ramped_up(explore, folder):
    """Nothing is slow, so there is nothing to draw a box around: the line of errors is what is unusual."""
    explorer = explore(folder, "ramp")
    explorer.choose("Operation", "search GET /connections ")
    explorer.wait()
    explorer.stretch("errors", 9 / DAY, 17 / DAY)
    first = explorer.panel.locator("li").first.inner_text()
    for condition in ("service.version = 6.3.0", "tenant.id = tenant-03"):
        assert condition in first
    assert explorer.panel.get_by_text(" and error", exact=False).count() >= 1
    explorer.click(explorer.panel.get_by_role("button", name="Judge search 6.3.0"))
    explorer.panel.get_by_text("search 6.3.0: regress.").wait_for(timeout=90_000)
    screenshot(explorer, "ramp")
    traces = explorer.tab("Traces").locator(".obskit-example")
    explorer.click(traces.first)
    opened = explorer.root.locator(".obskit-waterfall .obskit-trace")
    opened.locator(".obskit-row.obskit-failed").first.wait_for()
    explorer.click(explorer.panel.get_by_role("button", name="Compare").last)
    opened.get_by_text("trace ", exact=False).nth(1).wait_for()
    assert explorer.root.locator(".obskit-waterfall .obskit-which").count() == 2
    assert explorer.actions <= MOST_ACTIONS
