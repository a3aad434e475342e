"""Probe URLs repeatedly, each on its own schedule, so that a slow one does not delay the others."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from obskit.errors import InvalidArgument
from obskit.probe.request import Limits, probe
from obskit.probe.secrets import without_secrets

MOST_URLS = 100
LEAST_SECONDS = 0.1
_ODD = re.compile(r"[\x00-\x20\x7f]")


@dataclass
class Tally:
    """Counts per URL (secrets masked): durations in ms of successful requests, statuses, and errors."""

    answered: dict[str, list[float]] = field(default_factory=dict)
    statuses: dict[str, dict[int, int]] = field(default_factory=dict)
    failed: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return sum(map(len, self.answered.values())) + sum(sum(f.values()) for f in self.failed.values())

    def add(self, event: dict[str, Any]) -> None:
        """Count an event."""
        url = event["url.full"]
        if why := event.get("error.type"):
            reasons = self.failed.setdefault(url, {})
            reasons[why] = reasons.get(why, 0) + 1
        else:
            self.answered.setdefault(url, []).append(event["duration_ms"])
            statuses = self.statuses.setdefault(url, {})
            status = event.get("http.response.status_code", 0)
            statuses[status] = statuses.get(status, 0) + 1


def check_urls(urls: Iterable[str]) -> list[str]:
    """Validate URLs.

    Args:
        urls: http or https.

    Returns:
        The URLs in order, without duplicates.

    Raises:
        InvalidArgument: one is not an http or https URL, or there are more than `MOST_URLS`.
    """
    found = list(dict.fromkeys(urls))
    for url in found:
        shown = without_secrets(url).encode("utf-8", "replace").decode()
        try:
            url.encode()
            parts = urlsplit(url)
            host, _port = parts.hostname, parts.port
        except ValueError as error:
            raise InvalidArgument(
                f"{shown} is not a URL: {error}", hint="use a URL such as https://example.com/health"
            ) from None
        if parts.scheme.lower() not in ("http", "https"):
            raise InvalidArgument(
                f"{shown} is not an http or https URL", hint="use a URL such as https://example.com/health"
            )
        if not host or _ODD.search(url):
            raise InvalidArgument(
                f"{shown} is not a URL: it has {'a space or control character' if host else 'no host'}",
                hint="use a URL such as https://example.com/health",
            )
    if len(found) > MOST_URLS:
        raise InvalidArgument(
            f"at most {MOST_URLS} URLs can be probed at once, got {len(found)}", hint="start several probes"
        )
    return found


def watch(
    urls: Iterable[str],
    emit: Callable[[dict[str, Any]], None],
    *,
    every: float = 1.0,
    count: int | None = 1,
    limits: Limits | None = None,
    stopped: threading.Event | None = None,
) -> Tally:
    """Probe each URL `count` times, or until interrupted or stopped.

    Args:
        urls: http or https.
        emit: called with each event, from other threads, one call at a time.
        every: seconds between the starts of two requests of the same URL. Starts that were missed because a
            request took longer are skipped.
        count: requests per URL; None for no limit.
        limits: limits of each request.
        stopped: setting it ends all requests, as Ctrl-C does.

    Returns:
        The counts. A request that was aborted at the end is not counted and was not emitted.

    Raises:
        InvalidArgument: a URL is not valid, or `every` is less than 0.1 s.
        OSError: `emit` raised it; all requests end.
    """
    wanted = check_urls(urls)
    if every < LEAST_SECONDS:
        raise InvalidArgument(
            f"the interval must be at least {LEAST_SECONDS:g} s, got {every:g} s",
            hint="choose a longer interval",
        )
    stop = stopped or threading.Event()
    tally, one_at_a_time = Tally(), threading.Lock()

    def ask(url: str) -> None:
        begun, asked = time.monotonic(), 0
        while not stop.is_set() and (count is None or asked < count):
            event = probe(url, limits, stop)
            if stop.is_set() and event.get("error.type") == "AbortedByCallback":
                return
            with one_at_a_time:
                emit(event)
                tally.add(event)
            asked += 1
            if count is None or asked < count:
                passed = time.monotonic() - begun
                stop.wait(begun + (passed // every + 1) * every - time.monotonic())

    with ThreadPoolExecutor(max(len(wanted), 1), thread_name_prefix="obskit-probe") as pool:
        try:
            waiting = [pool.submit(ask, url) for url in wanted]
            done, _ = wait(waiting, return_when=FIRST_EXCEPTION)
            stop.set()
            for future in done:
                future.result()
        except KeyboardInterrupt:
            stop.set()
    return tally
