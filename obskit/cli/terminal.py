"""Output to a terminal: safe text, JSON, and a progress line for long work.

Values come from whoever sent the events, and could hold escape sequences. Everything printed goes through
`safe`.
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
    """Return text with long lines wrapped at spaces and indented below; for a terminal only.

    Args:
        text: several lines.
        width: columns of the terminal.

    Returns:
        The wrapped text.
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
    """Print text that may hold values from data; characters outside the stream's encoding are escaped."""
    stream = stream or sys.stdout
    text = safe(text, lines=True).rstrip("\n") + "\n"
    if stream.isatty():
        text = fitted(text, shutil.get_terminal_size().columns)
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def write_json(value: Any, stream: TextIO | None = None) -> None:
    """Print one JSON document: letters as they are, control characters as JSON escapes.

    Args:
        value: values that JSON can hold.
        stream: where to print; stdout by default.

    Raises:
        ValueError: the value holds NaN or an infinity.
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
    """A progress line on stderr for work longer than a second; nothing if stderr is not a terminal.

    A context manager that verbs call as `progress(what, done, total)`. A thread writes the line, so that it
    moves during long steps. Leaving the context clears it.

    Args:
        stream: where to write; stderr by default.
        delay: seconds before the line appears.
        every: seconds between updates.
    """

    def __init__(self, stream: TextIO | None = None, delay: float = 1.0, every: float = 0.2) -> None:
        self._stream = stream or sys.stderr
        self._delay, self._every = delay, every
        self._state: tuple[str, int, int] = ("working", 0, 0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True) if self._stream.isatty() else None

    def __call__(self, what: str, done: int = 0, total: int = 0) -> None:
        """Report what is being done, and how many steps of how many are done; a total of 0 means unknown."""
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
        """Clear the line before a result or an error is printed."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
