"""The schema inferred from JSON objects."""

import pyarrow as pa

from obskit.readers.jsonl.inferred_schema import InferredSchema


def inferred(*rows):
    schema = InferredSchema()
    for row in rows:
        schema.learn(row)
    return schema


def test_types_widen_from_null_to_int_to_float():
    rows = [{"a": None, "l": []}, {"a": 1, "l": [None]}, {"a": 1.5, "l": ["x"]}]
    types = [inferred(*rows[: n + 1]).schema() for n in range(3)]
    assert [schema.field("a").type for schema in types] == [pa.null(), pa.int64(), pa.float64()]
    assert [str(schema.field("l").type) for schema in types] == [
        "list<item: null>",
        "list<item: null>",
        "list<item: string>",
    ]


def test_a_field_of_mixed_types_is_left_out_for_good():
    schema = inferred({"id": 1, "ok": True}, {"id": "x"}, {"id": 1}, {"ok": None})
    assert schema.schema() == pa.schema([("ok", pa.bool_())])


def test_lists_of_objects_are_left_out():
    assert inferred({"a": 1, "l": [{"x": 1}]}).schema().names == ["a"]


def test_nested_objects_become_structs_and_their_fields_are_counted():
    schema = inferred({"n": {"x": 1}}, {"n": {"y": "a"}})
    assert schema.schema() == pa.schema([("n", pa.struct([("x", pa.int64()), ("y", pa.string())]))])
    assert schema.fields == 3


def test_the_schema_is_the_same_object_until_a_field_changes():
    schema = inferred({"a": 1})
    first = schema.schema()
    schema.learn({"a": 2})
    assert schema.schema() is first
    schema.learn({"b": 2})
    assert schema.schema() is not first
    assert InferredSchema().schema() is None
