"""Records whose message is, or ends with, a JSON object; read at once, they are the same as one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import obskit as ok
from obskit.readers.app_log import inner_json
from obskit.readers.app_log.uniform_objects import lift_at_once
from obskit.schema import TIMESTAMP, LoadReport, Normalizer

KEYS = ("order", "level", "msg", "ts", "timestamp", "user", "trace_id", "severity_number", "kind", "body")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(
        ["", "info", "a b", 'say "x"', "é\u2028", "tab\there", "2026-05-04T09:59:59Z", "line\nbreak"]
    ),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.sampled_from("ab"), SCALARS))


def records(bodies: list[str], level: str | None, *, timed: bool = True) -> pa.RecordBatch:
    rows = len(bodies)
    columns: dict[str, pa.Array] = {
        "timestamp": pa.array([datetime(2026, 5, 4, 10, tzinfo=UTC) if timed else None] * rows, TIMESTAMP),
        "kind": pa.array(["event"] * rows),
        "severity_text": pa.array([level] * rows, pa.string()),
        "code.file.path": pa.array(["main.go" if row % 2 else None for row in range(rows)], pa.string()),
        "body": pa.array(bodies),
    }
    return pa.RecordBatch.from_pydict(columns)


def events_of(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    rows = Normalizer(LoadReport()).batch(batch).to_pylist()
    return [{name: repr(value) for name, value in row.items() if value is not None} for row in rows]


@st.composite
def blocks(draw: st.DrawFn) -> tuple[list[str], str | None]:
    """Messages of a block: mostly objects with the same keys, as programs write them."""
    level = draw(st.sampled_from([None, "INFO"]))
    before = "" if level is None else "paid\t"
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=4))
    kinds = {
        key: draw(st.sampled_from([st.integers(0, 9), st.sampled_from(["info", "b"]), VALUES]))
        for key in keys
    }
    objects = draw(st.lists(st.fixed_dictionaries(kinds), min_size=1, max_size=4))
    texts = [before + json.dumps(one) for one in objects]
    odd = st.sampled_from(
        ["{}", 'app.log\t{"n": 1}', 'é.log: {"n": 1}', "map{a:1}", "a}", 'x\t{"n": 01}', '{"n": 1, "n": 2}']
    )
    return texts + draw(st.lists(odd, max_size=1)), level


@given(blocks(), st.booleans())
def test_at_once_is_the_same_as_one_by_one(block: tuple[list[str], str | None], timed: bool) -> None:
    bodies, level = block
    batch = records(bodies, level, timed=timed)
    fast, slow = lift_at_once(batch, "fluentd.tag"), inner_json._lift_each(batch)
    if fast is None:
        return
    assert slow is not None
    assert fast.rows.tolist() == slow.rows.tolist()
    assert events_of(fast.batch) == events_of(slow.batch)


@pytest.mark.parametrize("level", [None, "INFO"])
def test_usual_objects_are_read_at_once(level: str | None) -> None:
    before = "" if level is None else "paid\t"
    bodies = [
        before + json.dumps({"order": n, "ok": n % 2 == 0, "ms": n / 4, "who": f"u{n}"}) for n in range(99)
    ]
    found = lift_at_once(records(bodies, level), "fluentd.tag")
    assert found is not None
    assert found.batch.num_rows == 99
    assert found.batch["order"].to_pylist() == list(range(99))


def test_fields_that_come_late_or_in_some_records_are_read_at_once() -> None:
    bodies = [f"paid\t{json.dumps({'order': n} if n < 80 else {'seat': str(n)})}" for n in range(99)]
    found = lift_at_once(records(bodies, "INFO"), "fluentd.tag")
    assert found is not None
    assert found.batch["seat"].to_pylist() == [None] * 80 + [str(n) for n in range(80, 99)]


def test_fields_that_a_record_has_are_renamed_in_it() -> None:
    bodies = [f'paid\t{{"msg": "m{n}", "code.file.path": "f{n}"}}' for n in range(4)]
    found = lift_at_once(records(bodies, "INFO"), "fluentd.tag")
    assert found is not None
    assert found.batch["body"].to_pylist() == ["paid"] * 4
    assert found.batch["attributes.msg"].to_pylist() == ["m0", "m1", "m2", "m3"]
    assert found.batch["attributes.code.file.path"].to_pylist() == [None, "f1", None, "f3"]
    assert found.batch["code.file.path"].to_pylist() == ["f0", "main.go", "f2", "main.go"]


@pytest.mark.parametrize("key", ["ts", "time", "timestamp", "@timestamp"])
@pytest.mark.parametrize("rest", ['"n": 1', '"n": {"deep": 1}'])
def test_an_object_with_a_time_of_its_own(key: str, rest: str, tmp_path: Path, monkeypatch) -> None:
    """Fluentd: the time in front of the tag is when the object was read. Half of the objects have no time."""
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    own = f'{{"{key}": "2026-05-04T09:59:59Z", "msg": "boom", {rest}}}'
    lines = [f"2026-05-04T10:00:0{n}+00:00\tapp.log\t{own if n % 2 else '{' + rest + '}'}" for n in range(6)]
    (tmp_path / "app.log").write_text("\n".join(lines) + "\n")
    events = ok.load(tmp_path / "app.log")
    assert events.load_report.rejected_count == 0
    rows = events.to_arrow().to_pylist()
    times = [(row["timestamp"].second, row["observed_timestamp"]) for row in rows]
    assert sorted(second for second, observed in times if observed is None) == [0, 2, 4]
    assert [second for second, observed in times if observed is not None] == [59, 59, 59]
    assert sorted(str(observed)[17:19] for _, observed in times if observed is not None) == ["01", "03", "05"]
