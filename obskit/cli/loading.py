"""From arguments to `Events`: the paths, narrowed to the condition and the window that were asked for."""

from __future__ import annotations

import argparse

from obskit.cli.inputs import mapping_of, start, window
from obskit.cli.terminal import Progress
from obskit.events import Events, load


def opened(arguments: argparse.Namespace, progress: Progress) -> Events:
    """Load the paths and narrow them to the condition and window that were asked for."""
    events = load(arguments.paths, mapping=mapping_of(arguments.mapping), progress=progress)
    if arguments.between:
        events = events.between(*window(arguments.between, "--between"))
    elif arguments.since:
        events = events.between(start(arguments.since), None)
    return events.where(arguments.where) if arguments.where else events
