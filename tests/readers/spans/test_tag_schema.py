"""Tags as an exact schema: what is discovered in a document, and the limit on their number."""

import json

import pyarrow as pa
import pytest

from obskit.readers.spans import tag_schema
from obskit.readers.zipkin.columnar import ZipkinTagSchema


def document(**tags):
    return json.dumps({"id": "1", "tags": tags}, separators=(",", ":"), ensure_ascii=False).encode()


def test_new_tags_of_a_document_are_discovered_while_parsing():
    tags = ZipkinTagSchema()
    tags.add("a")
    table = tags.parse(document(a="1", b="2"), listed=False)
    assert table["tags"].to_pylist()[0] == dict.fromkeys(tags.tags) | {"a": "1", "b": "2"}


def test_keys_next_to_escapes_are_discovered():
    tags = ZipkinTagSchema()
    assert tags.discover(document(**{'q"': "x", "b": "\n"}))
    assert {'q"', "b"} <= tags.tags.keys()
    assert not tags.discover(document(b="y"))


def test_a_document_that_no_tag_explains_is_refused():
    tags = ZipkinTagSchema()
    tags.add("a")
    with pytest.raises(pa.ArrowInvalid):
        tags.parse(document(a=5), listed=False)


def test_too_many_tags_make_the_schema_unusable(monkeypatch):
    monkeypatch.setattr(tag_schema, "MAX_TAGS", 2)
    tags = ZipkinTagSchema()
    assert not tags.usable
    tags.learn({"a": "1", "b": "2"})
    assert tags.usable
    tags.learn({"c": "1", "d": "2"})
    assert (tags.usable, len(tags.tags)) == (False, 3)
