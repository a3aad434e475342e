"""Following: new events are shown, the question stays, errors are shown."""

from __future__ import annotations

import gc
import json
import shutil
import threading
import time
import weakref

import pytest

from obskit.errors import InvalidArgument
from obskit.events import load
from obskit.explorer import Explorer
from obskit.explorer import follower as following
from obskit.explorer.follower import RepeatingThread, parse_interval

START = 1_777_888_800  # 2026-05-04T10:00Z


def write(folder, name, first, count):
    folder.mkdir(exist_ok=True)
    rows = [
        {
            "timestamp": START + number,
            "duration_ms": 900.0 if number % 10 == 0 else 20.0 + number % 7,
            "kind": "server",
            "name": "GET /",
            "service.version": "2" if number % 10 == 0 else "1",
        }
        for number in range(first, first + count)
    ]
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def until(condition, limit=60.0):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "events", "a.jsonl", 0, 300)
    return tmp_path / "events"


@pytest.fixture
def explorer(folder):
    widget = Explorer(load(folder))
    yield widget
    widget.follow(None)
    widget._latest.wait(20)
    widget.close()


def test_new_events_are_shown_and_the_question_stays(explorer, folder):
    """A box and a narrowing, then a second file: the same box holds more, and the hatched stretch moves on."""
    explorer._receive(explorer, {"type": "axis", "y": "duration_ms"}, [])
    explorer.brush(y=(500, None))
    assert explorer.explanation.selection["events"] == 24  # the newest minute is left out
    hatched = explorer._view["incomplete_from"]
    explorer.follow("200ms")
    until(lambda: explorer._following["text"] == "300 events, newest at 10:04:59 UTC")
    write(folder, "b.jsonl", 300, 300)
    until(lambda: explorer._following["text"] == "600 events, newest at 10:09:59 UTC")
    until(lambda: explorer._view["about"] == "600 units of work")
    until(lambda: explorer.explanation.selection["events"] == 54)
    assert explorer._asked["brush"] == {"x0": None, "x1": None, "y0": 500.0, "y1": None}
    assert explorer.selection == "duration_ms >= 500"
    assert explorer._view["incomplete_from"] == hatched + 300e6
    assert explorer.events.dataset.rows == 600
    assert explorer._following["error"] == ""


def test_nothing_is_loaded_while_a_question_is_answered(explorer, folder, monkeypatch):
    """While a question is answered nothing is taken in; afterwards it is."""
    release, begun = threading.Event(), threading.Event()

    def slow(_):
        begun.set()
        release.wait(20)

    explorer._latest.submit(slow)
    assert begun.wait(20)
    write(folder, "b.jsonl", 300, 300)
    explorer.follow("200ms")
    until(lambda: explorer._following["text"].startswith("600 events"))
    assert explorer._session.base.dataset.rows == 300
    release.set()
    until(lambda: explorer._view["about"] == "600 units of work")


def test_an_error_is_shown_and_the_next_load_tries_again(explorer, folder):
    away = folder.with_name("away")
    explorer.brush(y=(500, None))
    found = explorer.explanation
    explorer.follow("200ms")
    folder.rename(away)
    until(lambda: explorer._following["error"])
    assert explorer._following["error"].startswith(f"{folder} does not exist\nHint: ")
    assert explorer.explanation is found
    assert explorer.wait() is found  # an error of loading is not an answer to the question
    away.rename(folder)
    until(lambda: explorer._following["error"] == "")
    shutil.rmtree(folder)


def test_an_unexpected_error_is_shown_with_its_type(explorer, monkeypatch):
    def fail():
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(type(explorer._session.base), "refresh", lambda _: fail())
    explorer.follow(0.2)
    until(lambda: explorer._following["error"] == "ZeroDivisionError: of ours")


def test_following_ends_with_the_widget(folder):
    widget = Explorer(load(folder), follow="200ms")
    thread = widget._follower.thread
    widget.close()
    assert thread.join(20)
    assert widget._follower.thread is None


def test_the_page_turns_it_on_and_off(explorer):
    explorer._receive(explorer, {"type": "follow", "on": True}, [])
    assert explorer._following == {"every": 5.0, "text": "", "error": ""}
    first = explorer._follower.thread
    explorer._receive(explorer, {"type": "follow", "on": True}, [])
    assert first.join(20)  # one at a time
    last = explorer._follower.thread
    explorer._receive(explorer, {"type": "follow", "on": False}, [])
    assert explorer._following == {}
    assert last.join(20)


class Looking:
    def __init__(self):
        self.count = 0

    def look(self):
        self.count += 1


def test_the_thread_waits_while_no_page_shows_it(monkeypatch):
    monkeypatch.setattr(following, "UNSEEN", 0.1)
    looking = Looking()
    follower = RepeatingThread(looking.look, 0.2)
    time.sleep(0.4)
    assert looking.count == 0
    follower.seen()
    until(lambda: looking.count == 1, 20)
    follower.stop()
    assert follower.join(20)


def test_the_thread_does_not_keep_its_object_alive():
    looking = Looking()
    gone = weakref.ref(looking)
    follower = RepeatingThread(looking.look, 30.0)
    del looking
    gc.collect()
    assert gone() is None
    assert follower.join(20)


@pytest.mark.parametrize(
    ("given", "wanted"), [("5s", 5.0), ("200 ms", 0.2), ("1m", 60.0), (2, 2.0), (0.5, 0.5), (True, 5.0)]
)
def test_an_interval_is_read_in_seconds(given, wanted):
    assert parse_interval(given) == wanted


@pytest.mark.parametrize("given", ["", "5", "-1s", "soon", 0, -1, 0.1, False, "100000s", float("nan")])
def test_what_is_not_an_interval_is_rejected(given):
    with pytest.raises(InvalidArgument) as caught:
        parse_interval(given)
    assert str(caught.value) == (
        f"follow must be an interval from 200 ms up to a day, got {given!r}\n"
        'Hint: give text such as follow="5s", or a number of seconds'
    )


def test_events_that_were_replaced_leave_no_copies_in_the_cache(explorer, folder):
    """The events loaded first are still open elsewhere and stay; of the others only the last ones do."""
    first = explorer._session.base
    explorer.follow("200ms")
    for number in range(1, 4):
        write(folder, f"{number}.jsonl", 300 * number, 300)
        wanted = f"{300 * (number + 1):,} units of work"
        until(lambda wanted=wanted: explorer._view["about"] == wanted)
    until(lambda: explorer._latest.wait(1))
    gc.collect()
    write(folder, "last.jsonl", 5000, 1)
    until(lambda: explorer._view["about"] == "1,201 units of work")
    until(lambda: explorer._latest.wait(1))
    assert first.dataset.path.is_dir()
    assert explorer._session.base.dataset.path.is_dir()
    assert len(explorer._replaced) <= 2
