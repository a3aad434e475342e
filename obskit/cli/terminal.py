"""What reaches a person's terminal: text without escape sequences, and progress for work that takes long.

Values come from whoever sent the events. None of them may move the cursor, colour the screen or turn the
direction of the text, so everything printed goes through `safe`.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import threading
import time
from types import TracebackType
from typing import Any, TextIO

from obskit.text import is_safe, safe


def fitted(text: str, width: int) -> str:
    """Return `text` with lines longer than `width` broken at spaces, the rest of a line set in below it.

    For a terminal only: what goes into a file or a pipe keeps its lines whole. Tables fit already.
    """
    lines = []
    for line in text.split("\n"):
        if len(line) <= width:
            lines.append(line)
            continue
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line,
            max(width, 20),
            subsequent_indent=indent + "  ",
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
        )
    return "\n".join(lines)


def write(text: str, stream: TextIO | None = None) -> None:
    """Print a text that may hold values from data; what the encoding lacks is escaped."""
    stream = stream or sys.stdout
    text = safe(text, lines=True).rstrip("\n") + "\n"
    if stream.isatty():
        text = fitted(text, shutil.get_terminal_size().columns)
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def write_json(value: Any, stream: TextIO | None = None) -> None:
    """Print one JSON document; letters stay as they are, control characters stay JSON escapes.

    Raises:
        ValueError: `value` holds NaN or an infinity, which are no JSON.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    stream = stream or sys.stdout
    encoding = stream.encoding or "utf-8"
    if not text.replace("\n", "").isprintable():
        text = "".join(c if c == "\n" or is_safe(c) else json.dumps(c)[1:-1] for c in text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = json.dumps(value, allow_nan=False, indent=2)
    stream.write(text + "\n")


class Progress:
    """A line on stderr while work takes longer than a second; nothing where stderr is no terminal.

    A context manager, which the rooms call as `progress(what, done, total)`. The line is written by a thread
    of its own, so that it lives through long steps; it is cleared on the way out, also for an error.

    Args:
        stream: where to write, stderr if None.
        delay: seconds of silence at the start.
        every: seconds between two writes.
    """

    def __init__(self, stream: TextIO | None = None, delay: float = 1.0, every: float = 0.2) -> None:
        self._stream = stream or sys.stderr
        self._delay, self._every = delay, every
        self._state: tuple[str, int, int] = ("working", 0, 0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True) if self._stream.isatty() else None

    def __call__(self, what: str, done: int = 0, total: int = 0) -> None:
        """Say what is being done, and how many of how many steps are; a total of 0 is unknown."""
        self._state = (what, done, total)

    def _write(self) -> None:
        begun = time.monotonic()
        wait, width = self._delay, 0
        while not self._over.wait(wait):
            what, done, total = self._state
            share = f"  {done / total:.0%}" if total else ""
            line = f"{safe(what)[:50]}{share}  {time.monotonic() - begun:.0f} s"
            self._stream.write("\r" + line.ljust(width))
            self._stream.flush()
            wait, width = self._every, len(line)
        if width:
            self._stream.write("\r" + " " * width + "\r")
            self._stream.flush()

    def __enter__(self) -> Progress:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the line, so that an answer or an error stands alone."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
