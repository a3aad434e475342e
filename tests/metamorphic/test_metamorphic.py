"""Some hundred mutations with a fixed seed in every run; and the tester itself finds what is planted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from obskit.readers import REGISTRY, Source
from obskit.schema import LoadReport
from tests.metamorphic import __main__ as command
from tests.metamorphic import answer, marker_samples, runner
from tests.metamorphic.answer import difference, plain, told
from tests.metamorphic.mutations import MUTATIONS
from tests.metamorphic.runner import ALL, Filter, Trial, clean, judge, original, trial
from tests.metamorphic.sample import Sample
from tests.metamorphic.samples import EXEMPT, samples
from tests.metamorphic.world import World
from tests.support.loaded import Loaded, load_files

EACH = 24
"""Trials of each mutation; `python -m tests.metamorphic` makes as many as one likes."""


@pytest.fixture(autouse=True, scope="module")
def _no_files_left():
    yield
    clean()


@pytest.mark.parametrize("name", MUTATIONS)
def test_no_changed_file_gives_another_answer_without_a_remark(name: str) -> None:
    wrong = [one for n in range(EACH) if (one := trial(1, n, Filter(name))).outcome == "WRONG"]
    assert not wrong, "\n\n".join(map(str, wrong[:3]))


@pytest.mark.parametrize("sample", samples(), ids=str)
def test_each_sample_is_read_whole_by_its_reader(sample: Sample, tmp_path) -> None:
    path = tmp_path / sample.file
    path.write_bytes(sample.write(World(9)))
    assert REGISTRY.choose(Source(path)).name == sample.reader
    found = original(sample, World(9))
    assert len(found.rows) == 9
    assert not found.refused
    remarks = {} if sample.timed else {"without a timestamp": 9}
    if str(sample) == "application log, glog":  # its times have no year
        assert [text[:23] for text in found.told] == ["times have no year (glo"]
        return
    assert found.told == remarks


STARTS = {"access log, nginx with request time", "access log, ingress-nginx", "nginx JSON"}
"""Logs whose time is that of the answer: the request began its duration earlier."""

NO_DURATION = {
    *("access log, common", "access log, combined", "flat JSONL, zap", "flat JSONL, bunyan"),
    "flat JSONL, pino",  # nothing says that pino-http's responseTime is in milliseconds
    *("flat JSONL, Serilog", "flat JSONL, slog", "flat JSONL, ECS", "flat JSONL, logstash"),
}
NO_DURATION |= {"JSON document, envelope", "JSON document, list"}
MARKERS = {
    *("CDEvents", "CloudEvents", "GitHub deployments", "GitLab deployments", "Argo CD"),
    *("Kubernetes events", "CSV of markers"),
    *(sample.reader for sample in marker_samples.SAMPLES),
}


@pytest.mark.parametrize("sample", samples(), ids=str)
def test_each_sample_has_the_values_of_its_world(sample: Sample) -> None:
    """The mutations compare with this answer: it has to be the right one."""
    world = World(12)
    for row, one in zip(original(sample, world).rows, world.requests(), strict=True):
        if str(sample) in STARTS:
            begun = one.time.replace(microsecond=0) if sample.reader == "access log" else one.time
            begun = begun - timedelta(milliseconds=round(one.ms))
        else:
            begun = one.time
        if sample.timed:
            late = begun - datetime.fromisoformat(row["timestamp"])
            assert timedelta(0) <= late < timedelta(seconds=1), "a time may lack its fraction of a second"
        if sample.reader in MARKERS:
            assert row["kind"] == "event"
            assert "duration_ms" not in row
            continue
        assert (row["error"] == "true") == one.failed
        if "duration_ms" in row:
            assert float(row["duration_ms"]) == pytest.approx(
                one.ms, abs=0.51 if "." in row["duration_ms"] else 1
            )
        assert ("duration_ms" in row) == (
            sample.reader != "application log" and str(sample) not in NO_DURATION
        )
        for name, wanted in (
            ("http.response.status_code", str(one.status)),
            ("trace_id", one.trace_id),
            ("span_id", one.span_id),
            ("client.address", one.client),
        ):
            if sample.reader != "Datadog" or name != "trace_id":  # whose ids have 64 bits
                assert row.get(name, wanted) == wanted


def test_every_reader_has_a_sample() -> None:
    registered = {reader.name for reader in REGISTRY.readers()}
    missing = registered - {one.reader for one in samples()} - EXEMPT.keys()
    assert not missing, f"add files of {sorted(missing)} to the table in tests/metamorphic/samples.py"
    assert not EXEMPT.keys() & {one.reader for one in samples()}


def test_every_mutation_applies_to_many_samples() -> None:
    for name in MUTATIONS:
        drawn = (str(trial(3, n, Filter(name)).sample) for n in range(EACH))
        first = next(drawn)
        assert any(other != first for other in drawn), name


def test_a_seed_and_a_number_make_the_same_trial_again() -> None:
    def made(seed: int) -> list[tuple[Any, ...]]:
        return [
            (one.mutation, str(one.sample), one.change.data, one.outcome)
            for one in (trial(seed, n) for n in range(12))
        ]

    assert made(5) == made(5)
    assert made(5) != made(6)


def _sample(name: str) -> Sample:
    return next(one for one in samples() if str(one) == name)


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("blank lines", lambda row: row | {"duration_ms": row["duration_ms"] * 1000}),
        ("shuffle lines", lambda row: row | {"error": not row["error"]}),
        ("crlf", lambda row: {k: v for k, v in row.items() if k != "trace_id"}),
        ("duplicate lines", lambda row: None if row["span_id"].endswith("3") else row),
        ("shift the clock", lambda row: row | {"timestamp": row["timestamp"].replace(hour=0)}),
    ],
)
def test_what_is_planted_is_found(name: str, harm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sample, world = _sample("flat JSONL"), World(14)
    original.cache_clear()
    original(sample, world)  # the right answer; only the changed file is read wrong

    def wrong(*paths: Any) -> Loaded:
        loaded = load_files(*paths)
        return replace(loaded, rows=[row for one in loaded.rows if (row := harm(one)) is not None])

    monkeypatch.setattr(answer, "load_files", wrong)
    change = MUTATIONS[name](runner.choose(1, 1)[3], sample, world, list(samples()))
    assert change is not None
    assert judge(partial(Trial, 1, 1, ALL, name, sample, change), world).outcome == "WRONG"
    original.cache_clear()


def test_an_error_that_is_not_obskits_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    sample, world = _sample("flat JSONL"), World(14)
    original(sample, world)
    change = MUTATIONS["crlf"](runner.choose(1, 1)[3], sample, world, list(samples()))
    assert change is not None

    def broken(*paths: Any) -> Loaded:
        raise KeyError("duration_ms")

    monkeypatch.setattr(answer, "load_files", broken)
    found = judge(partial(Trial, 1, 1, ALL, "crlf", sample, change), world)
    assert (found.outcome, found.difference) == (
        "WRONG",
        "an error that is not obskit's: KeyError: 'duration_ms'",
    )


def test_remarks_are_what_warns_not_what_was_renamed() -> None:
    report = LoadReport(rows_read=3, untimed=2)
    report.rename("ts", "timestamp", 3)
    report.reject("a.log", "line 3, byte 10", "a row with more or fewer fields than the header's 7")
    report.fail_to_parse("duration_ms", 1)
    report.note("3 rows are exact duplicates")
    assert told(report) == {
        "rejected: a row with more or fewer fields than the header's N": 1,
        "could not parse duration_ms": 1,
        "without a timestamp": 2,
        "N rows are exact duplicates": 1,
    }


def test_values_are_compared_as_text() -> None:
    assert [plain(v) for v in (True, 3, 3.0, 0.1 + 0.2, "3", [1, None])] == [
        "true",
        "3",
        "3",
        "0.3",
        "3",
        "[1, null]",
    ]
    assert difference([{"a": "1"}], [{"a": "2", "duration_ms": "5"}]) == (
        "1 rows wanted, 1 read; 1 missing, 1 others; duration_ms: empty is '5', a: '1' is '2'"
    )
    assert difference([{"a": "1"}, {"a": "2"}], [{"a": "2"}, {"a": "1"}]) == ""


def test_the_command_counts_by_mutation_and_reader_and_repeats_a_trial(capsys, tmp_path) -> None:
    assert command.main(["--count", "12", "--mutation", "crlf", "--reader", "CSV"]) == 0
    printed = capsys.readouterr().out
    assert "crlf                               12" in printed
    assert "12 mutations in" in printed
    assert (
        command.main(["--only", "3", "--mutation", "crlf", "--reader", "CSV", "--keep", str(tmp_path)]) == 0
    )
    (kept,) = tmp_path.iterdir()
    assert b"\r\n" in kept.read_bytes()
