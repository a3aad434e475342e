"""Measure the redaction: `python -m tests.instrument.redaction.corpus.score [dev|held_out|more] [--show]`.

Each case is one event of a service that is configured as any other. A secret is missed if it is anywhere in the
event's line; a harmless case is masked if the line is not the one that is written without redaction.
"""

from __future__ import annotations

import argparse
import importlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from obskit.instrument import configure, event
from obskit.instrument.configuration import isolated_configuration
from tests.instrument.redaction.corpus.cases import Case

HALVES = ("dev", "held_out")
LISTS = (*HALVES, "more")  # the third was written later, from what programs and vendors write


def cases_of(name: str) -> list[Case]:
    """Return the cases of "dev", "held_out" or "more"."""
    cases: list[Case] = importlib.import_module(f"tests.instrument.redaction.corpus.{name}").CASES
    return cases


def failures(cases: Sequence[Case]) -> list[tuple[Case, str]]:
    """Return the cases that fail, each with what was written.

    Args:
        cases: secrets and harmless ones.

    Returns:
        The secrets that were missed and the harmless cases that were masked.
    """
    masked, plain = _written(cases), _written(cases, redaction=None)
    found = []
    for number, case in enumerate(cases):
        row, unmasked = masked[number], plain[number]
        line = json.dumps(row, ensure_ascii=False)
        if case.secret is None:
            failed = row != unmasked
        else:
            failed = any(_spelled(secret, line) for secret in case.secret)
            if not all(_spelled(secret, json.dumps(unmasked, ensure_ascii=False)) for secret in case.secret):
                raise AssertionError(f"the secret is not in the event at all: {case}")
        if failed:
            found.append((case, line))
    return found


def share(part: str, cases: Sequence[Case], failed: Sequence[tuple[Case, str]]) -> float:
    """Return the share of the cases of a part, such as "A", that failed."""
    total = sum(case.group.startswith(part) for case in cases)
    return sum(case.group.startswith(part) for case, _ in failed) / total


def _written(cases: Sequence[Case], **options: Any) -> list[dict[str, Any]]:
    """Return the row of each case, without the columns that differ from run to run."""
    with tempfile.TemporaryDirectory() as folder, isolated_configuration():
        handle = configure("scored", sink=folder, **options)
        with event("empty"):
            pass
        for case in cases:
            with event("case", case.fields):
                pass
        handle.flush()
        rows = [
            json.loads(line)
            for path in sorted(Path(folder).glob("*.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
    empty, *found = [row for row in rows if row.get("name") in ("empty", "case")]
    if len(found) != len(cases):
        raise AssertionError(f"{len(cases)} events were emitted, {len(found)} are on disk")
    return [
        {name: value for name, value in row.items() if name not in empty or name in case.fields}
        for row, case in zip(found, cases, strict=True)
    ]


def _spelled(secret: str, line: str) -> bool:
    """Return whether the secret is in the line, as it is or as JSON escapes it once or twice."""
    once = json.dumps(secret)[1:-1]
    return any(spelling in line for spelling in (secret, once, json.dumps(once)[1:-1]))


def main() -> None:
    """Print missed and masked cases by class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("list", nargs="?", choices=LISTS, help="all if omitted")
    parser.add_argument("--show", action="store_true", help="print each case that failed")
    given = parser.parse_args()
    for name in [given.list] if given.list else LISTS:
        cases = cases_of(name)
        failed = failures(cases)
        print(f"{name}: {len(cases)} cases")
        for group in sorted({case.group for case in cases}):
            _print_row(group, cases, failed)
        for part in sorted({case.group[0] for case in cases}):
            _print_row(part, cases, failed)
        if given.show:
            for case, line in failed:
                print(
                    f"\n{'missed' if case.secret else 'masked'}: {case.group}\n  given   {case.fields}\n  written {line}"
                )
                if case.secret:
                    print(f"  secret  {case.secret}")


def _print_row(prefix: str, cases: Sequence[Case], failed: Sequence[tuple[Case, str]]) -> None:
    total = [case for case in cases if case.group.startswith(prefix)]
    wrong = sum(case.group.startswith(prefix) for case, _ in failed)
    verb = "missed" if total[0].secret else "masked"
    print(f"  {prefix:42} {verb} {wrong:4} of {len(total):4} {wrong / len(total):7.1%}")


if __name__ == "__main__":
    main()
