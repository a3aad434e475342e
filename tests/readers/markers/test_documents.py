"""JSON objects in any arrangement, and the complete ones of a damaged file."""

import copy
import json

import pytest

from obskit.errors import ReadError
from obskit.readers import REGISTRY
from obskit.readers.io.source import Source
from obskit.schema import LoadReport
from tests.support.markers import GITHUB_STATUS, GITLAB, K8S, SERVICE


def test_a_damaged_document_between_complete_ones(read):
    good = json.dumps(GITHUB_STATUS, indent=2)
    got = read(f"{good}\n{good[:-40]}\n{good}{good}\n".encode())
    assert len(got.rows) == 3
    assert [reason for _, reason in got.reasons] == ["not JSON"]


def test_a_torn_list_gives_its_complete_items(read):
    listed = json.dumps({"apiVersion": "v1", "items": [K8S] * 50, "kind": "List"}, indent=4)
    got = read(listed[: len(listed) // 2].encode())
    assert 20 <= len(got.rows) < 25
    assert [reason for _, reason in got.reasons] == ["torn: the file ends within it"]
    assert len(read(listed[: len(listed) // 2].replace("\n", "").encode()).rows) == len(got.rows)


def test_reading_stops_after_100_damaged_places(read):
    got = read(b"\n".join([json.dumps(GITLAB, indent=1).encode(), *[b'{"a":\n{'] * 500]))
    assert len(got.rows) == 1
    assert got.report.rejected_by_reason == {
        "not JSON": 100,
        "not read: there are 100 damaged places before it": 1,
    }


def test_a_document_after_a_torn_one_is_read(read):
    torn, listed = json.dumps(GITLAB, indent=1)[:-20], json.dumps({"items": [K8S], "kind": "List"}, indent=1)
    got = read(f"{torn}\n{json.dumps(GITLAB, indent=1)}\n{listed[:-30]}".encode())
    assert [row["name"] for row in got.rows] == ["deployment"]
    assert [reason for _, reason in got.reasons] == ["not JSON", "torn: the file ends within it"]


@pytest.mark.parametrize("piece", ["[", '{"a":', '{"items":[', '[{"a":[', '"specversion",'])
def test_thousands_of_openings_take_little_time(tmp_path, piece):
    path = tmp_path / "x.json"
    path.write_text(piece * 50_000 + '"specversion"')
    report = LoadReport()
    source = Source(path)
    for reader in REGISTRY.readers():
        reader.sniff(source.head)
    with pytest.raises(ReadError, match="has no deployment, incident or event"):
        list(
            next(r for r in REGISTRY.readers() if r.name == "CDEvents").read(source, report.file(path), None)
        )
    assert 1 <= report.rejected_count <= 50_001


def test_nesting_and_depth(read):
    deep = '{"object_kind":"deployment","status":"x","a":' + "[" * 5000 + "]" * 5000 + "}"
    custom = copy.deepcopy(SERVICE)
    for _ in range(100):
        custom["customData"] = {"a": [custom["customData"]]}
    got = read("\n".join([json.dumps(GITLAB), deep, json.dumps(custom)]).encode())
    assert len(got.rows) == 1
    assert {reason for _, reason in got.reasons} == {"nested too deeply", "nested deeper than 64 levels"}
