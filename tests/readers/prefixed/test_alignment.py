"""Each row gets the prefix of its own line, whatever the reader of the lines does with them.

Prefix and line hold the same number. Lines of several formats, bad lines and records of several lines are mixed
at random, in files that are read in many small chunks.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import ObskitError
from obskit.readers import Source, read_paths
from obskit.readers.prefixed import reader as module
from obskit.schema import LoadReport
from obskit.schema import report as report_module
from tests.support.examples import examples
from tests.support.loaded import load_batches

pytestmark = pytest.mark.once

START = datetime(2026, 5, 4, 10, tzinfo=UTC)


def time_of(n):
    return START + timedelta(seconds=n)


def clock(n):
    return f"{time_of(n):%Y-%m-%dT%H:%M:%S}"


def cri(n, pod, line):
    return f"{clock(n)}.000000001Z std{('out', 'err')[pod]} F {line}"


def kubectl(n, pod, line):
    return f"[pod/shop-{pod}/app] {clock(n)}.000000001Z {line}"


def syslog(n, pod, line):
    return f"<{13 + pod}>1 {clock(n)}Z web-{pod} shop {n} - - {line}"


def docker(n, pod, line):
    return json.dumps({"log": f"{line}\n", "stream": ("stdout", "stderr")[pod], "time": f"{clock(n)}Z"})


PREFIXES = {"cri": cri, "kubectl": kubectl, "syslog": syslog, "docker": docker}
LINES = {
    "json": lambda n: json.dumps({"n": n, "msg": "served"}),
    "other keys": lambda n: json.dumps({"n": n, f"key{n % 5}": "x", "list": [1, n]}),
    "access": lambda n: (
        f'10.0.{n // 250}.{n % 250} - - [04/May/2026:10:00:00 +0000] "GET /{n} HTTP/1.1" 200 5'
    ),
    "logfmt": lambda n: f'time=2026-05-04T09:00:00Z level=info msg="served" n={n}',
    "logfmt 2": lambda n: f'time=2026-05-04T09:00:00Z level=info msg="a \\" quote" n={n} k{n % 3}',
    "app": lambda n: f"2026-05-04 09:00:00,123 INFO shop.cart: n={n}",
    "app of several lines": lambda n: f"2026-05-04 09:00:00,123 ERROR shop.cart: n={n}",
    "goes on": lambda n: f'  File "cart.py", line {n}, in pay',
    "text": lambda n: f"served n={n}",
    "torn json": lambda n: f'{{"n": {n}, "msg": ',
    "a list": lambda n: f"[{n}]",
    "torn access": lambda n: f'10.0.0.1 - - [04/May/2026:10:00:00 +0000] "GET /{n}',
}


def number_of(row):
    """Return the number in a row's own fields."""
    if "n" in row:
        return int(row["n"])
    if "url.path" in row:
        return int(row["url.path"][1:])
    text = row.get("body") or ""
    return int(re.search(r"n=(\d+)", text)[1]) if re.search(r"n=(\d+)", text) else None


@st.composite
def files(draw):
    """A prefix, and (pod, kind of line) of each line; runs of lines are of one kind, as in real files."""
    prefix = draw(st.sampled_from(sorted(PREFIXES)))
    kinds = draw(st.lists(st.sampled_from(sorted(LINES)), min_size=1, max_size=4, unique=True))
    lines = []
    for kind, pod, length in draw(
        st.lists(
            st.tuples(st.sampled_from(kinds), st.integers(0, 1), st.integers(1, 30)), min_size=1, max_size=12
        )
    ):
        lines += [(pod, kind)] * length
    return prefix, lines


def load(tmp_path, prefix, lines, block):
    path = tmp_path / "log"
    made = (PREFIXES[prefix](n, pod, LINES[kind](n)) for n, (pod, kind) in enumerate(lines))
    path.write_text("".join(f"{line}\n" for line in made))
    report = LoadReport()
    # All rejections are kept, so that each line can be looked up.
    with (
        mock.patch.multiple(module, BLOCK=block, CHUNK=3 * block),
        mock.patch.object(report_module, "KEPT", 10_000),
    ):
        return load_batches(read_paths([path], report), report)


