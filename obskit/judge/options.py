"""The arguments of `judge`, checked and parsed once, as one frozen value."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from obskit.display.result import plain
from obskit.engine import Scope, Window, parse_moment, parse_span, parse_window
from obskit.errors import InvalidArgument
from obskit.judge.margins import Margin, parse_growth, parse_margin, parse_share
from obskit.query.output import format_call

Mode = Literal["auto", "canary", "rolling", "before_after", "environments"]
MODES = ("auto", "canary", "rolling", "before_after", "environments")
ERRORS, LATENCY, LEAST_SLOWDOWN, SETTLE = "larger of x1.5, +0.1pp", "+20%", "+5%", "1m"
# The fields that slices are of by default: the first of each line that the events have.
CUSTOMERS = ("customer.id", "customer.name", "tenant.id", "organization.id", "user.organization.id")
CLIENTS = ("client.name", "app.platform", "user_agent.name")
MOST_SLICE_FIELDS = 4
_PLAIN = (str, int, float, bool, tuple, list)


@dataclass(frozen=True, kw_only=True)
class JudgeArguments:
    """The arguments of `judge` as they are given; `Events.judge` describes them.

    Attributes:
        candidate, baseline, by: the arms, as values of a field.
        candidate_where, baseline_where: the arms, as conditions.
        service, environment, where, during: which events are judged.
        errors, latency, least_slowdown, split: what is allowed, and what was declared.
        floor: the former name of least_slowdown.
        slices, unit, cluster: the fields of slices, of assigned units, and of one observation.
        looks, alpha, mode, warmup, settle, after: how it is judged.
        git: folder of the repository with the versions.
    """

    candidate: Any = None
    baseline: Any = None
    by: str = "service.version"
    service: str | None = None
    environment: str | None = None
    where: Any = None
    during: Any = None
    errors: Any = ERRORS
    latency: Any = LATENCY
    least_slowdown: Any = LEAST_SLOWDOWN
    floor: Any = None
    slices: Sequence[str] | None = None
    split: Any = None
    unit: str | None = None
    cluster: str | None = "trace_id"
    looks: Any = "1m"
    alpha: float = 0.05
    mode: str = "auto"
    candidate_where: Any = None
    baseline_where: Any = None
    warmup: Any = None
    settle: Any = SETTLE
    after: Any = None
    git: Any = None

    def with_present_names(self) -> JudgeArguments:
        """Return the arguments under their present names; a former one is a warning.

        Returns:
            The arguments.

        Raises:
            InvalidArgument: an argument is given under both names.
        """
        if self.floor is None:
            return self
        if self.least_slowdown != LEAST_SLOWDOWN:
            raise InvalidArgument(
                "floor is the former name of least_slowdown, and both are given", hint="leave out floor"
            )
        warnings.warn("floor is now called least_slowdown", DeprecationWarning, stacklevel=4)
        return replace(self, least_slowdown=self.floor, floor=None)


@dataclass(frozen=True, kw_only=True)
class JudgeOptions:
    """The arguments of `judge`, checked and parsed.

    Attributes:
        candidate, baseline: values of `by`; None if they were not given.
        by: the field whose values are the arms.
        candidate_where, baseline_where: conditions that select the arms instead.
        service, environment, where: which events are judged.
        during: the window of time.
        errors: the margin of the error rate; None if it is not judged.
        latency: the margin of the latency, as a share; None if it is not judged.
        least_slowdown: the least rise of the latency that is a regression, as a share.
        slices: the fields of the slices; None for the default fields.
        split: the declared share of the candidate, in (0, 1).
        unit: the field that was assigned to the arms.
        cluster: the field whose equal values are one observation; None if each row is one.
        looks: the time between two looks; None for one look.
        alpha: the probability of a wrong verdict.
        mode: how the arms were deployed.
        warmup: the time after the start of a pod that is left out.
        settle: the newest stretch of time that is left out.
        after: from when on a recovery is looked for.
    """

    candidate: str | None
    baseline: str | None
    by: str
    candidate_where: Any
    baseline_where: Any
    service: str | None
    environment: str | None
    where: Any
    during: Window | None
    errors: Margin | None
    latency: float | None
    least_slowdown: float
    slices: tuple[str, ...] | None
    split: float | None
    unit: str | None
    cluster: str | None
    looks: timedelta | None
    alpha: float
    mode: Mode
    warmup: timedelta
    settle: timedelta
    after: datetime | None


def parse_options(scope: Scope, given: JudgeArguments) -> JudgeOptions:
    """Check and parse the arguments of `judge`.

    Args:
        scope: the events.
        given: the arguments.

    Returns:
        The options.

    Raises:
        InvalidArgument: an argument has a value that it cannot have, or does not go with another.
        UnknownField: there is no such field.
        ConditionError: a time or a length of time cannot be parsed.
    """
    _check(given)
    slices = (given.slices,) if isinstance(given.slices, str) else given.slices
    if slices is not None and len(slices) > MOST_SLICE_FIELDS:
        raise InvalidArgument(
            f"slices can have at most {MOST_SLICE_FIELDS} fields, got {len(slices)}",
            hint="name the fields by which a regression may differ, such as the customer and the client",
        )
    return JudgeOptions(
        candidate=_text(given.candidate, "candidate"),
        baseline=_text(given.baseline, "baseline"),
        by=_arm_field(scope, given.by, given.mode),
        candidate_where=given.candidate_where,
        baseline_where=given.baseline_where,
        service=given.service,
        environment=given.environment,
        where=given.where,
        during=None if given.during is None else parse_window(given.during, scope.newest),
        errors=None if given.errors is None else parse_margin(given.errors),
        latency=None if given.latency is None else parse_growth(given.latency, "latency"),
        least_slowdown=parse_growth(given.least_slowdown, "least_slowdown"),
        slices=None if slices is None else tuple(dict.fromkeys(scope.resolve(name) for name in slices)),
        split=None if given.split is None else parse_share(given.split, "split"),
        unit=None if given.unit is None else _stored(scope, given.unit, "unit"),
        cluster=_cluster(scope, given.cluster),
        looks=_length(given.looks),
        alpha=float(given.alpha),
        mode=given.mode,  # type: ignore[arg-type]
        warmup=timedelta() if given.warmup is None else _span(given.warmup, "warmup"),
        settle=_span(given.settle, "settle"),
        after=parse_moment(given.after, scope.newest),
    )


def call_text(verb: str, scope: Scope, given: JudgeArguments) -> str:
    """Return the call that returns an answer again, with the arguments that are not the default.

    Args:
        verb: the method of `Events`.
        scope: the events.
        given: its arguments.

    Returns:
        Python code.
    """
    defaults = JudgeArguments()
    shown = []
    for name in given.__dataclass_fields__:
        value, default = getattr(given, name), getattr(defaults, name)
        if value is default or (isinstance(value, _PLAIN) and value == default):
            continue
        if name in ("where", "candidate_where", "baseline_where"):
            value = scope.condition(value).text
        elif isinstance(value, timedelta):
            value = f"{value.total_seconds():g}s"
        elif isinstance(value, (Window, Path)):
            value = str(value)
        shown.append(f"{name}={plain(value)!r}")
    return format_call(verb, scope=scope).removesuffix(")") + f"{', '.join(shown)})"


def _check(given: JudgeArguments) -> None:
    """Raise InvalidArgument if arguments do not go together."""
    if given.mode not in MODES:
        raise InvalidArgument(
            f"mode must be one of {', '.join(MODES)}, got {given.mode!r}", hint='mode="auto"'
        )
    if (
        isinstance(given.alpha, bool)
        or not isinstance(given.alpha, (int, float))
        or not 1e-6 <= given.alpha <= 0.5
    ):
        raise InvalidArgument(
            f"alpha must be between 0.000001 and 0.5, got {given.alpha!r}", hint="alpha=0.05"
        )
    if given.candidate is not None and given.candidate_where is not None:
        raise InvalidArgument(
            "candidate and candidate_where both select the candidate", hint="leave one of them out"
        )
    if given.baseline is not None and given.baseline_where is not None:
        raise InvalidArgument(
            "baseline and baseline_where both select the baseline", hint="leave one of them out"
        )
    if given.baseline_where is not None and given.candidate is None and given.candidate_where is None:
        raise InvalidArgument(
            "baseline_where needs a candidate to compare with", hint="give candidate or candidate_where"
        )
    if given.candidate is not None and given.candidate == given.baseline:
        raise InvalidArgument(
            f"candidate and baseline are both {given.candidate!r}", hint="compare two different values"
        )
    if given.git is not None and not isinstance(given.git, (str, Path)):
        raise InvalidArgument(f"git must be the path of a repository, got {given.git!r}", hint='git="."')
    if given.errors is None and given.latency is None:
        raise InvalidArgument("neither errors nor latency is judged", hint=f'errors="{ERRORS}"')


def default_slices(scope: Scope) -> tuple[str, ...]:
    """Return the fields of slices that a scope has: one for customers and one for clients, if any."""
    names = scope.schema.names
    return tuple(
        found[0] for some in (CUSTOMERS, CLIENTS) if (found := [name for name in some if name in names])
    )


def _arm_field(scope: Scope, by: str, mode: str) -> str:
    if mode == "environments" and by == "service.version":
        by = environment_field(scope) or by
    # Events without versions may have arms that are chosen by conditions.
    return by if by == "service.version" and scope.names.find(by) is None else scope.resolve(by)


def environment_field(scope: Scope) -> str | None:
    """Return the field of the environment, if the events have one."""
    names = ("deployment.environment.name", "deployment.environment")
    return next((name for name in names if name in scope.schema.names), None)


def _cluster(scope: Scope, cluster: str | None) -> str | None:
    if cluster is None or (cluster == "trace_id" and cluster not in scope.schema.names):
        return None
    return _stored(scope, cluster, "cluster")


def _stored(scope: Scope, field: str, name: str) -> str:
    """Return a field that is not derived."""
    found = scope.resolve(field)
    if found not in scope.dataset.schema.names:
        raise InvalidArgument(
            f"{name} must be a field of the events, got {field!r}, which is derived",
            hint="name the field that it is derived from",
        )
    return found


def _text(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, int)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise InvalidArgument(
        f"{name} must be a value of the field `by`, got {value!r}",
        hint=f"for a condition use {name}_where",
    )


def _length(looks: Any) -> timedelta | None:
    if looks == 1 and not isinstance(looks, bool):
        return None
    return _span(looks, "looks")


def _span(given: Any, name: str) -> timedelta:
    if isinstance(given, timedelta):
        span = given
    elif isinstance(given, str):
        span = parse_span(given)
    else:
        raise InvalidArgument(f"{name} must be a length of time, got {given!r}", hint=f'{name}="1m"')
    if span <= timedelta():
        raise InvalidArgument(f"{name} must be longer than 0, got {given!r}", hint=f'{name}="1m"')
    return span
