"""What survives the ways in which a process ends: every event whose block had ended."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from instrument_process import read, run, start

SERVICE = """
import os, sys, signal, time
from obskit.instrument import configure, event
handle = configure("dying", sink=sys.argv[1], unfinished_after=0.1)
for n in range(2000):
    with event("work", n=n):
        pass
assert handle.counters["written"] == 2000
assert handle.counters["deferred"] == 0
"""
WAIT = """
with event("hanging", seat="14C"):
    while not handle.counters["unfinished"]:
        time.sleep(0.02)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda s: s.name)
def test_a_killed_process_leaves_every_event_and_the_unit_it_hung_in(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = start(SERVICE + WAIT, str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == -number
    rows = read(tmp_path)
    assert sorted(row["n"] for row in rows if row["name"] == "work") == list(range(2000))
    (hanging,) = [row for row in rows if row["name"] == "hanging"]
    assert hanging["obskit.unfinished"] is True
    assert hanging["seat"] == "14C"


@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)", "os.kill(os.getpid(), signal.SIGABRT)"])
def test_every_event_is_there_however_it_ends(tmp_path: Path, end: str) -> None:
    process = start(SERVICE + end, str(tmp_path))
    process.communicate(timeout=30)
    assert sorted(row["n"] for row in read(tmp_path)) == list(range(2000))


def test_it_is_off_where_the_environment_says_so(tmp_path: Path) -> None:
    for name, value in (("OBSKIT_DISABLED", "1"), ("OTEL_SDK_DISABLED", "true")):
        out = run(
            f"""
            import os, sys
            os.environ[{name!r}] = {value!r}
            from obskit.instrument import configure, event, add
            handle = configure("x", sink=sys.argv[1])
            with event("a") as e:
                e["b"] = 1
                add(c=1)
            print(handle.mode, handle.enabled, handle.flush(), handle.shutdown(), handle.counters["written"])
            """,
            str(tmp_path / "events"),
        )
        assert out == "off False True True 0\n"
        assert not (tmp_path / "events").exists()


def test_the_sink_and_the_service_come_from_the_environment(tmp_path: Path) -> None:
    run(
        """
        import os, sys
        os.environ["OBSKIT_SINK"] = sys.argv[1]
        os.environ["OTEL_SERVICE_NAME"] = "from-environment"
        from obskit.instrument import configure, event
        configure()
        with event("a"): pass
        """,
        str(tmp_path),
    )
    (row,) = read(tmp_path)
    assert row["service.name"] == "from-environment"


def test_a_folder_that_cannot_be_written_costs_events_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    out = run(
        """
        import sys
        from obskit.instrument import configure, event
        handle = configure("x", sink=sys.argv[1])
        for _ in range(5):
            with event("a"): pass
        print(handle.counters["dropped"], handle.counters["written"])
        """,
        str(tmp_path / "file" / "below"),
    )
    assert out == "5 0\n"


def test_it_imports_opentelemetry_orjson_and_the_standard_library_alone() -> None:
    out = run(
        """
        import sys
        import obskit.instrument
        heavy = {"pyarrow", "duckdb", "ibis", "numpy", "scipy", "pandas", "sqlglot", "plotly", "IPython", "grpc"}
        print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
        print(sorted(name for name in sys.modules if name.startswith("obskit.") and name.count(".") == 1))
        """
    )
    assert out == "[]\n['obskit.errors', 'obskit.instrument', 'obskit.names']\n"
