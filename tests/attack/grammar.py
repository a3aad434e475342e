"""Random conditions and calculations: mostly valid ones, so that they reach the engine."""

from __future__ import annotations

import random

from obskit.engine.functions import FUNCTIONS

FIELDS = (
    *(
        "duration_ms",
        "name",
        "error",
        "timestamp",
        "http.route",
        "http.response.status_code",
        "tags",
        "numbers",
    ),
    *(
        "service.version",
        "big",
        "note",
        "event_count",
        "severity_number",
        "trace_id",
        "select.id",
        "a b",
        '"',
        "times",
    ),
)
TEXTS = (
    *(
        "''",
        "'x'",
        "'%'",
        "'_'",
        "'é'",
        "'5'",
        "'-30m'",
        "'2026-05-04T10:00Z'",
        "'0000-00-00'",
        "'''",
        "'[('",
        "'a{1,99999}'",
    ),
    *(
        "'-99999999999w'",
        "'1e400'",
        "'nan'",
        "'true'",
        "'\\'",
        "'\0'",
        "'(a+)+$'",
        "'9999-12-31T23:59:60Z'",
        "'hour'",
        "'x' 'y'",
    ),
)
NUMBERS = (
    *(
        "0",
        "1",
        "-1",
        "500",
        "1e308",
        "1e400",
        "-0.0",
        "9223372036854775808",
        "18446744073709551616",
        "0x1f",
        "1_000",
    ),
    *("9" * 400, "0.1e-400", ".5", "5.", "1e", "340282366920938463463374607431768211456", "NaN", "inf"),
)
OPERATORS = (
    *(
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "<>",
        "==",
        "like",
        "ilike",
        "not like",
        "is",
        "is not",
        "||",
        "+",
        "-",
        "*",
        "/",
    ),
    *(
        "%",
        "~",
        "::",
        "in",
        "^",
        "&",
        "->",
        "//",
        "is distinct from",
        "similar to",
        "glob",
        "between",
        "and",
        "or",
    ),
)
CALCULATIONS = (
    *(
        "count()",
        "count({})",
        "share({})",
        "rate()",
        "sum({})",
        "avg({})",
        "min({})",
        "max({})",
        "count_distinct({})",
    ),
    *(
        "p50({})",
        "p99({})",
        "p999({}) as x",
        "p0({})",
        "concurrency()",
        "rows()",
        "p99({} / 1000) as seconds",
        "{}",
        "sum({} as y)",
    ),
)
ODD = (
    *(
        "null",
        "true",
        "false",
        "*",
        "()",
        "(select 1)",
        "?",
        "$1",
        ":x",
        "@y",
        "{}",
        "[1,2]",
        "-- x",
        "/* x */",
        ";",
        "current_date",
    ),
    *(
        "interval 1 day",
        "date '2026-01-01'",
        "timestamp '2026-01-01'",
        "cast(1 as int)",
        "case when true then 1 end",
        "x -> x",
    ),
    *(
        "read_csv('/etc/passwd')",
        "count(*)",
        "any_value(name)",
        "exists(select 1)",
        "name[1]",
        "tags[1:2]",
        "#1",
        "columns(*)",
    ),
)


def field(rng: random.Random) -> str:
    name = rng.choice(FIELDS)
    return '"' + name.replace('"', '""') + '"' if rng.random() < 0.3 else name


def value(rng: random.Random, depth: int, kind: str = "") -> str:
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
        return f"({value(rng, depth - 1, kind)} {rng.choice('+-*/%')} {value(rng, depth - 1, kind)})"
    if kind == "text" and choice == 2:
        return f"{value(rng, depth - 1, kind)} || {value(rng, depth - 1, kind)}"
    return _call(rng, depth, kind)


