"""A folder with one file of everything: all events are read, and the report says what became of the rest."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest

import obskit as ok
from obskit.readers import REGISTRY
from tests.metamorphic.samples import EXEMPT, samples
from tests.metamorphic.world import START, World

ROWS = 3
MODIFIED = (START + timedelta(days=1)).timestamp()
WITHOUT_EVENTS = {
    "grafana.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "values.yaml": b"replicas: 3\nimage:\n  tag: 2.4.0\n",
    "page.html": b"<!doctype html>\n<html><body>down</body></html>\n",
    "empty.log": b"",
    "notes.txt": b"10:05 ann: we are looking at it\n10:20 ben: rolled back\n",
}


def _name(sample: object, file: str) -> str:
    return re.sub(r"[ ,]+", "-", str(sample)) + "-" + file


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everything") / "incident"
    folder.mkdir()
    for sample in samples():
        path = folder / _name(sample, sample.file)
        path.write_bytes(sample.write(World(ROWS)))
        os.utime(path, (MODIFIED, MODIFIED))  # glog writes no year: it is that of the file
    for name, data in WITHOUT_EVENTS.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def events(incident: Path) -> ok.Events:
    return ok.load(incident)


def test_every_format_has_a_file_in_the_folder() -> None:
    assert {one.reader for one in samples()} | EXEMPT.keys() == {one.name for one in REGISTRY.readers()}


def test_all_events_of_all_formats_are_read(events: ok.Events) -> None:
    table = events.dataset.arrow()
    assert table.num_rows == ROWS * len(samples())
    untimed = [one for one in samples() if not one.timed]
    assert table["timestamp"].null_count == ROWS * len(untimed)
    years = set(pc.year(table["timestamp"].drop_null()).to_pylist())
    assert years == {2026}
    # The requests of the world last 12.0, 19.31 and 926.62 ms; some formats round to milliseconds.
    durations = {round(value) for value in table["duration_ms"].drop_null().to_pylist()}
    assert durations <= {12, 19, 926, 927}


def test_the_report_names_each_file_that_is_not_read_and_says_why(events: ok.Events) -> None:
    report = events.load_report
    text = str(report)
    lines = text.splitlines()
    assert lines[0] == f"{ROWS * len(samples())} rows read, {report.rejected_count} rejected"
    for name in WITHOUT_EVENTS:
        (line,) = [line for line in lines if name in line]
        assert len(line) < 300
    assert "skipped 3 files that hold no events: grafana.png, page.html, values.yaml" in lines
    assert f"{ROWS} rows without a timestamp" in lines
    assert {rejection.file.rpartition("/")[2] for rejection in report.rejected} <= WITHOUT_EVENTS.keys()


def test_a_stranger_can_read_the_report(events: ok.Events) -> None:
    """Each line is a short sentence, and none has an error of Python, an address or a list of all formats."""
    lines = str(events.load_report).splitlines()
    assert len(lines) < 60
    for line in lines:
        assert len(line) < 400, line
        assert not re.search(r"Traceback|Error\b|0x[0-9a-f]{6,}|<class|fault in the reader", line), line
        assert sum(reader.name in line for reader in REGISTRY.readers()) < 5, line


@pytest.mark.parametrize("name", WITHOUT_EVENTS)
def test_a_file_without_events_that_is_named_itself_is_an_error(incident: Path, name: str) -> None:
    with pytest.raises(ok.ObskitError) as caught:
        ok.load(incident / name)
    message, _, hint = str(caught.value).partition("\nHint: ")
    assert name in message
    assert hint
    assert len(message) < 400 + len(str(incident))


def test_json_and_text_of_the_same_requests_agree(events: ok.Events) -> None:
    """The nginx log in text and in JSON, Envoy's in both, and the spans of all tracing tools: one answer."""
    table = events.dataset.arrow()
    statuses = [value for value in table["http.response.status_code"].to_pylist() if value is not None]
    assert set(statuses) == {200, 502}
    failed = pc.equal(table["http.response.status_code"], 502)
    assert pc.all(table.filter(pc.fill_null(failed, False))["error"]).as_py()
    good = pc.equal(table["http.response.status_code"], 200)
    assert not pc.any(table.filter(pc.fill_null(good, False))["error"]).as_py()