@settings(max_examples=examples(60), deadline=None)
@given(files(), st.sampled_from([400, 2_000, 1_000_000]))
def test_a_row_has_the_prefix_of_its_line(tmp_path_factory, file, block):
    prefix, lines = file
    path = tmp_path_factory.mktemp("alignment")
    try:
        got = load(path, prefix, lines, block)
    except ObskitError:
        return
    seen = []
    for row in got.rows:
        n = number_of(row)
        if n is None:  # the continuation of a record whose first line is missing
            continue
        seen.append(n)
        pod = lines[n][0]
        own = row.get("observed_timestamp") or row["timestamp"]
        assert own.replace(microsecond=0) == time_of(n)
        if prefix == "kubectl":
            assert row["k8s.pod.name"] == f"shop-{pod}"
        elif prefix == "syslog":
            assert (row["host.name"], row["process.pid"]) == (f"web-{pod}", n)
        else:
            assert row["log.iostream"] == ("stdout", "stderr")[pod]
    assert len(seen) == len(set(seen))
    rejected = {int(position.split(",")[0].removeprefix("line ")) - 1 for position, _ in got.reasons}
    assert not rejected & set(seen)
    for n, (_, kind) in enumerate(lines):
        if kind not in ("goes on", "a list", "text", "torn json", "torn access"):
            continue
        # Such lines may belong to the record before them; they are in its text, in a row, or rejected.
        text = LINES[kind](n).strip()
        assert (
            n in rejected
            or n in seen
            or any(text in str(value) for row in got.rows for value in row.values())
        ), (n, text)
    for n, (_, kind) in enumerate(lines):
        if kind in ("json", "other keys", "access", "logfmt", "logfmt 2", "app", "app of several lines"):
            found = n in seen or n in rejected
            assert found or any(LINES[kind](n) in str(value) for row in got.rows for value in row.values()), (
                n,
                kind,
            )


@pytest.mark.parametrize("kind", ["json", "other keys", "access", "logfmt", "app", "text"])
@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_bad_lines_between_good_ones(tmp_path, prefix, kind):
    lines = [(n % 2, "a list" if n % 7 == 3 and kind not in ("text", "app") else kind) for n in range(2_000)]
    got = load(tmp_path, prefix, lines, 20_000)
    assert sorted(map(number_of, got.rows)) == [n for n, (_, each) in enumerate(lines) if each == kind]
    for row in got.rows:
        n = number_of(row)
        assert (row.get("observed_timestamp") or row["timestamp"]).replace(microsecond=0) == time_of(n)
    rejected = [int(position.split(",")[0].removeprefix("line ")) - 1 for position, _ in got.reasons]
    assert set(rejected) <= {n for n, (_, each) in enumerate(lines) if each == "a list"}
    assert got.report.rejected_count == sum(each == "a list" for _, each in lines)


def test_positions_are_those_of_the_file(tmp_path):
    """With colours before the bad line, whose bytes are removed."""
    path = tmp_path / "log"
    lines = [f"\x1b[32m{kubectl(n, 0, LINES['json'](n))}\x1b[0m" for n in range(50)]
    lines[40] = f"\x1b[32m{kubectl(40, 0, '{torn')}\x1b[0m"
    data = "".join(f"{line}\n" for line in lines)
    path.write_text(data)
    report = LoadReport()
    rows = sum(
        batch.num_rows for batch in module.read(Source(path), report.file(path), None or module.ReadOptions())
    )
    assert rows == 49
    (rejection,) = report.rejected
    assert rejection.position == f"line 41, byte {data.index(lines[40])}"


def test_a_fault_of_the_reader_behind_the_prefix_costs_its_line(tmp_path, monkeypatch):
    from obskit.readers.jsonl import reader as jsonl

    parse = jsonl.parse_line

    def broken(line):
        if b'"n": 30,' in line:
            raise KeyError("n")
        return parse(line)

    monkeypatch.setattr(jsonl, "parse_line", broken)
    monkeypatch.setattr(jsonl.JsonLines, "schema", lambda self: None)
    got = load(tmp_path, "cri", [(0, "json")] * 60, 1_000_000)
    assert [row["n"] for row in got.rows] == [n for n in range(60) if n != 30]
    assert [reason for _, reason in got.reasons] == ["a fault in the reader (KeyError)"]
    assert all(row["observed_timestamp"].replace(microsecond=0) == time_of(row["n"]) for row in got.rows)
