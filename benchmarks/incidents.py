"""Explain labelled incidents of a video service, and score how often a true cause is among the first answers.

    python -m benchmarks.incidents FOLDER [ANSWERS.json]

FOLDER contains `labels.json` and one CSV per incident. A row of the CSV is one combination of the dimensions in one
minute: `cnt` viewers, of whom `value` stalled. Each incident is one question. The selection is the viewers who
stalled in the labelled minute, the baseline those who did not, and the history all earlier minutes. Later minutes
are not used.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.explain import ExplainOptions, Explanation, explain

MEASURES = ("min", "value", "cnt")


def events(path: Path, minute: int) -> tuple[pa.Table, list[str]]:
    """Return the viewers of an incident up to a minute, as rows with an event count, and the dimensions."""
    names = path.read_text(encoding="utf-8").partition("\n")[0].strip().split(",")
    types = {name: pa.float64() if name in ("value", "cnt") else pa.string() for name in names}
    types["min"] = pa.int64()
    read = csv.read_csv(
        path, convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=True)
    )
    read = read.filter(pc.less_equal(read["min"], minute))
    dimensions = [name for name in names if name not in MEASURES]
    sides = []
    for stalled, count in ((True, read["value"]), (False, pc.subtract(read["cnt"], read["value"]))):
        seen = np.asarray(count) > 0
        rows = read.filter(pa.array(seen))
        sides.append(
            pa.table(
                {
                    "timestamp": pc.multiply(rows["min"], 1_000_000).cast(pa.timestamp("us", "UTC")),
                    "error": pa.array([stalled] * len(rows)),
                    "event_count": pa.array(np.asarray(count)[seen].astype(np.int64)),
                }
                | {name: rows[name] for name in dimensions}
            )
        )
    return pa.concat_tables(sides), dimensions


def answer(path: Path, minute: int, **arguments: Any) -> Explanation:
    """Explain which viewers stalled in a minute of an incident."""
    table, dimensions = events(path, minute)
    scope = Scope.of(from_arrow(table))
    during = f"{np.datetime64(minute, 's')}Z/{np.datetime64(minute + 60, 's')}Z"
    return explain(
        scope, "error", ExplainOptions(during=during, fields=dimensions, population="all", **arguments)
    )


def ranked(found: Explanation) -> list[dict[str, str]]:
    """Return the findings, then the refinements, as attribute -> value."""
    slices = [finding.conditions for finding in (*found.findings, *found.refinements)]
    return [
        {item["field"]: item["value"] for item in items}
        for items in slices
        if all(item["op"] == "=" for item in items)
    ]


def score(answers: dict[str, list[dict[str, str]]], labels: dict[str, Any]) -> dict[int, float]:
    """Return the share of incidents that have exactly a true cause among the first 1, 3 and 5 answers."""
    hits = dict.fromkeys((1, 3, 5), 0)
    for name, label in labels.items():
        causes = {frozenset(cause.items()) for cause in label["causes"]}
        said = [frozenset(one.items()) for one in answers.get(name, [])]
        for k in hits:
            hits[k] += bool(causes & set(said[:k]))
    return {k: n / len(labels) for k, n in hits.items()}


def run(folder: Path, **arguments: Any) -> tuple[dict[str, list[dict[str, str]]], dict[int, float]]:
    """Explain all incidents of a folder; return the answers and their scores."""
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    answers = {
        name: ranked(answer(folder / f"{name}.csv", label["timestamp"], **arguments))
        for name, label in labels.items()
    }
    return answers, score(answers, labels)


def main(arguments: list[str]) -> None:
    """Print the scores; write the answers to the second argument, if given."""
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    answers, scores = run(Path(arguments[0]))
    if len(arguments) == 2:
        Path(arguments[1]).write_text(json.dumps(answers, ensure_ascii=False, indent=1), encoding="utf-8")
    print(f"incidents {len(answers)}  " + "  ".join(f"top-{k} {share:.3f}" for k, share in scores.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
