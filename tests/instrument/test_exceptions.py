"""What an event says about the exception that left it, and how much work that is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry import trace

from obskit.instrument import Handle, event
from obskit.instrument.exceptions import CHAINED, FRAMES, FRAMES_VISITED, exception_fields

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
LONGEST = 30_000
"""Characters of a stack trace whose messages and lines are short."""


def nested(levels: int) -> None:
    if levels == 0:
        raise LookupError("at the bottom")
    with event(f"level {levels}"):
        nested(levels - 1)


def calls_of(work: Callable[[], Any]) -> int:
    """Return how many calls of Python and C functions some work makes."""
    count = 0

    def profile(_frame: Any, what: str, _argument: Any) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    except LookupError:
        return count
    finally:
        sys.setprofile(None)
    raise AssertionError("no exception left the events")


def test_work_grows_with_the_number_of_nested_events_not_with_its_square(
    service: Service, rows: Rows
) -> None:
    service(sink=None)
    calls_of(lambda: nested(100))  # fills the caches
    few, many = calls_of(lambda: nested(100)), calls_of(lambda: nested(400))
    assert many < 5 * few


def test_each_nested_event_has_a_stack_trace_of_its_own(service: Service, rows: Rows) -> None:
    """From the event's own block to the line that raised; the innermost frames where there are too many.

    level 200 ── level 199 ── ... ── level 2 ── level 1 ── raise
    """
    service()
    with pytest.raises(LookupError):
        nested(200)
    found = {row["name"]: row for row in rows()}
    assert len(found) == 200
    for level in (1, 2, 49, 50, 200):
        row = found[f"level {level}"]
        stack = row["exception.stacktrace"]
        assert (row["error.type"], row["exception.type"]) == ("LookupError", "LookupError")
        assert row["exception.message"] == row["status_message"] == "at the bottom"
        assert stack.startswith("Traceback (most recent call last):\n")
        assert stack.endswith("LookupError: at the bottom\n")
        assert 'raise LookupError("at the bottom")' in stack
        frames = level + 1  # of each event's block, and of the line that raised
        left_out = f"[{frames - FRAMES:,} outer frames are left out]"
        assert (left_out in stack) == (frames > FRAMES)
        assert len(stack) < LONGEST


def test_frames_that_repeat_are_counted() -> None:
    try:
        nested(20)
    except LookupError as error:
        stack = exception_fields(error)["exception.stacktrace"]
    assert stack.count("nested(levels - 1)") == 3
    assert "[Previous line repeated 17 more times]" in stack


def chained(length: int, explicit: bool) -> BaseException:
    error: BaseException = ValueError("number 0")
    for number in range(1, length):
        following = KeyError(f"number {number}")
        if explicit:
            following.__cause__ = error
        else:
            following.__context__ = error
        error = following
    return error


@pytest.mark.parametrize("explicit", [True, False])
def test_long_chains_are_bounded(explicit: bool) -> None:
    stack = exception_fields(chained(5_000, explicit))["exception.stacktrace"]
    assert stack.endswith("KeyError: 'number 4999'\n")
    assert stack.startswith("[earlier exceptions of the chain are left out]")
    assert stack.count("KeyError") == CHAINED + 1
    short = exception_fields(chained(3, explicit))["exception.stacktrace"]
    assert short.startswith("ValueError: number 0\n")
    assert "left out" not in short


def test_a_chain_that_ends_in_itself_is_written_once() -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    stack = exception_fields(first)["exception.stacktrace"]
    assert (stack.count("first"), stack.count("second")) == (1, 1)


def test_a_context_that_was_suppressed_is_not_written() -> None:
    error = KeyError("outer")
    error.__context__, error.__suppress_context__ = ValueError("inner"), True
    assert "inner" not in exception_fields(error)["exception.stacktrace"]


def test_large_groups_are_bounded() -> None:
    members = [ValueError(f"member {number}") for number in range(5_000)]
    group = ExceptionGroup("many", [ExceptionGroup("inner", members[:2]), *members[2:]])
    stack = exception_fields(group)["exception.stacktrace"]
    assert "ExceptionGroup: many (4999 sub-exceptions)\n" in stack
    assert "ValueError: member 0\n" in stack
    assert stack.count("ValueError") == CHAINED - 1  # and the inner group
    assert stack.endswith("[more exceptions of the group are left out]\n")


def test_an_exception_that_is_raised_again_and_again_has_a_bounded_trace() -> None:
    """Each time adds frames at the outer end of its traceback."""
    error = ValueError("one object")
    for _ in range(FRAMES_VISITED + 5):
        try:
            raise error
        except ValueError:
            pass
    calls = calls_of(lambda: (exception_fields(error), (_ for _ in ()).throw(LookupError())))
    assert calls < 4 * FRAMES_VISITED
    stack = exception_fields(error)["exception.stacktrace"]
    assert f"[the frames below the outermost {FRAMES_VISITED:,} are left out]" in stack


class RaisingTextError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class RaisingAttributesError(Exception):
    @property
    def __notes__(self) -> list[str]:
        raise RuntimeError("no notes")

    @property
    def __traceback__(self) -> Any:
        raise RuntimeError("no traceback")

    @property
    def __cause__(self) -> Any:
        raise RuntimeError("no cause")

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


class HugeTextError(Exception):
    asked = 0

    def __str__(self) -> str:
        type(self).asked += 1
        return "word " * 1_000_000


@pytest.mark.parametrize("kind", [RaisingTextError, RaisingAttributesError, HugeTextError])
def test_an_exception_whose_methods_are_odd_is_recorded(
    kind: type[Exception], service: Service, rows: Rows
) -> None:
    service()
    with suppress(kind), event("book"):  # pytest.raises reads attributes
        raise kind
    with suppress(kind), trace.get_tracer("host").start_as_current_span("work"):
        raise kind
    found = rows()
    assert sorted(row["name"] for row in found) == ["book", "work"]
    for row in found:
        assert row["exception.type"] == row["error.type"] == f"{__name__}.{kind.__name__}"
        assert row["status_code"] == "ERROR"
        assert "raise kind" in row["exception.stacktrace"]


def test_an_exceptions_text_is_made_once_per_event(service: Service, rows: Rows) -> None:
    """It may be slow, and large: the stack trace has the beginning of it."""
    service()
    HugeTextError.asked = 0
    with pytest.raises(HugeTextError), event("book"):
        raise HugeTextError
    assert HugeTextError.asked == 1
    (row,) = rows()
    assert row["exception.stacktrace"].endswith("word … (5,000,000 characters)\n")
    assert len(row["exception.message"]) == 16_384


def test_notes_are_written() -> None:
    error = ValueError("wrong")
    error.add_note("in row 7")
    assert exception_fields(error)["exception.stacktrace"] == "ValueError: wrong\nin row 7\n"


def test_a_cut_message_keeps_no_part_of_a_word() -> None:
    """Half a token would not be recognized as a secret."""
    stack = exception_fields(ValueError("x" * 1_990 + " " + "s3cret" * 500))["exception.stacktrace"]
    assert "s3cret" not in stack
    assert "x" * 1_990 in stack


def test_a_syntax_error_has_its_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("a = = 1", "rules.txt", "exec")
    assert "a = = 1" in exception_fields(caught.value)["exception.stacktrace"]
