"""Mistakes in a file of checks are errors that name the check."""

import pytest

import obskit as ok
from obskit.checks import KINDS, checks, read_checks
from obskit.errors import ConditionError, InvalidArgument, NoSuchPath, UnknownField, UnknownFunction
from tests.checks.world import hour, scope, write

QUERY = '[[query]]\nname = "a"\ncalculate = "count()"\nmax = 1\n'
OBJECTIVE = '[[objective]]\nname = "a"\ngood = "not error"\nobjective = 0.9\n'


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "{path} has no check", "begin one with [[objective]]"),
        (
            "[[slo]]\nname='a'\n",
            "{path}: there is no kind of check 'slo'",
            "did you mean objective or cost or query or verdict?",
        ),
        ("[[querry]]\n", "{path}: there is no kind of check 'querry'", "did you mean query?"),
        ("[[query]]\n", "{path}: a check of the kind query has no name", 'name = "book answers"'),
        ("query = 3\n", "{path}: query must be a table", "begin each check with [[query]]"),
        (
            QUERY + QUERY,
            "{path}: query 'a': another check has this name",
            "give each check a name of its own",
        ),
        (QUERY + "maxx = 1\n", "{path}: query 'a': there is no key 'maxx'", "did you mean max?"),
        (QUERY.replace("max = 1", ""), "{path}: query 'a': it has neither max nor min", "max = 800"),
        (
            QUERY + "min = 2\n",
            "{path}: query 'a': min must not be above max, got 2 and 1",
            "min = 1, max = 800",
        ),
        (QUERY.replace("= 1", "= true"), "{path}: query 'a': max must be a number, got True", "max = 20"),
        (QUERY.replace("= 1", "= nan"), "{path}: query 'a': max must be a number, got nan", "max = 20"),
        (
            QUERY + "by = [3]\n",
            "{path}: query 'a': by must be a list of fields, got [3]",
            'by = ["http.route"]',
        ),
        (
            QUERY + "window = 'soon'\n",
            "{path}: query 'a': window must be a length of time, got 'soon'",
            'window = "30d"',
        ),
        (
            QUERY + "window = '-1h'\n",
            "{path}: query 'a': window must be longer than 0, got '-1h'",
            'window = "30d"',
        ),
        (
            OBJECTIVE.replace("0.9", "99.5"),
            "{path}: objective 'a': objective must be above 0 and below 1, got 99.5",
            "objective = 0.995",
        ),
        (
            OBJECTIVE + "population = 'spans'\n",
            "{path}: objective 'a': population must be one of units, all, got 'spans'",
            'population = "units"',
        ),
        (
            OBJECTIVE + "burn = [{ long = '1h' }]\n",
            "{path}: objective 'a': burn must have long, short and max, got {{'long': '1h'}}",
            'burn = [{{ long = "1h", short = "5m", max = 14.4 }}]',
        ),
        (
            OBJECTIVE + "burn = [{ long = '5m', short = '1h', max = 1 }]\n",
            "{path}: objective 'a': short must be shorter than long, got "
            "{{'long': '5m', 'short': '1h', 'max': 1}}",
            'burn = [{{ long = "1h", short = "5m", max = 14.4 }}]',
        ),
        (
            '[[cost]]\nname = "a"\n',
            "{path}: cost 'a': it has no bound",
            "give one of events_per_unit, bytes_per_unit, fields_per_event, growth",
        ),
    ],
)
def test_mistakes(tmp_path, text, message, hint):
    path = write(tmp_path, text)
    with pytest.raises(InvalidArgument) as caught:
        read_checks(path)
    assert (caught.value.message, caught.value.hint) == (message.format(path=path), hint.format())


def test_files_that_are_not_checks(tmp_path):
    path = tmp_path / "checks.toml"
    with pytest.raises(NoSuchPath) as missing:
        read_checks(path)
    assert (
        str(missing.value)
        == f"{path} cannot be read: No such file or directory\nHint: --checks takes a TOML file"
    )
    path.write_text("= 3")
    with pytest.raises(InvalidArgument) as torn:
        read_checks(path)
    assert torn.value.message.startswith(f"{path} is not TOML: ")
    path.write_text("version = 2\n")
    with pytest.raises(InvalidArgument) as version:
        read_checks(path)
    assert str(version.value) == f"{path}: version must be 1, got 2\nHint: write version = 1"


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            OBJECTIVE.replace("not error", "errorr"),
            UnknownField,
            "objective 'a': no field is called 'errorr'",
        ),
        (OBJECTIVE.replace("not error", "not"), ConditionError, "objective 'a': "),
        (QUERY.replace("count()", "count("), ConditionError, "query 'a': "),
        ('[[cost]]\nname = "a"\ngrowth = 1\nby = "team"\n', UnknownField, "cost 'a': "),
    ],
)
def test_errors_of_conditions_name_the_check(tmp_path, text, kind, message):
    path = write(tmp_path, text)
    with pytest.raises(kind) as caught:
        checks(scope(hour()), path)
    assert caught.value.message.startswith(f"{path}: {message}")
    assert caught.value.hint


def test_a_condition_cannot_leave_its_calculation(tmp_path):
    """The text of `good` becomes part of a calculation, but only after it was parsed as one condition."""
    for text in ("error) as x, count(true", "error), count(error"):
        with pytest.raises((ConditionError, UnknownField, UnknownFunction)):
            checks(scope(hour()), write(tmp_path, OBJECTIVE.replace("not error", text)))


def test_the_package_is_callable(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    assert callable(ok.checks)
    assert ok.checks("sample_events", write(tmp_path, QUERY)).word == "violated"
    assert list(KINDS) == ["objective", "cost", "query", "verdict"]
