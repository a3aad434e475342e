"""Markers of other tools: every field in every form, detection, and changed input."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import ObskitError, ReadError
from obskit.readers import REGISTRY, read_paths
from obskit.readers.batches import row_batcher as rows
from obskit.readers.io.source import Source
from obskit.readers.markers.reader import identify
from obskit.schema import LoadReport, Normalizer
from tests.support.change_markers import CHANGE_CASES
from tests.support.examples import examples
from tests.support.markers import ARGO, CASES, CLOUD, GITHUB_STATUS, GITLAB, K8S, SERVICE

FORMATS = {
    "one document": lambda item: json.dumps(item),
    "printed over lines": lambda item: json.dumps(item, indent=2) + "\n",
    "a list": lambda item: json.dumps([item], indent=1),
    "a line": lambda item: json.dumps(item) + "\n",
    "a List": lambda item: json.dumps({"apiVersion": "v1", "items": [item], "kind": "List"}, indent=4),
    "with its event's name": lambda item: json.dumps({"event": "deployment_status", "payload": item}),
    "with its headers": lambda item: json.dumps({"headers": {"X-Event": "x"}, "body": json.dumps(item)}),
    "watched": lambda item: json.dumps({"type": "ADDED", "object": item}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", FORMATS)
def test_every_marker_in_every_form(read, case, form):
    item, wanted = CASES[case]
    got = read(FORMATS[form](item).encode(), name="markers.json")
    assert got.rows == [wanted]
    assert got.report.rejected_count == 0


@pytest.mark.parametrize("case", CHANGE_CASES)
@pytest.mark.parametrize("form", FORMATS)
def test_every_change_in_every_form(read, case, form):
    item, wanted = CHANGE_CASES[case]
    got = read(FORMATS[form](item).encode(), name="markers.json")
    assert got.rows == wanted
    assert got.report.rejected_count == 0


@pytest.mark.parametrize("case", CHANGE_CASES)
def test_the_tool_of_a_change_is_recognized(tmp_path, case):
    path = tmp_path / "x.json"
    path.write_text(json.dumps([CHANGE_CASES[case][0]] * 30, indent=1))
    assert REGISTRY.choose(Source(path)).name == case.partition(":")[0]


def test_a_file_without_a_complete_marker_is_an_error(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(json.dumps(GITLAB).encode()[:-5], name="a.json")
    assert str(caught.value) == (
        f"{tmp_path}/a.json has no deployment, incident or event (line 1, byte 0: torn: the file ends within it)\n"
        "Hint: the file may be truncated; export it again"
    )


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (json.dumps(SERVICE), "CDEvents"),
        (json.dumps(CLOUD), "CloudEvents"),
        (json.dumps([GITHUB_STATUS] * 30), "GitHub deployments"),
        (json.dumps(GITLAB), "GitLab deployments"),
        (json.dumps({"items": [ARGO] * 200, "kind": "List"}, indent=4), "Argo CD"),
        (json.dumps(ARGO | {"zz": ["x" * 80] * 2000}), "Argo CD"),
        (json.dumps({"items": [K8S] * 200, "kind": "List"}), "Kubernetes events"),
        (json.dumps({"time": 1, "deployment": "blue", "object_kind": 3}), "flat JSONL"),
        (json.dumps(SERVICE) + "\n" + json.dumps({"time": 1, "name": "GET"}), "flat JSONL"),
        (json.dumps({"specversion": "1.0", "type": "x", "time": 1}), "flat JSONL"),
        (
            json.dumps(
                {
                    "spec": {"destination": {}},
                    "status": {},
                    "kind": "VirtualService",
                    "metadata": {"name": "x"},
                }
            ),
            "flat JSONL",
        ),
    ],
)
def test_the_format_is_detected_by_content(tmp_path, data, name):
    path = tmp_path / "x.json"
    path.write_text(data)
    assert REGISTRY.choose(Source(path)).name == name


def _places(item, path=()):
    yield path
    for key, value in item.items() if type(item) is dict else enumerate(item) if type(item) is list else ():
        yield from _places(value, (*path, key))


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def _mutated(draw):
    cases = [case for case, _ in (*CASES.values(), *CHANGE_CASES.values())]
    item = copy.deepcopy(draw(st.sampled_from(cases)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(_places(item))))
        value = draw(_ANYTHING)
        if not path:
            return value
        parent = item
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = value
    return item


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(_mutated(), max_size=3), st.sampled_from([None, 1]), st.booleans())
def test_a_change_at_any_place_leaves_the_other_markers(tmp_path_factory, items, indent, listed):
    path = tmp_path_factory.mktemp("m") / "m.json"
    items = [item for item in items if item != []]
    everything = [GITLAB, *items, K8S]
    if listed:
        data = json.dumps(everything, indent=indent)
    else:
        data = "\n".join(json.dumps(item, indent=indent) for item in everything)
    path.write_text(data)
    report = LoadReport()
    normalizer = Normalizer(report)
    try:
        reader = next(one for one in REGISTRY.readers() if one.name == "GitLab deployments")
        rows = [
            row
            for batch in reader.read(Source(path), report.file(path), None)
            for row in normalizer.batch(batch).to_pylist()
        ]
    except ObskitError as error:
        raise AssertionError(str(error)) from error
    assert [row["name"] for row in (rows[0], rows[-1])] == ["deployment", "BackOff"]
    assert len(rows) + report.rejected_count >= 2 + len(items)


@settings(max_examples=examples(100), deadline=None)
@given(_mutated())
def test_rows_of_markers_are_flat(item):
    found = identify(item) if type(item) is dict else None
    for row in found[1] if found else ():
        assert row["kind"] == "event"
        assert not any(value is None for value in row.values())


@pytest.mark.parametrize("kind", ["markers", "curl"])
def test_large_rows_are_not_kept_in_memory(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(rows, "BYTES", 100_000)
    event = {
        "markers": {"specversion": "1.0", "type": "a", "source": "b", "id": "1", "data": {"x": "y" * 20_000}},
        "curl": {"time_total": 0.1, "http_code": 200, "url": "http://a/" + "y" * 20_000, "time_connect": 0.1},
    }[kind]
    (tmp_path / "events.json").write_text(f"{json.dumps(event)}\n" * 50)
    batches = list(read_paths([tmp_path / "events.json"], LoadReport()))
    assert sum(batch.num_rows for batch in batches) == 50
    assert max(batch.num_rows for batch in batches) == 5
