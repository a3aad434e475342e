"""Verbs about recorded changes: experiments and scans."""

from __future__ import annotations

from typing import Any

from obskit import query
from obskit.dataset import Progress
from obskit.display.result import Result
from obskit.events.listing import ListedEvents
from obskit.triage import ExperimentAnswer, experiment


class EventsWithChanges(ListedEvents):
    """Events that can be asked about the markers among them."""

    def experiment(self, marker: Any = None, *, progress: Progress | None = None) -> ExperimentAnswer:
        """Say whether a chaos experiment is visible in the requests, and what else changed meanwhile.

        The requests within the experiment's window are compared with those before it, as `triage` does.

        Args:
            marker: the experiment's name, or the row of its start (a mapping with `timestamp`); by default
                the newest experiment.
            progress: called as (what, done, total).

        Returns:
            ExperimentAnswer: `.word` is "visible", "not visible" or "no data"; `.sentence` says why, and
            `.also_changed` lists deployments, flags and migrations of the same time.

        Raises:
            EmptySelection: no event is the start of an experiment, or none has that name.
            InvalidArgument: `marker` is neither a name nor such a row.

        Example:
            try:
                print(events.experiment("slow-seats").sentence)
            except ok.EmptySelection as error:
                print(error)  # the sample has no experiments
        """
        return self._presented(experiment(self._rows, marker, progress=progress))

    def scans(self) -> Result:
        """Compare each scan for vulnerabilities with the previous scan of the same artifact.

        Returns:
            One row per scan: counts by severity, and how many findings are new or gone.

        Raises:
            EmptySelection: no event is a scan.

        Example:
            try:
                print(events.scans())
            except ok.EmptySelection as error:
                print(error)  # the sample has no scans
        """
        return self._presented(query.scans(self.scope))
