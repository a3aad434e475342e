"""The notebooks run from a clean kernel, and lead to what was planted."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from obskit import load, report
from obskit.cli import main
from tests.report.test_report import loads_nothing

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
jupytext = pytest.importorskip("jupytext")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST = ROOT / "notebooks" / "01-what-changed-after-the-deployment.ipynb"
SECOND = ROOT / "notebooks" / "02-instrument-a-service.ipynb"
THIRD = ROOT / "notebooks" / "03-open-what-you-have.ipynb"
FOURTH = ROOT / "notebooks" / "04-judge-a-deployment.ipynb"
FIFTH = ROOT / "notebooks" / "05-follow-the-trace.ipynb"
REVIEW = ROOT / "notebooks" / "06-post-incident-review.ipynb"


def test_there_are_notebooks():
    assert NOTEBOOKS == [FIRST, SECOND, THIRD, FOURTH, FIFTH, REVIEW]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_source_and_notebook_say_the_same_and_no_output_is_kept(path):
    source, notebook = jupytext.read(path.with_suffix(".py")), nbformat.read(path, 4)
    assert [(c.cell_type, c.source) for c in notebook.cells] == [
        (c.cell_type, c.source) for c in source.cells
    ]
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
    assert set(notebook.metadata) == {"kernelspec"}


# A process of its own: nbclient leaves sockets and loops to the garbage collector.
RUN = """
import sys, nbclient, nbformat
source, target, folder = sys.argv[1:]
notebook = nbformat.read(source, 4)
resources = {"metadata": {"path": folder}}
nbclient.NotebookClient(notebook, timeout=120, store_widget_state=False, resources=resources).execute()
nbformat.write(notebook, target)
"""


def run(path, base):
    """Execute a notebook in a new kernel and return it with its outputs."""
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "OBSKIT_CACHE", "TMPDIR")
    (base / "TMPDIR").mkdir()
    environment = {**os.environ, **{name: str(base / name) for name in folders}}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    target = base / "executed.ipynb"
    command = [sys.executable, "-c", RUN, str(path), str(target), str(path.parent)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return nbformat.read(target, 4)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    return run(FIRST, tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def instrumented(tmp_path_factory):
    return run(SECOND, tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return run(THIRD, tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    return run(FOURTH, tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    return run(FIFTH, tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory):
    return run(REVIEW, tmp_path_factory.mktemp("notebook"))


def outputs(notebook, marker):
    """Return the data of the outputs of the cell whose source holds `marker`."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and marker in cell.source]
    return [output["data"] for output in cell.outputs if "data" in output]


