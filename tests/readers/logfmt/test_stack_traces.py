"""Stack traces after a line of logfmt belong to its record; other lines are rejected with their position."""

import pytest

from obskit.readers.logfmt import reader as module
from tests.readers.app_log.rows import rows_of

FIRST = "time=2026-05-04T10:00:00Z level=error msg=boom\n"
NEXT = "time=2026-05-04T10:00:01Z level=info msg=next\n"
TRACES = {
    "Go": ("goroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d", None, None),
    "Go, panic": (
        "panic: no card\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d",
        "panic",
        "no card",
    ),
    "Python": (
        'Traceback (most recent call last):\n  File "/pay.py", line 12, in pay\n    charge(card=1)\nValueError: a=b',
        "ValueError",
        "a=b",
    ),
    "Java": (
        "java.io.IOException: reset\n\tat shop.Pay.run(Pay.java:7)\n\t... 12 more",
        "java.io.IOException",
        "reset",
    ),
    "Node.js": ("TypeError: x=1 is bad\n    at pay (/app/pay.js:3:9)", "TypeError", "x=1 is bad"),
    ".NET": (
        "System.Exception: no card\n   at Shop.Pay.Run() in /Pay.cs:line 3",
        "System.Exception",
        "no card",
    ),
    "Ruby": (
        "pay.rb:3:in `pay': no card (ArgumentError)\n\tfrom cart.rb:7:in `<main>'",
        "ArgumentError",
        "no card",
    ),
}


@pytest.mark.parametrize(("trace", "kind", "message"), TRACES.values(), ids=TRACES)
@pytest.mark.parametrize("block", [1024 * 1024, 60])
@pytest.mark.parametrize("after", ["", NEXT, NEXT * 3])
def test_a_stack_trace_belongs_to_the_record_before_it(
    trace, kind, message, block, after, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "BLOCK", block)
    loaded = rows_of(tmp_path, f"{NEXT}{FIRST}{trace}\n{after}")
    assert loaded.rejected == []
    assert [row["body"] for row in loaded.rows] == ["next", "boom", *["next"] * after.count("\n")]
    wanted = {"exception.type": kind, "exception.message": message, "exception.stacktrace": trace}
    first = loaded.rows[1]
    assert {name: value for name, value in first.items() if name.startswith("exception")} == {
        name: value for name, value in wanted.items() if value is not None
    }
    assert first["timestamp"] == "2026-05-04T10:00:00Z"
    assert not any("exception.stacktrace" in row for row in [loaded.rows[0], *loaded.rows[2:]])


@pytest.mark.parametrize("block", [1024 * 1024, 60])
def test_other_lines_are_rejected(block, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    text = f"stray line\n{FIRST}no pairs here\nnor here\n{NEXT}\nlast one\n"
    loaded = rows_of(tmp_path, text)
    assert [row["body"] for row in loaded.rows] == ["boom", "next"]
    assert loaded.rejected == [
        (f"line {line}, byte {text.index(words)}", "not key=value pairs")
        for line, words in ((1, "stray"), (3, "no pairs"), (4, "nor"), (7, "last"))
    ]


def test_a_trace_before_the_first_record_is_rejected(tmp_path):
    loaded = rows_of(tmp_path, f"panic: no card\ngoroutine 1 [running]:\n{FIRST}{NEXT}")
    assert len(loaded.rows) == 2
    assert [position for position, _ in loaded.rejected] == ["line 1, byte 0", "line 2, byte 15"]


def test_a_trace_of_its_own_stays_and_the_lines_are_added(tmp_path):
    text = f'{FIRST[:-1]} exception.stacktrace="own"\nError: x\n    at f (/a.js:1:1)\n{NEXT}'
    loaded = rows_of(tmp_path, text)
    assert loaded.rows[0]["exception.stacktrace"] == "own\nError: x\n    at f (/a.js:1:1)"


def test_bytes_that_are_not_utf_8_do_not_move_rejections(tmp_path):
    data = b"level=info msg=\xff\xfe\nno pairs \xff\nlevel=info msg=b\nError: \xe9\n    at f (/a.js:1:1)\nlevel=info msg=c\nno\n"
    loaded = rows_of(tmp_path, data)
    assert [row["body"] for row in loaded.rows] == ["\\xff\\xfe", "b", "c"]
    assert loaded.rows[1]["exception.message"] == "\\xe9"
    assert loaded.rejected == [
        ("line 2, byte 18", "not key=value pairs"),
        (f"line 7, byte {len(data) - 3}", "not key=value pairs"),
    ]


def test_traces_of_pods_that_write_at_the_same_time_are_not_mixed_up(tmp_path):
    lines = [
        (pod, line)
        for line in (FIRST + "panic: no card 7\ngoroutine 1 [running]:\nmain.main()\n" + NEXT).splitlines()
        for pod in "ab"
    ]
    text = "".join(f"[pod/shop-{pod}/app] {line}\n" for pod, line in lines)
    loaded = rows_of(tmp_path, text)
    assert loaded.rejected == []
    assert [(row["k8s.pod.name"], row["body"], row.get("exception.message")) for row in loaded.rows] == [
        ("shop-a", "boom", "no card 7"),
        ("shop-a", "next", None),
        ("shop-b", "boom", "no card 7"),
        ("shop-b", "next", None),
    ]
