"""Read the JSON objects of a block of records at once, where their values have one type per key.

    2026-05-04T10:00:00Z  ERROR  boom  {"order": 7}        body: ["boom", "paid"]
    2026-05-04T10:00:01Z  INFO   paid  {"order": 8}   ->   order: [7, 8], parsed as two JSON lines

Objects are refused, and `inner_json` reads them one by one, if they are nested, span lines, or mix types.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import flat_field
from obskit.readers.jsonl.arrow_blocks import parse_block
from obskit.readers.jsonl.inferred_schema import InferredSchema
from obskit.readers.jsonl.uniform_lines import UniformBlockParser

TAG = re.compile(r"(?:(?P<tag>[A-Za-z][\w.*/-]{0,199})(?::[ ]|\t))?")
"""What may be in front of an object that is a whole message."""

_BEGIN = r'^\{\s*"'  # not an empty object
_SAMPLE = 50  # objects whose fields are learned first; if there are others, those of all objects
_MOST_FIELDS = 500


class Lifted(NamedTuple):
    """The records with an object, and which of the given records they are; (N,)."""

    batch: pa.RecordBatch
    rows: npt.NDArray[np.bool_]


def meaning(name: str) -> str:
    """Return the name of the field for a key of an object."""
    found = flat_field(name)
    return found.target if found is not None else name


def lift_at_once(records: pa.RecordBatch, tag_field: str) -> Lifted | None:
    """Return the records with an object in their message, with its fields.

    Args:
        records: records whose message ends with a brace.
        tag_field: the field for the tag in front of an object.

    Returns:
        The same as reading the objects one by one; None if they have to be.
    """
    bodies, names = records["body"], records.schema.names
    levels = records["severity_text"].null_count if "severity_text" in names else len(bodies)
    if levels not in (0, len(bodies)):
        return None
    before, objects = _tagged(bodies) if levels else _split(bodies, "\t")
    rows = pc.fill_null(pc.match_substring_regex(objects, _BEGIN), False)
    objects = objects.filter(rows)
    if not len(objects) or pc.any(pc.match_substring(objects, "\n")).as_py():
        return None
    fields = _parsed(objects, alike=bool(levels))
    if fields is None:
        return None
    kept = records.filter(rows)
    own = {name: kept[name] for name in names if kept[name].null_count < len(kept)}
    if levels:
        made = _of_objects(own, fields, before.filter(rows), tag_field)
    else:
        made = _with_fields(own | {"body": before.filter(rows)}, fields)
    if made is None:
        return None
    batch = pa.RecordBatch.from_arrays(list(made.values()), list(made))
    return Lifted(batch, rows.to_numpy(zero_copy_only=False))


def _tagged(bodies: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the tag in front of each object, and the object; null where another text is in front of it."""
    before, after = _split(bodies, "{")
    coded = before.dictionary_encode()
    found = [TAG.fullmatch(text) for text in coded.dictionary.to_pylist()]
    tags = pa.array([match and match["tag"] for match in found], pa.string()).take(coded.indices)
    good = pa.array([match is not None for match in found], pa.bool_()).take(coded.indices)
    objects = pc.binary_join_element_wise("{", after, "")
    return tags, pc.if_else(pc.fill_null(good, False), objects, pa.scalar(None, pa.string()))


def _split(texts: pa.Array, at: str) -> tuple[pa.Array, pa.Array]:
    """Return what is before and after the first occurrence of a text; null where there is none."""
    parts = pc.split_pattern(texts, at, max_splits=1)
    two = pc.equal(pc.list_value_length(parts), 2)
    parts = pc.if_else(two, parts, pa.scalar([None, None], parts.type))
    return pc.list_element(parts, 0), pc.list_element(parts, 1)


def _parsed(objects: pa.Array, *, alike: bool) -> dict[str, pa.Array] | None:
    """Return the fields of objects; None if they have to be read one by one.

    Args:
        objects: the objects as text.
        alike: whether they must all have the same keys.

    Returns:
        The fields, also those that are null throughout.
    """
    whole = pa.ListArray.from_arrays(pa.array([0, len(objects)], pa.int32()), objects)
    data = pc.binary_join(whole, "\n")[0].as_buffer().to_pybytes()
    schema = _learned(objects.slice(0, _SAMPLE))
    if schema is None:
        return None
    batch = UniformBlockParser(schema).parse(data)
    if batch is None and not alike:
        batch = parse_block(data, schema)
        if batch is None and len(objects) > _SAMPLE and (schema := _learned(objects)) is not None:
            batch = parse_block(data, schema)
    if batch is None or batch.num_rows != len(objects):
        return None
    fields = dict(zip(batch.schema.names, batch.columns, strict=True))
    return {name: fields.get(name, pa.nulls(len(objects))) for name in schema.names}


def _learned(objects: pa.Array) -> pa.Schema | None:
    """Return the schema of some objects; None if some are not valid or nested, or have too many fields."""
    inferred = InferredSchema()
    for text in objects.to_pylist():
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        inferred.learn(found)
    schema = inferred.schema()
    if schema is None or inferred.fields > _MOST_FIELDS or len(schema) != inferred.fields:
        return None
    return None if any(pa.types.is_nested(kind) for kind in schema.types) else schema


def _of_objects(
    own: dict[str, pa.Array], fields: dict[str, pa.Array], tags: pa.Array, tag_field: str
) -> dict[str, pa.Array] | None:
    """Return the fields of the objects, and those of the records that the objects lack."""
    have = {meaning(name) for name in fields}
    before = {name: values for name, values in own.items() if name not in ("body", "kind")}
    if "severity_text" in have:
        before.pop("severity_number", None)
    if "timestamp" in have and "timestamp" in before:
        before["observed_timestamp"] = before.pop("timestamp")
    if tags.null_count < len(tags):
        before[tag_field] = tags
    return {name: values for name, values in before.items() if name not in have} | fields


def _with_fields(own: dict[str, pa.Array], fields: dict[str, pa.Array]) -> dict[str, pa.Array] | None:
    """Return the records, with the fields of the objects; those that a record has itself are renamed."""
    out = dict(own)
    for name, values in fields.items():
        same = own.get(meaning(name))
        parts = {name: values}
        if same is not None:
            none = pa.scalar(None, values.type)
            parts = {
                name: pc.if_else(pc.is_valid(same), none, values),
                f"attributes.{name}": pc.if_else(pc.is_valid(same), values, none),
            }
        for target, part in parts.items():
            if part.null_count == len(part):
                continue  # null throughout, or in the records that it would be in
            if target in out and not out[target].type.equals(part.type):
                return None
            out[target] = pc.coalesce(out[target], part) if target in out else part
    return out
