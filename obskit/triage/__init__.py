"""Find the operations that got worse, since when, and what sets the affected requests apart.

Triage counts every operation before and after several moments, tests whether the change is more than chance,
and explains what is left with `explain`. `messages` does the same with log messages, exceptions and values.
"""

from obskit.triage.calls import FailingCall
from obskit.triage.experiment import ExperimentAnswer, experiment
from obskit.triage.messages import messages
from obskit.triage.messages_result import Message, Messages
from obskit.triage.outcomes import outcomes
from obskit.triage.result import Cause, Repeat, Triage
from obskit.triage.run import triage
from obskit.triage.where_time_goes import explain_time_spent

__all__ = [
    "Cause",
    "ExperimentAnswer",
    "FailingCall",
    "Message",
    "Messages",
    "Repeat",
    "Triage",
    "experiment",
    "explain_time_spent",
    "messages",
    "outcomes",
    "triage",
]
