"""`configure`: called twice, disabled, without a sink, and its values from the environment."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obskit.instrument import Handle, configure, event
from obskit.instrument.configuration import Default, isolated_configuration
from tests.support.instrument_process import read, run

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def test_a_second_configure_returns_the_first_handle(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    first = service()
    with caplog.at_level(logging.WARNING):
        assert configure("other") is first
        assert configure("other") is first
    assert [r.getMessage() for r in caplog.records] == [
        "obskit: configure was called again; the first call stays in effect"
    ]


def test_the_environment_can_disable_it(tmp_path: Path) -> None:
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


def test_sink_and_service_can_come_from_the_environment(tmp_path: Path) -> None:
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


def test_the_package_imports_only_opentelemetry_orjson_and_the_standard_library() -> None:
    out = run(
        """
        import sys
        import obskit.instrument
        heavy = {"pyarrow", "duckdb", "ibis", "numpy", "scipy", "pandas", "sqlglot", "plotly", "IPython", "grpc"}
        print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
        print(sorted(name for name in sys.modules if name.startswith("obskit.") and name.count(".") == 1))
        """
    )
    ours = ["distribution", "errors", "instrument", "names", "text"]  # without "encryption", which keys bring
    assert out == f"[]\n{[f'obskit.{name}' for name in ours]}\n"


def test_without_a_sink_a_warning_says_how_to_set_one(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OBSKIT_SINK", raising=False)
    handle = service(sink=Default.ENVIRONMENT)
    with event("book"):
        pass
    assert [record.getMessage() for record in caplog.records] == [
        "obskit: no sink is configured: pass sink=FOLDER to configure or set OBSKIT_SINK"
    ]
    assert (handle.enabled, handle.file, handle.counters["failed"]) == (True, None, 0)


def test_inside_isolated_configuration_configure_starts_afresh(service: Service, rows: Rows) -> None:
    outer = service()
    with isolated_configuration():
        with event("nothing"):
            pass
        inner = configure("other", sink=None)
        assert inner is not outer
        with event("elsewhere"):
            pass
    with event("book"):
        pass
    assert configure() is outer
    assert [row["name"] for row in rows()] == ["book"]
