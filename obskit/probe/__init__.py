"""Make real HTTP requests, and return the phases of each as one event.

libcurl makes the request and does the timing; the words are those that curl's own output is loaded with
(`obskit.names.curl`). Nothing is written before its secrets are out of it. Needs the extra `probe`, and
nothing of the extra `data`.
"""

from __future__ import annotations

from obskit.probe.event_file import EventFile
from obskit.probe.formatting import format_probe, format_summary
from obskit.probe.request import Limits, probe
from obskit.probe.watch import Tally, check_urls, watch

__all__ = ["EventFile", "Limits", "Tally", "check_urls", "format_probe", "format_summary", "probe", "watch"]
