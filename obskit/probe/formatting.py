"""A request, and many, in words for a person."""

from __future__ import annotations

from typing import Any

from obskit.probe.watch import Tally

# Parts of a request in their order: what each is called, and the phase at whose end it is over.
_PARTS = (
    ("lookup", "namelookup"),
    ("connect", "connect"),
    ("tls", "appconnect"),
    ("wait", "starttransfer"),
    ("read", "total"),
)


def format_probe(event: dict[str, Any]) -> str:
    """Return a line about a request: when, the answer or the failure, how long, and where the time went."""
    clock, url, duration = event["timestamp"][11:19], event["url.full"], event["duration_ms"]
    if why := event.get("error.type"):
        return f"{clock}  {why}  {duration:.1f} ms  {url}  {event.get('error.message', '')}".rstrip()
    parts, begun = [], 0.0
    for word, phase in _PARTS:
        until = event.get(f"time_{phase}_seconds", 0.0)
        if until > begun:  # a phase that did not happen, such as TLS, is 0
            parts.append(f"{word} {(until - begun) * 1000:.1f}")
            begun = until
    line = f"{clock}  {event.get('http.response.status_code', '---')}  {duration:.1f} ms  {url}"
    if redirects := event.get("num_redirects"):
        line += f"  {redirects} redirect{'s' if redirects > 1 else ''} to {event['url_effective']}"
    return f"{line}  ({', '.join(parts)})"


def format_summary(tally: Tally) -> str:
    """Return a line a URL: how many were answered, how fast, and what failed."""
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
    return "\n".join(lines) or "no request was made"
