"""The tabs: what they show is what the code returns, and their menus mean what they say."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from obskit.events import load
from obskit.explorer import Explorer
from obskit.explorer.calls import PAGE

START = 1_777_888_800_000_000
SLOW = {"x0": START + 1.8e9, "x1": None, "y0": 400, "y1": None}


@pytest.fixture
def explorer(events):
    widget = Explorer(events)
    widget._sent = []
    widget.send = lambda message, *_: message == {"type": "received"} or widget._sent.append(message)
    yield widget
    widget._latest.wait(20)
    widget.close()


def send(widget, **message):
    """Send what the page sends, and wait for the answer."""
    widget._receive(widget, message, [])
    for thread in (widget._latest, widget._typed, widget._paged):
        assert thread.wait(60)


def executed(widget):
    """Return the variables after the code that is shown has run."""
    variables: dict[str, object] = {"display": lambda *_: None}
    exec(widget.code, variables)
    return variables


@pytest.mark.once
@pytest.mark.parametrize("tab", ["difference", "fields", "group", "messages", "rows", "traces"])
@pytest.mark.parametrize("compare", ["rest", "time", "earlier"])
def test_the_code_of_every_tab_runs(explorer, tab, compare):
    send(explorer, type="group", field="cloud.region")
    send(explorer, type="compare", compare=compare)
    send(explorer, type="brush", brush=SLOW)
    send(explorer, type="tab", tab=tab)
    assert explorer._status["state"] == "idle", explorer._status
    assert explorer._panel["tab"] == tab
    found = executed(explorer)["found"]
    assert found.to_dict()["findings"] == explorer.explanation.to_dict()["findings"]
    assert len(json.dumps(explorer._panel)) < 60_000


def test_fields_show_what_the_call_returns_the_most_different_first(explorer):
    send(explorer, type="tab", tab="fields")
    assert "Draw a box" in explorer._panel["empty"]
    send(explorer, type="brush", brush=SLOW)
    panel = explorer._panel
    names = [field["name"] for field in panel["fields"]]
    assert set(names[:2]) == {"service.version", "cloud.region"}
    assert panel["fields"][0]["certain"]
    returned = executed(explorer)["fields"]
    assert [field.name for field in returned.fields] == names
    bar = next(bar for field in panel["fields"] for bar in field["bars"] if bar["text"] == "2.4.0")
    assert bar["selected"][0] > bar["selected"][1] > bar["baseline"][2]
    send(explorer, type="only", list="panel", row=bar["menu"], chip=0, version=panel["version"])
    assert explorer.state["steps"] == ["service.version = '2.4.0'"]


def test_rows_come_in_pages_sorted_and_of_the_selection(explorer):
    send(explorer, type="tab", tab="rows")
    panel = explorer._panel
    assert (panel["total"], panel["of"]) == (6000, "all events that are drawn")
    assert len(panel["page"]["rows"]) == PAGE
    assert panel["columns"][0] == {"name": "timestamp", "kind": "time"}
    send(explorer, type="sort", field="duration_ms")
    send(explorer, type="columns", columns=["name", "duration_ms", "cloud.region"])
    assert explorer.state["order"] == "duration_ms desc"
    send(explorer, type="page", offset=2 * PAGE, of=1)
    (message,) = explorer._sent
    page = message["page"]
    assert (message["of"], page["offset"], len(page["rows"])) == (1, 2 * PAGE, PAGE)
    variables = executed(explorer)
    base = variables["events"].where(variables["units"])
    wanted = base.rows(["name", "duration_ms", "cloud.region"], order="duration_ms desc", limit=3 * PAGE)
    regions = [row["cloud.region"] for row in wanted.to_arrow().to_pylist()][2 * PAGE :]
    assert [row["cells"][2] for row in page["rows"]] == regions
    at = next(at for at, region in enumerate(regions) if region is None)
    send(explorer, type="exclude", list="panel", row=3 * at + 2, chip=0, version=page["version"])
    assert explorer.state["steps"] == ["not (cloud.region is null)"]
    send(explorer, type="undo")
    send(explorer, type="brush", brush=SLOW)
    assert explorer._panel["of"] == "the selection"
    assert explorer._panel["total"] == len(explorer.events.where(explorer.selection).to_arrow(["name"])) - (
        explorer._state.until is not None
        and len(
            explorer.events.where(f"{explorer.selection} and timestamp >= '2026-05-04T10:58:59Z'").to_arrow(
                ["name"]
            )
        )
    ) - len(explorer.events.where(f"kind = 'internal' and {explorer.selection}").to_arrow(["name"]))


def test_menus_of_findings_still_work_after_scrolling_far(explorer):
    send(explorer, type="brush", brush=SLOW)
    version = explorer._found["version"]
    send(explorer, type="tab", tab="rows")
    for offset in range(0, 6000, PAGE):
        send(explorer, type="page", offset=offset, of=1)
    send(explorer, type="tab", tab="difference")
    assert explorer._found["version"] == version
    send(explorer, type="only", list="findings", row=0, chip=0, version=version)
    assert len(explorer.state["steps"]) == 1


def test_sorting_goes_down_then_up_then_back_and_ends_with_its_column(explorer):
    send(explorer, type="tab", tab="rows")
    orders = []
    for _ in range(3):
        send(explorer, type="sort", field="duration_ms")
        orders.append(explorer.state.get("order"))
    assert orders == ["duration_ms desc", "duration_ms", None]
    send(explorer, type="sort", field="duration_ms")
    send(explorer, type="columns", columns=["name"])
    assert "order" not in explorer.state


def test_groups_are_counted_with_errors_percentiles_and_a_line(explorer):
    send(explorer, type="tab", tab="group")
    assert explorer._panel["empty"]
    send(explorer, type="group", field="service.version")
    panel = explorer._panel
    rows = {row["value"]["text"]: row for row in panel["rows"]}
    assert set(rows) == {"2.3.2", "2.4.0"}
    assert sum(rows["2.4.0"]["spark"]) == int(rows["2.4.0"]["cells"][0].replace(",", ""))
    assert rows["2.4.0"]["spark"][0] == 0  # it was not there from the start
    titles = [line["title"] for line in explorer._strip["lines"]]
    assert titles[-2:] == ["events by service.version", "p99 by service.version"]
    send(explorer, type="ungroup")
    assert "by service.version" not in str(explorer._strip)


def test_traces_are_examples_of_both_sides_and_open_in_place(explorer):
    send(explorer, type="brush", brush=SLOW)
    send(explorer, type="tab", tab="traces")
    selected, baseline = explorer._panel["sides"]
    assert (selected["kind"], baseline["kind"]) == ("selected", "baseline")
    chosen = {row["trace"] for row in selected["rows"]}
    condition = f"{explorer.selection} and kind = 'server'"
    assert chosen <= set(explorer.events.where(condition).to_arrow(["trace_id"])["trace_id"].to_pylist())
    assert not chosen & {row["trace"] for row in baseline["rows"]}
    trace = selected["rows"][0]["trace"]
    send(explorer, type="trace", trace=trace)
    assert explorer._trace["id"] == trace
    assert explorer._trace_view["counts"]
    assert explorer._trace_cells
    send(explorer, type="waterfall", message={"type": "span", "row": 0, "asked": 1})
    assert explorer._trace_details["row"] == 0
    send(explorer, type="waterfall", message={"type": "span", "row": 9_999, "asked": 2})
    assert "row must be from 0 to" in explorer._trace_status["text"]
    assert executed(explorer)["trace"].trace_id == trace
    other = baseline["rows"][0]["trace"]
    send(explorer, type="trace", trace=trace, beside=other)
    assert explorer._trace == {"id": trace, "beside": other}
    assert executed(explorer)["trace"].beside.trace_id == other
    send(explorer, type="trace", trace=None)
    assert explorer._trace == {}
    send(explorer, type="trace", trace="f" * 32)
    assert explorer._status["state"] == "error"


def test_operations_are_picked_and_narrow_everything(explorer):
    explorer.wait(20)
    (choice,) = explorer._choices["operations"]
    assert choice["text"] == "booking GET /book"
    send(explorer, type="operation", condition=choice["condition"])
    assert explorer.state["operation"] == "service.name = 'booking' and name = 'GET /book'"
    send(explorer, type="operation", condition="")
    assert "operation" not in explorer.state


def test_time_is_typed_or_zoomed(explorer):
    send(explorer, type="time", text="-30m")
    assert explorer.state["window"] == "2026-05-04T10:29:59.400000Z/"
    assert explorer._view["about"] == "3,001 units of work"
    send(explorer, type="time", text="2026-05-04T10:30Z/2026-05-04T10:20Z")
    assert explorer._status["state"] == "error"
    assert "must end after it begins" in explorer._status["text"]
    send(explorer, type="time", text="")
    assert "window" not in explorer.state
    send(explorer, type="brush", brush={**SLOW, "x1": START + 2.4e9})
    send(explorer, type="zoom", **{"in": True})
    assert explorer.state["window"] == "2026-05-04T10:30:00Z/2026-05-04T10:40:00Z"
    assert explorer._view["about"] == "1,000 units of work"
    send(explorer, type="undo")
    assert explorer._view["about"] == "6,000 units of work"
    assert explorer.selection.startswith("timestamp >= '2026-05-04T10:30:00Z'")


def test_undo_redo_and_history_show_the_same_answer_again(explorer):
    send(explorer, type="brush", brush=SLOW)
    first = explorer._found
    send(explorer, type="filter", text="cloud.region = 'eu'")
    assert [step["text"] for step in explorer._asked["history"]][-1] == "+ cloud.region = 'eu'"
    second = explorer.explanation.to_dict()["findings"]
    send(explorer, type="undo")
    assert explorer._found["lists"] == first["lists"]
    assert explorer._asked["redo"]
    send(explorer, type="redo")
    assert explorer.explanation.to_dict()["findings"] == second
    send(explorer, type="go", at=0)
    assert explorer.state == {"x": "timestamp", "y": "duration_ms"}
    assert explorer._found == {}


def test_going_back_and_forth_asks_nothing_again(explorer, monkeypatch):
    send(explorer, type="group", field="service.version")
    send(explorer, type="brush", brush=SLOW)
    send(explorer, type="filter", text="cloud.region = 'eu'")
    after = explorer._found["lists"], explorer._panel["rows"], explorer._strip

    def fail(*_, **__):
        raise AssertionError("asked again")

    monkeypatch.setattr("obskit.explain.explain", fail)
    monkeypatch.setattr("obskit.explorer.answers.answer", fail)
    monkeypatch.setattr("obskit.explorer.answers.strip", fail)
    send(explorer, type="undo")
    assert explorer._status["state"] == "idle"
    send(explorer, type="redo")
    assert (explorer._found["lists"], explorer._panel["rows"], explorer._strip) == after
    send(explorer, type="filter", text="cloud.region is null")
    assert explorer._status["text"] == "AssertionError: asked again"  # and something new is asked


def test_typing_is_answered_and_a_wrong_condition_changes_nothing(explorer):
    send(explorer, type="complete", text="cloud.reg", at=9, asked=4)
    (message,) = explorer._sent
    assert message["asked"] == 4
    assert message["offers"][0]["insert"] == "cloud.region "
    assert message["error"] == "no field is called 'cloud.reg'"
    send(explorer, type="filter", text="cloud.reg = 'eu'")
    assert explorer._status["text"] == "no field is called 'cloud.reg'"
    assert "steps" not in explorer.state
    send(explorer, type="filter", text="cloud.region = 'eu'", step=None)
    send(explorer, type="filter", text="cloud.region = 'us'", step=0)
    assert explorer.state["steps"] == ["cloud.region = 'us'"]


def test_cancel_stops_and_the_next_click_asks_again(explorer):
    explorer._receive(explorer, {"type": "brush", "brush": SLOW}, [])
    explorer._receive(explorer, {"type": "cancel"}, [])
    assert explorer._latest.wait(20)
    assert explorer._status["state"] == "cancelled"
    assert explorer.explanation is None
    send(explorer, type="tab", tab="rows")
    assert explorer.explanation is not None
    assert explorer._status["state"] == "idle"


def test_what_is_sent_is_small(explorer):
    send(explorer, type="brush", brush=SLOW)
    names = ("_view", "_strip", "_asked", "_choices", "_found", "_panel", "_status", "_code")
    sizes = {name: len(json.dumps(getattr(explorer, name))) for name in names}
    assert sum(sizes.values()) + len(explorer._grid) < 150_000, sizes


def test_messages_are_counted_in_the_time_of_the_box(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    rows = [
        {
            "timestamp": f"2026-05-04T10:{n // 60:02d}:{n % 60:02d}Z",
            "severity_text": "ERROR" if n > 500 and n % 4 == 0 else "INFO",
            "body": f"no seat left on train {n}" if n > 500 and n % 4 == 0 else f"sold seat {n}",
        }
        for n in range(600)
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    widget = Explorer(load(path))
    send(widget, type="tab", tab="messages")
    table = widget._panel["rows"]
    assert [row["cells"] for row in table] == [["576"], ["24"]]
    begin = START + 500e6
    send(widget, type="brush", brush={"x0": begin, "x1": None, "y0": None, "y1": None})
    head, first = widget._panel["head"], widget._panel["rows"][0]
    assert head == ["message", "events", "in the box", "share in it", "share outside"]
    assert first["value"]["text"].startswith("no seat left")  # though the other is more frequent
    counts = {row["value"]["text"]: row["cells"][1] for row in widget._panel["rows"]}
    assert sorted(counts.values()) == ["24", "76"]
    send(
        widget,
        type="only",
        list="panel",
        row=first["value"]["menu"],
        chip=0,
        version=widget._panel["version"],
    )
    assert widget.state["steps"][0].startswith("log.record.template = ")
    widget.close()


def test_events_without_messages_traces_or_times_say_so(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    widget = Explorer(
        load(pa.table({"size": [1.0, 2.0, 3.0], "weight": [1.0, 2.0, 9.0]})), x="weight", y="size"
    )
    widget.wait(20)
    assert widget._strip == {}
    for tab in ("messages", "traces"):
        send(widget, type="tab", tab=tab)
        assert widget._panel["empty"]
    send(widget, type="time", text="-30m")
    assert widget._status["text"] == "the horizontal axis is weight, which is not a time"
    send(widget, type="tab", tab="rows")
    assert widget._panel["total"] == 3
    widget.close()
