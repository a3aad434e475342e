"""Keys found in a document's bytes are those that a parser finds."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.readers.spans.tags import keys_in

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


@settings(max_examples=150, deadline=None)
@given(DOCUMENT)
def test_keys_are_those_of_the_document(document):
    data = orjson.dumps(document)
    assert set(keys_in(data)) == keys(document)
    assert set(keys_in(data, b'"')) == keys(document, str)


def test_a_document_with_an_escape_gives_none():
    assert keys_in(rb'{"a":"\n","b":1}') == []


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60).map(lambda data: data.replace(b"\\", b'"')))
def test_bytes_that_are_no_document_do_no_harm(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    assert all(f'"{key}":' in data.decode() for key in keys_in(data))
