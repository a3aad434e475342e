"""Whatever a file of checks holds: a check, or one of obskit's errors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.checks import KINDS, read_checks
from obskit.checks.options import Options
from obskit.errors import InvalidArgument
from tests.support.examples import examples

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_GOOD = {
    "objective": {"name": "a", "good": "error", "objective": 0.9},
    "cost": {"name": "a", "growth": 1.2},
    "query": {"name": "a", "calculate": "count()", "max": 1},
    "verdict": {"name": "a", "candidate": "2.4.0"},
}
_KEYS = (
    *("name", "where", "good", "objective", "window", "burn", "population", "at_least", "by", "calculate"),
    *("max", "min", "growth", "events_per_unit", "candidate", "errors", "slices", "alpha"),
)


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.sampled_from(_KEYS), _ANYTHING, max_size=4))
def test_any_value_of_any_key(kind, changed):
    made = found = None
    try:
        made = KINDS[kind](Options(kind, {**_GOOD[kind], **changed}, "checks.toml"))
    except InvalidArgument as error:
        found = error
    assert made is not None or (found.hint and found.message.startswith("checks.toml: "))


@settings(max_examples=examples(200), deadline=None)
@given(
    st.text(max_size=200)
    | st.sampled_from(["version = 1\n" + "[" * 3000, "version = 1\n[[query]]\nname = '\x00'"])
)
def test_any_text(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("c") / "checks.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(InvalidArgument):
        read_checks(path)
