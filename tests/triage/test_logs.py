"""Triage of application logs: operations are services or loggers, errors are records of severity ERROR."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np

from obskit import load
from obskit.events import Events
from tests.triage.days import T


def logs(folder: Path, *left_out: str, rows: int = 8_000) -> Events:
    """Six hours of two services; from the fourth hour on one pod of `checkout` fails.

    ERROR of checkout-2   ________________||||||||
    """
    rng = np.random.default_rng(5)
    lines = []
    for at in np.sort(rng.uniform(0, 6 * 3600, rows)).tolist():
        service = str(rng.choice(["checkout", "cart"]))
        pod = f"{service}-{rng.integers(0, 4)}"
        level = str(rng.choice(["INFO", "WARN", "ERROR"], p=[0.9, 0.09, 0.01]))
        if pod == "checkout-2" and at > 4 * 3600 and rng.random() < 0.4:
            level = "ERROR"
        record = {
            "ts": (T + timedelta(seconds=at)).isoformat(),
            "level": level,
            "msg": f"request {rng.integers(1e9)} handled",
            "service": service,
            "pod": pod,
            "logger": f"app.{service}",
        }
        lines.append(json.dumps({name: value for name, value in record.items() if name not in left_out}))
    path = folder / "app.jsonl"
    path.write_text("\n".join(lines))
    return load(path)


def test_services_are_the_operations_of_logs(tmp_path: Path) -> None:
    result = logs(tmp_path).triage()
    (cause,) = result.causes
    assert cause.operation == {"service.name": "checkout"}
    assert cause.outcome == "errors"
    assert cause.explanation.findings[0].condition == "k8s.pod.name = 'checkout-2'"
    assert result.missing == ()
    text = str(result)
    assert "p50" not in text
    assert "null" not in text
    assert "p99" not in result._repr_html_().partition("<h4>")[0]


def test_loggers_are_the_operations_without_a_service(tmp_path: Path) -> None:
    (cause,) = logs(tmp_path, "service", "pod").triage().causes
    assert cause.operation == {"code.namespace": "app.checkout"}


def test_logs_with_nothing_but_a_level_are_one_operation(tmp_path: Path) -> None:
    result = logs(tmp_path, "service", "pod", "logger").triage()
    (cause,) = result.causes
    assert cause.operation == {}
    assert cause.headline().startswith("all rows: errors ")
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["kind"] == "triage"
