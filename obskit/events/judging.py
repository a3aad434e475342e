"""The verbs of `Events` that compare two versions: `judge` gives a verdict, `compare` only the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obskit import judge
from obskit.events.listing import ListedEvents
from obskit.judge import Comparison, JudgeArguments, Verdict
from obskit.judge.options import ERRORS, LATENCY, LEAST_SLOWDOWN, SETTLE


@dataclass(frozen=True, eq=False, repr=False)
class JudgedEvents(ListedEvents):
    """Rows of a dataset, and the verbs that compare two versions in them."""

    def judge(
        self,
        candidate: Any = None,
        baseline: Any = None,
        by: str = "service.version",
        *,
        service: str | None = None,
        environment: str | None = None,
        where: Any = None,
        during: Any = None,
        errors: str | None = ERRORS,
        latency: str | None = LATENCY,
        least_slowdown: str = LEAST_SLOWDOWN,
        slices: Sequence[str] | None = None,
        split: Any = None,
        unit: str | None = None,
        cluster: str | None = "trace_id",
        looks: Any = "1m",
        alpha: float = 0.05,
        mode: str = "auto",
        candidate_where: Any = None,
        baseline_where: Any = None,
        warmup: Any = None,
        settle: Any = SETTLE,
        after: Any = None,
        git: str | Path | None = None,
        floor: str | None = None,
    ) -> Verdict:
        """Judge a deployment: pass, regress, inconclusive, no data or error.

        The candidate's requests are compared with those of the baseline in the same minute and operation.
        The verdict is valid however often one looks: `regress` stays, `pass` holds until a later look says
        `regress`. It is a function of the events and the arguments; nothing is stored.

        Args:
            candidate: value of `by` to judge; by default the newest deployment.
            baseline: value of `by` to compare with; by default all that ran next to the candidate and began
                before it.
            by: field whose values are the two arms: "service.version", "deployment.id", or the variant of a
                flag, such as "feature_flag.result.variant".
            service: service that was deployed; by default the only one that has the candidate.
            environment: only this environment.
            where: condition on both arms.
            during: window of time: (start, end), "start/end" or "-30m" before the newest event; by default
                from the candidate's first request on.
            errors: margin of the error rate: "x1.5", "+0.1pp" (percentage points), or the larger of both.
                None does not judge errors. `pass` means that a rise beyond the margin is excluded.
            latency: by how much p50 and p95 may rise for a pass. None does not judge the latency.
            least_slowdown: rise of the latency that is a regression if it is shown.
            slices: fields of categories; every value, and every pair of values of two fields, is judged by
                itself. By default a field of customers and one of clients, such as "customer.id" and
                "client.name".
            split: declared share of the candidate: 0.05 or "5%".
            unit: field that was assigned to the arms, such as "user.id", to check `split` by.
            cluster: field whose equal values count once per arm, at their first request. None counts each
                row. "user.id" is right where users stay in their arm.
            looks: time between two looks; 1 for one look at all events.
            alpha: probability of a wrong alarm, and of a wrong pass, over all looks.
            mode: "canary" or "rolling" for versions that run at the same time, "before_after" for a switch,
                "environments" to compare environments; "auto" chooses between the first and the third.
            candidate_where: condition for the candidate, instead of a value of `by`.
            baseline_where: condition for the baseline; by default the requests that are not the candidate's.
            warmup: time to leave out after the start of each of the candidate's pods, such as "2m".
            settle: newest stretch of time to leave out, because some of its requests may not have arrived
                yet; at least as long as the slowest requests take.
            after: time from which on to check whether a regression is over, for the whole and each slice.
            git: folder of the repository; the verdict then lists the commits and files that differ between
                the versions, those that failed or slow requests name first. A version is the name of a tag,
                or its events have the `vcs.ref.head.revision`.
            floor: former name of `least_slowdown`.

        Returns:
            Verdict: `.word`, `.sentence`, `.criteria`, `.slices`, `.needed`; `.explain()` says what sets the
            failed or slow requests apart, and `.plot()` draws the rates and the evidence.

        Raises:
            InvalidArgument: an argument is not valid, two services have the candidate, or the events have no
                time.
            ConditionError: a condition or a time cannot be parsed.
            UnknownField, UnknownFunction: a name does not exist.
            NoSuchPath, MissingDependency, ReadError, LimitExceeded: git cannot read the repository.

        Example:
            verdict = events.judge(candidate="2.4.0")
            verdict.word
            verdict.explain()
        """
        arguments = JudgeArguments(
            candidate=candidate,
            baseline=baseline,
            by=by,
            service=service,
            environment=environment,
            where=where,
            during=during,
            errors=errors,
            latency=latency,
            least_slowdown=least_slowdown,
            floor=floor,
            slices=slices,
            split=split,
            unit=unit,
            cluster=cluster,
            looks=looks,
            alpha=alpha,
            mode=mode,
            candidate_where=candidate_where,
            baseline_where=baseline_where,
            warmup=warmup,
            settle=settle,
            after=after,
            git=git,
        )
        return self._presented(judge.judge(self._rows, arguments))

    def compare(
        self,
        by: str = "service.version",
        *,
        baseline: Any = None,
        candidate: Any = None,
        service: str | None = None,
        environment: str | None = None,
        where: Any = None,
        during: Any = None,
        slices: Sequence[str] | None = None,
        cluster: str | None = "trace_id",
        alpha: float = 0.05,
        candidate_where: Any = None,
        baseline_where: Any = None,
    ) -> Comparison:
        """Compare two versions, or any two groups of requests: the numbers of a verdict, without the word.

        Args:
            by: field whose values are the two arms.
            baseline: value of `by` to compare with; by default as in `judge`.
            candidate: value of `by` to compare; by default the newest deployment.
            service: service of both; by default the only one that has the candidate.
            environment: only this environment.
            where: condition on both arms.
            during: window of time; by default as in `judge`.
            slices: fields of categories whose values are compared one by one, as in `judge`.
            cluster: field whose equal values count once per arm; None counts each row.
            alpha: probability that an interval does not contain the truth.
            candidate_where: condition for the candidate, instead of a value of `by`.
            baseline_where: condition for the baseline.

        Returns:
            Comparison with one row per outcome: errors, and requests slower than p50 to p99 of earlier ones.

        Raises:
            InvalidArgument: an argument is not valid, or one of the arms has no requests.
            ConditionError: a condition or a time cannot be parsed.
            UnknownField, UnknownFunction: a name does not exist.

        Example:
            events.compare(candidate="2.4.0", baseline="2.3.7")
        """
        arguments = JudgeArguments(
            candidate=candidate,
            baseline=baseline,
            by=by,
            service=service,
            environment=environment,
            where=where,
            during=during,
            slices=slices,
            cluster=cluster,
            alpha=alpha,
            candidate_where=candidate_where,
            baseline_where=baseline_where,
        )
        return self._presented(judge.compare(self._rows, arguments))