def test_it_runs_without_a_word_on_stderr(executed):
    streams = [o for cell in executed.cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    assert streams == []


def test_it_leads_to_the_planted_cause(executed):
    planted = json.loads((ROOT / "sample_events" / "planted.json").read_text())["planted"]
    expected = next(item for item in planted if item["id"] == "lock")["expected"]
    (data,) = outputs(executed, "found = book.explain")
    first = data["text/plain"].split("Refinements")[0]
    assert "2.4.0" in json.dumps(expected)
    for item in ("cloud.region = 'eu-central-1'", "service.version = '2.4.0'", "app.platform = 'android'"):
        assert item in first


def test_the_explorer_reads_without_a_kernel(executed):
    data, live = outputs(executed, "ok.Explorer(book)")
    assert "application/vnd.jupyter.widget-view+json" in live
    assert "application/vnd.jupyter.widget-view+json" not in data
    assert "data:image/png;base64," in data["text/html"]
    assert "<script" not in data["text/html"]
    assert "service.version = 2.4.0" in data["text/html"]
    assert "service.version = '2.4.0'" in data["text/plain"]


def test_what_the_record_says_is_what_was_counted(executed):
    (data,) = outputs(executed, "events.impact(")
    affected, total = (
        int(number.replace(",", "")) for number in re.findall(r"[\d,]+", data["text/plain"])[:2]
    )
    assert 1 / 7 < affected / total < 1 / 5  # "one user in six"
    data, live = outputs(executed, "events.trace(")
    assert "INSERT bookings" in data["text/plain"]
    assert "INSERT bookings" in data["text/html"]
    assert "<script" not in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in live
    (data,) = outputs(executed, "count() as bookings")
    words = re.sub(r"<[^>]+>", " ", data["text/html"])
    slow = float(re.search(r"2\.4\.0\s+android\s+[\d,]+\s+([\d.]+)%", words)[1])
    assert slow > 60  # "most bookings"


def test_figures_bring_no_library_and_nothing_is_large(executed):
    (data,) = outputs(executed, 'every="30m"')
    assert "text/html" not in data
    assert len(nbformat.writes(executed)) < 2_000_000


def test_its_report_is_small_and_names_its_data(executed, tmp_path):
    nbformat.write(executed, tmp_path / "x.ipynb")
    made = report(tmp_path / "x.ipynb")
    fingerprint = load(ROOT / "sample_events").fingerprint[:12]
    assert ("Data (fingerprints)", fingerprint) in made.document.facts
    assert len(made.html) < 3_000_000
    assert loads_nothing(made.html)
    for item in ("p99", "INSERT bookings", "service.version = 2.4.0", "data:image/png;base64,"):
        assert item in made.html


def data_of(notebook, marker):
    """Return the dict that the cell whose source holds `marker` shows."""
    (data,) = outputs(notebook, marker)
    return ast.literal_eval(data["text/plain"])


def test_a_service_in_a_notebook_writes_events(instrumented):
    streams = [
        o.name for cell in instrumented.cells for o in cell.get("outputs", []) if o.output_type == "stream"
    ]
    assert streams == ["stdout"]  # what was asked, which is printed
    line = data_of(instrumented, "handle = configure(")
    assert (line["name"], line["service.name"], line["found"]) == ("GET /trains", "seats", 12)
    failed = data_of(instrumented, "contextlib.suppress(NoSeatLeft)")
    assert (failed["error.type"], failed["status_code"]) == ("__main__.NoSeatLeft", "ERROR")
    assert re.fullmatch(r"[0-9a-f]{32}", failed["user.id"])
    assert failed["part.seat_lookup.count"] == 1
    assert "Traceback" not in str(failed)


def test_no_token_of_the_notebook_is_on_the_disk(instrumented):
    shown = data_of(instrumented, "token = secrets.token_hex")
    assert shown["the token is on the disk"] is False
    assert shown["http.request.header.authorization"] == "[redacted]"


def test_sampled_counts_are_those_of_all(instrumented):
    """Each of 1,800 health checks is kept with a chance of 1 in 20: 95% of runs are within 1.96 deviations of
    1,800, one in a million beyond 5."""
    (data,) = outputs(instrumented, "print(dict(asked))")
    rows = {
        w[0]: w for w in (line.rsplit(maxsplit=2) for line in data["text/plain"].splitlines()) if len(w) == 3
    }
    estimate, kept = (int(number.replace(",", "")) for number in rows["GET /health"][1:])
    assert estimate == 20 * kept
    assert abs(estimate - 1800) < 5 * 20 * (1800 * 0.05 * 0.95) ** 0.5
    assert rows["POST /book"][1:] == ["901", "901"]  # one that failed, and 900


def test_what_is_slow_there_is_found(instrumented):
    (data,) = outputs(instrumented, "found = booked.explain")
    first = data["text/plain"].split("\n\n")[1].splitlines()[0]
    assert set(first.removeprefix(" 1. ").split(" and ")) == {
        "train.kind = 'night'",
        "\"feature_flag.new-seat-map\" = 'on'",
    }
    (data,) = outputs(instrumented, "part.seat_lookup.duration_ms) as lookup")
    assert re.search(r"night\s+on\s+\d+\s+[3-9]\d", data["text/plain"])


def test_files_of_other_tools_become_one_table(opened):
    streams = [o for cell in opened.cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    assert {o.name for o in streams} == {"stdout"}  # what was written, which is printed
    (data,) = outputs(opened, "events = ok.load(folder)")
    assert data["text/plain"].startswith("2,106 events from 2026-05-04T10:00:00Z")
    (data,) = outputs(opened, "events.load_report")
    first, torn, *rest = re.findall(r">([^<]+)<", data["text/html"])
    assert first == "2,106 rows read, 1 rejected"
    assert re.fullmatch(r"rejected 1: not JSON \(first: .*/refunds\.jsonl, line 2, byte 105\)", torn)
    assert "could not parse http.response.status_code in 1 row: set to null" in rest
    (data,) = outputs(opened, "events.where(\"name = 'deployment'\")")
    assert re.search(r"10:30:00Z +tickets +3\.1\.0 +succeeded +ann +1\n", data["text/plain"])
    (data,) = outputs(opened, "ok.load(table, mapping=mapping)")
    assert re.search(r"10:31:09\+00:00 +2304\.0 +print +p-9", data["text/plain"])


def test_the_answer_is_the_same_in_every_format(opened):
    answers = data_of(opened, "answers = {}")
    assert list(answers) == [".jsonl.gz", ".otlp.json", ".jaeger.json", ".parquet"]
    first, *others = answers.values()
    assert set(first[0].split(" and ")) == {"ticket.format = 'wallet'", "service.version = '3.1.0'"}
    assert others == [first] * 3
    (data,) = outputs(opened, "events.points()")
    assert re.search(rf"network +tickets +{first[1]}\n", data["text/plain"])


def test_the_deployment_cannot_go_on(judged):
    streams = [o for cell in judged.cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    assert streams == []
    (data,) = outputs(judged, "verdict = events.judge(")
    text = data["text/plain"]
    assert text.startswith("regress: booking 2.4.0 fails on 4.0% of ")  # "about 4%"
    p95 = re.search(r"p95 (\d+) ms of [\d,]+ +p95 (\d+) ms of", text)
    assert int(p95[2]) > 3 * int(p95[1])  # "more than three times as long"
    assert "One pod" not in text
    assert re.search(r"errors +regress .* 10:12\b", text)  # "shown at 10:12"
    assert "<b>regress: " in data["text/html"]
    assert "<script" not in data["text/html"]
    (data,) = outputs(judged, "verdict.plot()")
    assert "text/html" not in data


def test_the_words_of_each_step_are_those_of_the_prose(judged):
    words = data_of(judged, "for end in (")
    assert words == {
        "10:05": "no_data",
        "10:10": "inconclusive",
        "10:12": "regress",
        "10:15": "regress",
        "10:20": "regress",
    }
    (data,) = outputs(judged, "cause = events.judge(")
    assert data["text/plain"].split("\n\n")[1].startswith(" 1. payment.method = 'sepa_debit'\n")


def test_no_part_of_the_deployment_passes(judged):
    (data,) = outputs(judged, "rest = events.judge(")
    assert data["text/plain"].startswith("regress: ")
    assert re.search(r"errors +inconclusive +0% of [\d,]+ +0% of ", data["text/plain"])  # "nothing fails"
    (data,) = outputs(judged, "others = ")
    assert data["text/plain"].startswith("inconclusive: ")
    assert "more requests of the candidate are likely needed." in data["text/plain"]


def printed(notebook, marker):
    """Return what the cell whose source holds `marker` prints."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and marker in cell.source]
    assert {o.name for o in cell.outputs if o.output_type == "stream"} == {"stdout"}
    return "".join(o.text for o in cell.outputs if o.output_type == "stream")


def test_the_finding_leads_to_the_operation_that_takes_the_time(followed):
    said = printed(followed, "found = events.triage(")
    assert "where the time goes: self time of booking INSERT bookings, " in said
    (data,) = outputs(followed, "compared = bookings.compare(")
    assert "booking: self time of INSERT bookings went from 13 ms to 705 ms per call" in data["text/plain"]
    assert "in 675 of 676 slow traces" in data["text/plain"]  # "in all but one of 676"
    (data,) = outputs(followed, "compared.services.to_pandas()")
    assert re.search(
        r"0 +booking +\d[\d.]* +\S.* +True\n1 +\S+ +0\.0", data["text/plain"]
    )  # one has evidence


def test_the_map_and_the_waterfall_are_there_without_a_kernel(followed):
    (still, *_) = outputs(followed, "bookings.map(baseline=")
    assert "<script" not in still["text/html"]
    assert re.search(r"payment +2,691 +421 .* +1\n", still["text/plain"])  # "as fast as before"
    (still, *_) = outputs(followed, "events.trace(example, beside=usual)")
    assert re.search(r"booking INSERT bookings +711 ms +12\.8 ms .* 1 log record", still["text/plain"])
    assert "<script" not in still["text/html"]
    (data,) = outputs(followed, "insert.rows(")
    assert "statement took 711 ms" in data["text/plain"]


def test_linked_traces_are_one_and_are_written(followed):
    (data,) = outputs(followed, "worker.write_text(")
    assert re.search(r"19\.8 min +37\b", data["text/plain"])
    (data, *_) = outputs(followed, "together.map()")
    assert re.search(r"booking +receipts +message +3 ", data["text/plain"])
    said = printed(followed, "together.write(")
    assert said.startswith("wrote 37 events with ")
    assert "note: 3 traces added that links connect with the others\n" in said


def test_the_review_names_the_planted_cause_and_what_was_ruled_out(reviewed):
    streams = [o for cell in reviewed.cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    assert streams == []
    (data,) = outputs(reviewed, "found = book.explain")
    for item in ("cloud.region = 'eu-central-1'", "service.version = '2.4.0'", "app.platform = 'android'"):
        assert item in data["text/plain"].split("Refinements")[0]
    (data,) = outputs(reviewed, "kiosks = book.query")
    slow = dict(re.findall(r"^(2\.\S+) .* ([\d.]+)%$", data["text/plain"], re.MULTILINE))
    assert float(slow["2.3.7"]) >= float(slow["2.4.0"]) > 50  # "at least as often"
    (data,) = outputs(reviewed, "again = ok.load")
    assert data["text/plain"] == "True"
    (data,) = outputs(reviewed, "review = ok.report")
    assert "are the slow kiosks part of it?" in data["text/plain"]
    assert "<script" not in data["text/html"]


def test_a_new_review_begins_as_the_notebook(tmp_path, capsys):
    assert main(["new", "incident", str(tmp_path / "outage")]) == 0
    assert (tmp_path / "outage.ipynb").read_bytes() == REVIEW.read_bytes()
    assert "next: name your events in its first cell" in capsys.readouterr().out
    assert main(["new", "incident", str(tmp_path / "outage.ipynb")]) == 2
    assert "already exists" in capsys.readouterr().err
