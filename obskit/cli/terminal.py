"""What reaches a person's terminal: text without escape sequences, and progress for work that takes long.

Values come from whoever sent the events. None of them may move the cursor, colour the screen or turn the
direction of the text, so everything printed goes through `safe`.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from types import TracebackType
from typing import Any, TextIO

# C0 but tab and newline, DEL and C1 (0x9b starts a sequence by itself), marks that turn the direction of
# text, separators that some terminals take for a newline, and half pairs, which no encoding can write.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _escaped_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


def safe(text: str) -> str:
    """Return `text` with control characters written as `\\x1b` and the like; tab and newline stay."""
    return _UNSAFE.sub(_escaped, text)


def write(text: str, stream: TextIO | None = None) -> None:
    """Print a text that may hold values from data; what the encoding lacks is escaped."""
    stream = stream or sys.stdout
    text = safe(text).rstrip("\n") + "\n"
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
    text = _UNSAFE.sub(_escaped_json, text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = json.dumps(value, allow_nan=False, indent=2)
    stream.write(text + "\n")


class Progress:
    """A line on stderr while work takes longer than a second; nothing where stderr is no terminal.

    The rooms call it as `progress(text, done)` with done in [0, 1] or None where the end is not known.
    Used as a context manager, it clears its line on the way out, also for an error.

    Args:
        stream: where to write, stderr if None.
        delay: seconds of silence at the start.
    """

    def __init__(self, stream: TextIO | None = None, delay: float = 1.0) -> None:
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._started = time.monotonic()
        self._delay = delay
        self._last = 0.0
        self._width = 0
        self._lock = threading.Lock()

    def __call__(self, text: str, done: float | None = None) -> None:
        """Say what is being done and, where known, which share of it is done."""
        if not self._shown:
            return
        now = time.monotonic()
        with self._lock:
            if now - self._started < self._delay or now - self._last < 0.1:
                return
            self._last = now
            line = safe(f"{text} {done:4.0%}" if done is not None else text).replace("\n", " ")[:78]
            self._stream.write("\r" + line.ljust(self._width))
            self._stream.flush()
            self._width = len(line)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the line, so that an answer or an error stands alone."""
        with self._lock:
            if self._width:
                self._stream.write("\r" + " " * self._width + "\r")
                self._stream.flush()
                self._width = 0