_FIELDS_OF = {
    "number": (
        "duration_ms",
        "big",
        "event_count",
        "severity_number",
        "select.id",
        "a b",
        "http.response.status_code",
    ),
    "text": ("name", "http.route", "note", "service.version", "trace_id", '"', "kind"),
    "time": ("timestamp", "times"),
    "list": ("tags", "numbers"),
}
_SMALL = ("0", "1", "-1", "12", "59", "2026", "'hour'", "'day'", "'x'", "'UTC'", "400", "1.5", "'^a'")
# letters of `Function.arguments` -> the kind of expression that it takes
_KINDS = {"s": "text", "n": "number", "t": "time", "l": "text", "a": "", "p": "text"}
_RETURNS = {
    "number": "abs ceil floor round ln sqrt length hour minute second day weekday",
    "text": "lower upper trim regexp_extract regexp_replace split_part json_extract_string",
    "time": "date_trunc make_timestamptz",
    "boolean": "starts_with ends_with contains regexp_matches isnan isinf",
}


def across(rng: random.Random, depth: int) -> str:
    """Return a call that looks at the other rows of a trace."""
    name = rng.choice(["any", "none", "root", "parent", "linked"])
    takes_condition = name in ("any", "none") if rng.random() < 0.95 else rng.random() < 0.5
    return f"{name}({condition(rng, depth - 1) if takes_condition else field(rng)})"


def _call(rng: random.Random, depth: int, kind: str) -> str:
    if rng.random() < 0.15:
        return across(rng, depth)
    if kind != "boolean" and rng.random() < 0.2:
        return f"coalesce({value(rng, depth - 1, kind)}, {value(rng, depth - 1, kind)})"
    known = [name for name in _RETURNS[kind].split() if name in FUNCTIONS]
    name = rng.choice(known) if rng.random() < 0.95 else rng.choice(list(FUNCTIONS))
    letters = FUNCTIONS[name].arguments.replace("*", "")
    given = [
        rng.choice((*TEXTS, *_SMALL, *_SMALL))
        if letter == "p"
        else value(rng, depth - 1, _KINDS.get(letter, ""))
        for letter in letters[: rng.choice([None, FUNCTIONS[name].least])]
    ]
    return f"{name}({', '.join(given)})"


def condition(rng: random.Random, depth: int) -> str:
    choice = rng.randrange(10) if depth > 0 else rng.randrange(4)
    kind = rng.choice(["number", "text", "time", "number", "text", "list"])
    one = value(rng, depth - 1, kind)
    if choice < 2:
        operator = (
            rng.choice(["=", "!=", "<", "<=", ">", ">="]) if rng.random() < 0.93 else rng.choice(OPERATORS)
        )
        return f"{one} {operator} {value(rng, depth - 1, 'text' if kind == 'list' else kind)}"
    if choice == 2:
        return f"{one} is {rng.choice(['', 'not '])}null"
    if choice == 3:
        pattern = rng.choice(TEXTS)
        return f"{value(rng, 1, 'text')} {rng.choice(['like', 'ilike', 'not like'])} {pattern}"
    if choice == 4:
        return f"({condition(rng, depth - 1)}) {rng.choice(['and', 'or'])} {condition(rng, depth - 1)}"
    if choice == 5:
        return f"not ({condition(rng, depth - 1)})"
    if choice == 6:
        items = ", ".join(value(rng, 0, kind) for _ in range(rng.choice([1, 1, 3, 0])))
        return f"{one} {rng.choice(['in', 'not in'])} ({items})"
    if choice == 7:
        return f"{one} between {value(rng, 1, kind)} and {value(rng, 1, kind)}"
    if choice == 8:
        return f"({condition(rng, depth - 1)}) is {rng.choice(['', 'not '])}{rng.choice(['null', 'true', 'false'])}"
    return _call(rng, depth, "boolean")


def calculation(rng: random.Random) -> str:
    return rng.choice(CALCULATIONS).replace(
        "{}", rng.choice([field(rng), value(rng, 2, "number"), condition(rng, 1), across(rng, 2)])
    )


def large(rng: random.Random) -> str:
    times = rng.choice([50, 500, 5_000, 20_000])
    one = condition(rng, 0)
    return rng.choice(
        [
            " or ".join([one] * times),
            " and ".join([f"({one})"] * times),
            "(" * times + one + ")" * times,
            "not " * times + one,
            "-" * times + "1 = 1",
            f"{field(rng)} in ({','.join(map(str, range(times)))})",
            "coalesce(" * times + "name" + ")" * times,
            "any(" * times + "error" + ")" * times,
            " + ".join(["duration_ms"] * times) + " > 1",
            f"name = '{'x' * times * 10}'",
        ]
    )
