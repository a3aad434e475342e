"""What used to be there and is gone: volume of slices, calls that no longer follow, telemetry.

binned, slices      rows in bins of time, and the values whose volume is watched
steps, volume       shares of the traffic that fell; once where several slices are the same rows
links, children     spans matched to their parents; parents that lack a child they used to have
sampling            weights that changed, by which no work is lost
losses, run         the result, and all of it together
"""

from obskit.triage.missing.losses import Loss
from obskit.triage.missing.run import Missing, find_missing

__all__ = ["Loss", "Missing", "find_missing"]
