"""Random conditions and calculations: an answer or an ObskitError."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

import obskit as ok
from obskit.engine.functions import FUNCTIONS
from tests.attack.byte_mutations import mutate
from tests.attack.cases import Case, Fault

FIELDS = (
    *("duration_ms", "name", "error", "timestamp", "http.route", "http.response.status_code", "tags", "numbers"),
    *("service.version", "big", "note", "event_count", "severity_number", "trace_id", "select.id", "a b", '"', "times"),
)
TEXTS = (
    *("''", "'x'", "'%'", "'_'", "'é'", "'5'", "'-30m'", "'2026-05-04T10:00Z'", "'0000-00-00'", "'''", "'[('", "'a{1,99999}'"),
    *("'-99999999999w'", "'1e400'", "'nan'", "'true'", "'\\'", "'\0'", "'(a+)+$'", "'9999-12-31T23:59:60Z'", "'hour'", "'x' 'y'"),
)
NUMBERS = (
    *("0", "1", "-1", "500", "1e308", "1e400", "-0.0", "9223372036854775808", "18446744073709551616", "0x1f", "1_000"),
    *("9" * 400, "0.1e-400", ".5", "5.", "1e", "340282366920938463463374607431768211456", "NaN", "inf"),
)
OPERATORS = (
    *("=", "!=", "<", "<=", ">", ">=", "<>", "==", "like", "ilike", "not like", "is", "is not", "||", "+", "-", "*", "/"),
    *("%", "~", "::", "in", "^", "&", "->", "//", "is distinct from", "similar to", "glob", "between", "and", "or"),
)
CALCULATIONS = (
    *("count()", "count({})", "share({})", "rate()", "sum({})", "avg({})", "min({})", "max({})", "count_distinct({})"),
    *("p50({})", "p99({})", "p999({}) as x", "p0({})", "concurrency()", "rows()", "p99({} / 1000) as seconds", "{}", "sum({} as y)"),
)
ODD = (
    *("null", "true", "false", "*", "()", "(select 1)", "?", "$1", ":x", "@y", "{}", "[1,2]", "-- x", "/* x */", ";", "current_date"),
    *("interval 1 day", "date '2026-01-01'", "timestamp '2026-01-01'", "cast(1 as int)", "case when true then 1 end", "x -> x"),
    *("read_csv('/etc/passwd')", "count(*)", "any_value(name)", "exists(select 1)", "name[1]", "tags[1:2]", "#1", "columns(*)"),
)
USES = ("where", "where", "where", "query where", "calculation", "by", "having", "order", "every", "explain", "between")


_SHORT = {
    "by": FIELDS,
    "order": ("name", "name desc", "count()", "count() desc, name", "name asc nulls last", "", "-name", "1"),
    "every": ("1m", "1us", "-5s", "0s", "1e9h", "99999999999999999999w", "1.5s", "0.0001us", "1", "m", "1M", "10ms"),
}


class Part:
    """Makes the inputs of this part; `prepare` returns what tries one, in a worker."""

    name = "conditions"
    worker = True

    def case(self, rng: random.Random, seed: int, number: int) -> Case:
        use = rng.choice(USES)
        text = _calculation(rng) if use == "calculation" else _condition(rng, rng.choice([0, 1, 2, 3, 4]))
        if use in ("by", "order", "every"):
            text = rng.choice(_SHORT[use] if rng.random() < 0.7 else [_field(rng), _value(rng, 1), *FIELDS])
        if rng.random() < 0.03:
            text = _large(rng)
        payload = text.encode("utf-8", "surrogatepass")
        if rng.random() < 0.15:
            other = _condition(rng, 2).encode("utf-8", "surrogatepass")
            payload = mutate(rng, payload, [other], "text")[0][:200_000]
        return Case("conditions", seed, number, payload, {"use": use})

    @staticmethod
    def prepare(folder: Path) -> Callable[[Case], list[Fault]]:
        events = _events(folder)

        def attempt(case: Case) -> list[Fault]:
            text = case.payload.decode("utf-8", "surrogateescape")
            try:
                _use(events, case.details["use"], text)
            except ok.ObskitError as error:
                return [] if _told(error) else [Fault.of(error, "an error without a text")]
            except Exception as error:
                return [Fault.of(error)]
            return []

        attempt(Case("conditions", 0, 0, b"duration_ms > 1", {"use": "where"}))  # compiled once, before the memory counts
        return attempt


def _told(error: ok.ObskitError) -> bool:
    return bool(str(error).strip())


def _use(events: ok.Events, use: str, text: str) -> None:
    if use == "where":
        events.where(text).query("count()").to_arrow()
    elif use == "query where":
        events.query("count()", where=text).to_arrow()
    elif use == "calculation":
        events.query(text).to_arrow()
    elif use == "by":
        events.query("count()", by=[text]).to_arrow()
    elif use == "having":
        events.query("count() as n", by=["name"], having=text).to_arrow()
    elif use == "order":
        events.query("count()", by=["name"], order=text).to_arrow()
    elif use == "every":
        events.query("count()", every=text).to_arrow()
    elif use == "between":
        events.between(text).query("count()").to_arrow()
    else:
        events.explain(text)


def _events(folder: Path) -> ok.Events:
    """Return ten events with a field of every type, one with values that overflow, one that is all null."""
    rows = 10
    columns = {
        "timestamp": pa.array([datetime(2026, 5, 4, 10, 0, n, tzinfo=UTC) for n in range(rows)]),
        "duration_ms": pa.array([0.0, -1.0, float("nan"), float("inf"), 1e308, 5e-324, None, 20.0, 30.0, 40.0]),
        "name": pa.array(["GET", "", "é", "\0", "%", "'", '"', "x" * 5000, None, "12"]),
        "error": pa.array([True, False] * 5),
        "kind": pa.array(["server"] * rows),
        "http.route": pa.array([f"/{n}" for n in range(rows)]),
        "http.response.status_code": pa.array([200, 500] * 5),
        "tags": pa.array([["a", None], [], None] + [["b"]] * 7),
        "numbers": pa.array([[1, 2], [None], []] + [[3]] * 7, pa.list_(pa.int64())),
        "service.version": pa.array(["2.4.0"] * rows),
        "big": pa.array([2**63 - 1, -(2**63), 0, 1, None] * 2, pa.int64()),
        "note": pa.nulls(rows, pa.string()),
        "event_count": pa.array([1, 2**40, None, 0, -1] * 2, pa.int64()),
        "severity_number": pa.array([9] * rows),
        "trace_id": pa.array([f"{n:032x}" for n in range(rows)]),
        "select.id": pa.array(list(range(rows))),
        "a b": pa.array([1.5] * rows),
        '"': pa.array(["q"] * rows),
        "times": pa.array([datetime(1, 1, 1, tzinfo=UTC)] * rows),
    }
    return ok.load(pa.table(columns))


def _field(rng: random.Random) -> str:
    name = rng.choice(FIELDS)
    return '"' + name.replace('"', '""') + '"' if rng.random() < 0.3 else name


def _value(rng: random.Random, depth: int, kind: str = "") -> str:
    """Return an expression of a kind: number, text, time or list; at times of another one, or none at all."""
    kind = kind if kind and rng.random() < 0.95 else rng.choice(["number", "text", "time", "list", "odd"])
    if kind == "odd":
        return rng.choice(ODD)
    choice = rng.randrange(4) if depth > 0 else rng.randrange(2)
    if choice == 0 or kind == "list":
        name = rng.choice(_FIELDS_OF[kind])
        return '"' + name.replace('"', '""') + '"' if rng.random() < 0.3 else name
    if choice == 1:
        return rng.choice(NUMBERS if kind == "number" else TEXTS)
    if kind == "number" and choice == 2:
        return f"({_value(rng, depth - 1, kind)} {rng.choice('+-*/%')} {_value(rng, depth - 1, kind)})"
    if kind == "text" and choice == 2:
        return f"{_value(rng, depth - 1, kind)} || {_value(rng, depth - 1, kind)}"
    return _call(rng, depth, kind)


_FIELDS_OF = {
    "number": ("duration_ms", "big", "event_count", "severity_number", "select.id", "a b", "http.response.status_code"),
    "text": ("name", "http.route", "note", "service.version", "trace_id", '"', "kind"),
    "time": ("timestamp", "times"),
    "list": ("tags", "numbers"),
}
_SMALL = ("0", "1", "-1", "12", "59", "2026", "'hour'", "'day'", "'x'", "'UTC'", "400", "1.5", "'^a'")
# letters of `Function.arguments` -> the kind of expression that it takes
_KINDS = {"s": "text", "n": "number", "t": "time", "l": "text", "a": "", "p": "text"}
_RETURNS = {
    "number": "abs ceil floor round ln sqrt length hour minute second day weekday",
    "text": "lower upper trim",
    "time": "date_trunc make_timestamptz",
    "boolean": "starts_with ends_with contains regexp_matches isnan isinf",
}


def _call(rng: random.Random, depth: int, kind: str) -> str:
    if kind != "boolean" and rng.random() < 0.2:
        return f"coalesce({_value(rng, depth - 1, kind)}, {_value(rng, depth - 1, kind)})"
    known = [name for name in _RETURNS[kind].split() if name in FUNCTIONS]
    name = rng.choice(known) if rng.random() < 0.95 else rng.choice(list(FUNCTIONS))
    letters = FUNCTIONS[name].arguments.replace("*", "")
    given = [
        rng.choice((*TEXTS, *_SMALL, *_SMALL)) if letter == "p" else _value(rng, depth - 1, _KINDS.get(letter, ""))
        for letter in letters[: rng.choice([None, FUNCTIONS[name].least])]
    ]
    return f"{name}({', '.join(given)})"


def _condition(rng: random.Random, depth: int) -> str:
    choice = rng.randrange(10) if depth > 0 else rng.randrange(4)
    kind = rng.choice(["number", "text", "time", "number", "text", "list"])
    one = _value(rng, depth - 1, kind)
    if choice < 2:
        operator = rng.choice(["=", "!=", "<", "<=", ">", ">="]) if rng.random() < 0.93 else rng.choice(OPERATORS)
        return f"{one} {operator} {_value(rng, depth - 1, 'text' if kind == 'list' else kind)}"
    if choice == 2:
        return f"{one} is {rng.choice(['', 'not '])}null"
    if choice == 3:
        pattern = rng.choice(TEXTS)
        return f"{_value(rng, 1, 'text')} {rng.choice(['like', 'ilike', 'not like'])} {pattern}"
    if choice == 4:
        return f"({_condition(rng, depth - 1)}) {rng.choice(['and', 'or'])} {_condition(rng, depth - 1)}"
    if choice == 5:
        return f"not ({_condition(rng, depth - 1)})"
    if choice == 6:
        items = ", ".join(_value(rng, 0, kind) for _ in range(rng.choice([1, 1, 3, 0])))
        return f"{one} {rng.choice(['in', 'not in'])} ({items})"
    if choice == 7:
        return f"{one} between {_value(rng, 1, kind)} and {_value(rng, 1, kind)}"
    if choice == 8:
        return f"({_condition(rng, depth - 1)}) is {rng.choice(['', 'not '])}{rng.choice(['null', 'true', 'false'])}"
    return _call(rng, depth, "boolean")


def _calculation(rng: random.Random) -> str:
    return rng.choice(CALCULATIONS).replace("{}", rng.choice([_field(rng), _value(rng, 2, "number"), _condition(rng, 1)]))


def _large(rng: random.Random) -> str:
    times = rng.choice([50, 500, 5_000, 20_000])
    one = _condition(rng, 0)
    return rng.choice(
        [
            " or ".join([one] * times),
            " and ".join([f"({one})"] * times),
            "(" * times + one + ")" * times,
            "not " * times + one,
            "-" * times + "1 = 1",
            f"{_field(rng)} in ({','.join(map(str, range(times)))})",
            "coalesce(" * times + "name" + ")" * times,
            " + ".join(["duration_ms"] * times) + " > 1",
            f"name = '{'x' * times * 10}'",
        ]
    )
