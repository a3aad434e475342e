"""Keys found in a document's bytes, and the tags that hold a span's own fields."""

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.readers.spans.tags import filled, keys_in, move_own_tags, padded, padded_ids
from tests.support.examples import examples

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=20)
DOCUMENT = st.recursive(
    st.one_of(TEXT, st.integers(-(2**53), 2**53), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=20,
)


def keys(document, kind=object):
    if isinstance(document, dict):
        own = {key for key, value in document.items() if isinstance(value, kind)}
        return own.union(*(keys(value, kind) for value in document.values()))
    return set().union(*(keys(item, kind) for item in document)) if isinstance(document, list) else set()


@settings(max_examples=examples(150), deadline=None)
@given(DOCUMENT)
def test_all_keys_of_a_document_are_found(document):
    data = orjson.dumps(document)
    assert set(keys_in(data)) == keys(document)
    assert set(keys_in(data, b'"')) == keys(document, str)


def test_no_keys_are_found_in_a_document_with_an_escape():
    assert keys_in(rb'{"a":"\n","b":1}') == []


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=60).map(lambda data: data.replace(b"\\", b'"')))
def test_bytes_that_are_not_json_give_only_keys_in_them(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    assert all(f'"{key}":' in data.decode() for key in keys_in(data))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("b", "000b"), ("ABCD", "ABCD"), ("12345", "12345"), ("x", "x"), ("", None), (None, None)],
)
def test_ids_in_hex_are_padded(text, wanted):
    assert padded(text, 4) == wanted
    assert padded_ids(filled(pa.array([text, "x", "0123"], pa.string())), 4).to_pylist() == [
        wanted,
        *["x", "0123"],
    ]


def test_tags_about_the_span_become_columns():
    tags = {
        "kind": [None, "client"],
        "span.kind": ["SERVER", "robot"],
        "attributes.error": ["true", "no seats"],
        "otel.status_code": ["STATUS_CODE_OK", "7"],
        "n": [1, 2],
    }
    batch = move_own_tags(pa.RecordBatch.from_pydict(tags))
    assert batch.to_pydict() == {
        "kind": ["server", "client"],
        "span.kind": [None, "robot"],
        "otel.status_code": [None, "7"],
        "n": [1, 2],
        "status_code": ["ERROR", "ERROR"],
        "error.type": [None, "no seats"],
    }
