"""Find the operations that got worse, since when, and what sets the affected requests apart.

Triage counts every operation before and after several moments, tests whether the change is more than chance,
and explains what is left with `explain`.
"""

from obskit.triage.calls import FailingCall
from obskit.triage.outcomes import outcomes
from obskit.triage.result import Cause, Repeat, Triage
from obskit.triage.run import triage

__all__ = ["Cause", "FailingCall", "Repeat", "Triage", "outcomes", "triage"]
