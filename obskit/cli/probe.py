"""The command `probe`: requests, their phases as events."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from obskit.cli.terminal import write
from obskit.errors import InvalidArgument
from obskit.probe import EventFile, check_urls, format_probe, format_summary, watch
from obskit.probe.event_file import json_line
from obskit.text import pluralize

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_STRETCH = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|m|h)", re.IGNORECASE)


def stretch(text: str) -> float:
    """Return a stretch of time such as `10s` or `1.5m` in seconds.

    Raises:
        InvalidArgument: it is none.
    """
    found = _STRETCH.fullmatch(text)
    if found is None:
        raise InvalidArgument(f"--every {text!r} is no stretch of time", hint="--every 10s, 500ms, 1m")
    return float(found[1]) * _SECONDS[found[2].lower()]


def probe(arguments: argparse.Namespace) -> None:
    """Probe the URLs, and write the events into a folder or print them.

    Events go to stdout as JSON lines unless that is a terminal, which gets a line for a person, or there is
    a folder for them. Ctrl-C and SIGTERM end it as if all had been asked.

    Raises:
        InvalidArgument: no such URL, or no such stretch of time.
    """
    urls = check_urls(arguments.urls)
    every = stretch(arguments.every) if arguments.every else 1.0
    count = arguments.count or (None if arguments.every else 1)
    stopped = threading.Event()
    terminal = sys.stdout.isatty()
    with ExitStack() as stack:
        file = stack.enter_context(EventFile(Path(arguments.into))) if arguments.into else None

        def emit(event: dict[str, Any]) -> None:
            if file is not None:
                file.write(event)
            if terminal:
                write(format_probe(event))
            elif file is None:
                sys.stdout.write(json_line(event).decode())
            sys.stdout.flush()

        before = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        stack.callback(signal.signal, signal.SIGTERM, before)
        tally = watch(urls, emit, every=every, count=count, stopped=stopped)
    end = f"{format_summary(tally)}\n"
    if file is not None and tally.requests:
        end += f"{pluralize(tally.requests, 'event')} in {file.path}\n"
    # Off a terminal and without a folder, stdout holds events alone.
    write(end, sys.stdout if terminal or file is not None else sys.stderr)
