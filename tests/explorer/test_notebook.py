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

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
jupytext = pytest.importorskip("jupytext")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST = ROOT / "notebooks" / "01-what-changed-after-the-deployment.ipynb"
SECOND = ROOT / "notebooks" / "02-instrument-a-service.ipynb"
THIRD = ROOT / "notebooks" / "03-open-what-you-have.ipynb"


def test_there_are_notebooks():
    assert NOTEBOOKS == [FIRST, SECOND, THIRD]


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
    (data,) = outputs(executed, "events.trace(")
    assert "INSERT bookings" in data["text/plain"]
    (data,) = outputs(executed, "count() as bookings")
    words = re.sub(r"<[^>]+>", " ", data["text/html"])
    slow = float(re.search(r"2\.4\.0\s+android\s+[\d,]+\s+([\d.]+)%", words)[1])
    assert slow > 60  # "most bookings"


def test_figures_bring_no_library_and_nothing_is_large(executed):
    (data,) = outputs(executed, 'every="30m"')
    assert "text/html" not in data
    assert len(nbformat.writes(executed)) < 2_000_000


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
