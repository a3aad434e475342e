"""Lists of attributes are taken out of OTLP's JSON."""

import json

import pytest

from obskit.readers.otlp import json_attributes
from obskit.readers.otlp.json_attributes import PLACEHOLDER, extract_pairs
from tests.support import otlp_requests as made


@pytest.fixture(autouse=True)
def extract_few_lists(monkeypatch):
    """Extract lists of pairs even if there are few."""
    monkeypatch.setattr(json_attributes, "MIN_LISTS", 1)


def compact(item):
    return json.dumps(item, separators=(",", ":")).encode()


def test_a_list_is_replaced_by_its_number():
    pairs = [made.attribute("db", stringValue="users"), made.attribute("n", intValue="7")]
    left, extracted = extract_pairs(compact({"attributes": pairs, "kind": 2}))
    assert left == compact({"attributes": [{PLACEHOLDER: 0}], "kind": 2})
    assert extracted.starts.tolist() == [0, 2]
    assert extracted.key.to_pylist() == ["db", "n"]
    assert [values.to_pylist() for values in extracted.values] == [["users", None], [None, 7]]


@pytest.mark.parametrize(
    "pair",
    [
        made.attribute("k", arrayValue={"values": []}),
        made.attribute("k", bytesValue="AA=="),
        made.attribute("k", stringValue="a\\b"),
        {"value": {"stringValue": "x"}, "key": "k"},
    ],
)
def test_a_list_with_another_kind_of_pair_stays(pair):
    pairs = [made.attribute(f"k{n}", stringValue="x") for n in range(4)]
    text = compact({"attributes": [*pairs, pair], "kind": 2})
    assert extract_pairs(text) is None


def test_few_lists_are_not_worth_it(monkeypatch):
    monkeypatch.setattr(json_attributes, "MIN_LISTS", 2)
    pairs = [made.attribute("db", stringValue="users"), made.attribute("n", intValue="7")]
    assert extract_pairs(compact({"attributes": pairs, "kind": 2})) is None


def test_a_text_without_closing_braces_is_refused():
    # Found by fuzzing: a number without quotes, and no brace after it in the whole text.
    torn = (
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","attributes":[{"key":"k","value":'
        b'{"intValue":peSpans":[{"sp'
    )
    assert extract_pairs(torn) is None
