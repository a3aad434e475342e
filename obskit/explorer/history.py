"""The states of an investigation in order, to go back to; a frozen value like the states themselves."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from obskit.explorer.state import COMPARE, InvestigationState

MOST_STATES = 200
# Attributes that say how something is shown; changing one is no step of the investigation.
_VIEWS = ("tab", "columns", "order", "trace", "beside", "zone", "until")


@dataclass(frozen=True)
class History:
    """The states that were seen, the oldest first.

    Attributes:
        states: at least one; the oldest are dropped beyond `MOST_STATES`.
        labels: what led to each state, as text for people.
        at: the place of the state that is shown.
    """

    states: tuple[InvestigationState, ...]
    labels: tuple[str, ...] = ("opened",)
    at: int = 0

    @property
    def current(self) -> InvestigationState:
        """The state that is shown."""
        return self.states[self.at]

    def push(self, state: InvestigationState) -> History:
        """Return the history with a new state after the current one; states that were undone are dropped.

        A state that asks the same and only shows it in another way takes the place of the current one.
        """
        before = self.current
        if same_question(before, state):
            return self.replace(state)
        states = (*self.states[: self.at + 1], state)[-MOST_STATES:]
        labels = (*self.labels[: self.at + 1], label(before, state))[-MOST_STATES:]
        return History(states, labels, len(states) - 1)

    def replace(self, state: InvestigationState) -> History:
        """Return the history with another state in the place of the current one."""
        states = (*self.states[: self.at], state, *self.states[self.at + 1 :])
        return dataclasses.replace(self, states=states)

    def go(self, at: int) -> History:
        """Return the history at another of its states; a place outside is the nearest one inside.

        The tab, the columns and the zone stay as they are: going back changes what is asked, not how it is
        shown.
        """
        moved = dataclasses.replace(self, at=min(max(at, 0), len(self.states) - 1))
        kept = {name: getattr(self.current, name) for name in _VIEWS}
        return moved.replace(dataclasses.replace(moved.current, **kept))

    def undo(self) -> History:
        """Return the history one state earlier."""
        return self.go(self.at - 1)

    def redo(self) -> History:
        """Return the history one state later."""
        return self.go(self.at + 1)


def same_question(one: InvestigationState, other: InvestigationState) -> bool:
    """Return whether two states ask the same, whatever tab is open."""
    return one == dataclasses.replace(other, **{name: getattr(one, name) for name in _VIEWS})


def label(before: InvestigationState, after: InvestigationState) -> str:
    """Return what was done between two states, as text for people."""
    parts = []
    if before.operation != after.operation:
        parts.append(f"operation {after.operation}" if after.operation else "all operations")
    parts += [f"+ {step}" for step in after.steps if step not in before.steps]
    parts += [f"− {step}" for step in before.steps if step not in after.steps]
    if before.window != after.window:
        parts.append(f"time {after.between}" if after.between else "all of the time")
    if before.y != after.y:
        parts.append(f"show {after.y.field}")
    if before.brush != after.brush:
        parts.append(f"box {after.selection}" if after.selection else "no box")
    if before.compare != after.compare:
        parts.append(f"compare with {COMPARE[after.compare]}")
    if before.group != after.group:
        parts.append(f"group by {after.group}" if after.group else "no groups")
    return "; ".join(parts) or "changed"
