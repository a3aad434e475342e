"""The command `probe`: make requests, and record the phases of each as an event."""

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
_INTERVAL = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|m|h)", re.IGNORECASE)


def interval_seconds(text: str) -> float:
    """Return the seconds of an interval such as `10s` or `1.5m`.

    Args:
        text: a number and ms, s, m, min or h.

    Returns:
        The interval in seconds.

    Raises:
        InvalidArgument: the text is not an interval.
    """
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise InvalidArgument(f"--every must be an interval, got {text!r}", hint="--every 10s, 500ms or 1m")
    return float(found[1]) * _SECONDS[found[2].lower()]


def probe(arguments: argparse.Namespace) -> None:
    """Probe the URLs, and print the events or write them into a folder.

    Without a folder, a terminal gets one readable line per request, and a pipe gets JSON lines. Ctrl-C and
    SIGTERM end it as the last request does.

    Args:
        arguments: the command's arguments.

    Raises:
        InvalidArgument: a URL or the interval is not valid.
    """
    urls = check_urls(arguments.urls)
    every = interval_seconds(arguments.every) if arguments.every else 1.0
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
    # In a pipe without a folder, stdout holds nothing but events.
    write(end, sys.stdout if terminal or file is not None else sys.stderr)
