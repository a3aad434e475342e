"""Nothing in the data moves the cursor, and only a terminal shows progress."""

from __future__ import annotations

import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.cli.terminal import Progress, write, write_json
from obskit.text import safe


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Latin(io.StringIO):
    encoding = "latin-1"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb", "a\\rb"),
        ("no\u00a0break\u2007space", "no\u00a0break\u2007space"),
        ("hid\u200bden", "hid\\u200bden"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("tab\tand\nnewline", "tab\tand\nnewline"),
        ("Zürich 東京 🚆", "Zürich 東京 🚆"),
        ("half \ud800 a pair", "half \\ud800 a pair"),
    ],
)
def test_control_characters_are_shown_not_sent(value: str, shown: str) -> None:
    assert safe(value, lines=True) == shown


@given(st.text())
def test_whatever_the_text_no_control_character_is_left(value: str) -> None:
    stream = Screen()
    write(value, stream)
    left = {c for c in stream.getvalue() if (ord(c) < 32 or 127 <= ord(c) < 160) and c not in "\t\n"}
    assert left == set()


def test_long_lines_are_broken_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    stream = Screen()
    write("short\n    the same rows: pod-a, pod-b-with-a-long-name, pod-c", stream)
    assert stream.getvalue() == (
        "short\n    the same rows: pod-a,\n      pod-b-with-a-long-name,\n      pod-c\n"
    )
    file = io.StringIO()
    write("a line of more characters than thirty", file)
    assert file.getvalue() == "a line of more characters than thirty\n"


@given(st.recursive(st.text() | st.none() | st.integers(), lambda inner: st.lists(inner), max_leaves=5))
def test_json_reads_back_as_it_was(value: object) -> None:
    stream = Screen()
    write_json({"rows": value}, stream)
    assert json.loads(stream.getvalue()) == {"rows": value}
    assert "\x1b" not in stream.getvalue()
    assert "\x9b" not in stream.getvalue()


def test_what_an_encoding_lacks_is_escaped() -> None:
    stream = Latin()
    write("Zürich 東京", stream)
    assert stream.getvalue() == "Zürich \\u6771\\u4eac\n"
    stream = Latin()
    write_json("東京", stream)
    assert json.loads(stream.getvalue()) == "東京"


def test_nan_is_not_json() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(float("nan"), Screen())


def test_progress_is_shown_on_a_terminal_and_cleared() -> None:
    stream = Screen()
    with Progress(stream, delay=0.0, every=0.01) as progress:
        progress("reading \x1b[2J", 1, 4)
        while "25%" not in stream.getvalue():
            time.sleep(0.01)
    lines = stream.getvalue().split("\r")
    assert "reading \\x1b[2J  25%  0 s" in lines
    assert lines[-2:] == [" " * len(lines[-3]), ""]


def test_progress_is_silent_for_short_work_and_off_a_terminal() -> None:
    for stream, delay in ((Screen(), 60.0), (io.StringIO(), 0.0)):
        with Progress(stream, delay=delay, every=0.01) as progress:
            progress("reading", 1, 2)
            time.sleep(0.05)
        assert stream.getvalue() == ""


def test_progress_clears_its_line_for_an_error() -> None:
    stream = Screen()

    def interrupted() -> None:
        with Progress(stream, delay=0.0, every=0.01):
            while not stream.getvalue():
                time.sleep(0.01)
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert stream.getvalue().endswith(" \r")
