"""Format one request, or a summary of many, as text for a person."""

from __future__ import annotations

from typing import Any

from obskit.probe.watch import Tally

# The parts of a request in order: name, and the phase with which the part ends.
_PARTS = (
    ("lookup", "namelookup"),
    ("connect", "connect"),
    ("tls", "appconnect"),
    ("wait", "starttransfer"),
    ("read", "total"),
)


def format_probe(event: dict[str, Any]) -> str:
    """Return one line about a request: time, status or error, duration, and the duration of each part."""
    clock, url, duration = event["timestamp"][11:19], event["url.full"], event["duration_ms"]
    if why := event.get("error.type"):
        return f"{clock}  {why}  {duration:.1f} ms  {url}  {event.get('error.message', '')}".rstrip()
    parts, begun = [], 0.0
    for word, phase in _PARTS:
        until = event.get(f"time_{phase}_seconds", 0.0)
        if until > begun:  # a phase that was skipped, such as TLS, is 0
            parts.append(f"{word} {(until - begun) * 1000:.1f}")
            begun = until
    line = f"{clock}  {event.get('http.response.status_code', '---')}  {duration:.1f} ms  {url}"
    if redirects := event.get("num_redirects"):
        line += f"  {redirects} redirect{'s' if redirects > 1 else ''} to {event['url_effective']}"
    return f"{line}  ({', '.join(parts)})"


def format_summary(tally: Tally) -> str:
    """Return one line per URL: how many requests got a response, how fast, and which errors there were."""
    lines = []
    for url in dict.fromkeys([*tally.answered, *tally.failed]):
        times, failed = sorted(tally.answered.get(url, [])), tally.failed.get(url, {})
        line = f"{url}: {len(times)} of {len(times) + sum(failed.values())} answered"
        if statuses := tally.statuses.get(url):
            line += f" ({', '.join(f'{n} x {status}' for status, n in sorted(statuses.items()))})"
        if times:
            middle = times[len(times) // 2]
            line += f", median {middle:.1f} ms, {times[0]:.1f} to {times[-1]:.1f}"
        if failed:
            line += "; " + ", ".join(f"{why} {n}" for why, n in failed.items())
        lines.append(line)
    return "\n".join(lines) or "no requests were made"
