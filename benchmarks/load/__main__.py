"""Measure rows per CPU-second by format, for obskit and other tools.

python -m benchmarks.load [--only FORMAT ...] [--rounds 5] [--large GIGABYTES] [--logs GIGABYTES]
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import tempfile
from pathlib import Path

import benchmarks.load as package
from benchmarks.load import large
from benchmarks.load.contest import ATTRIBUTES, Format, rates, verdict
from benchmarks.machine import about


def formats() -> dict[str, Format]:
    """Return the formats of all modules in this package."""
    found: dict[str, Format] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        if module != "__main__":
            given = getattr(importlib.import_module(f"benchmarks.load.{module}"), "FORMATS", ())
            found |= {format.name: format for format in given}
    return found


def main() -> None:
    """Measure and print."""
    known = formats()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=sorted(known), default=sorted(known), metavar="FORMAT")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--large",
        type=float,
        default=0,
        help="instead, load a JSONL file of this size in GB and print the memory used",
    )
    parser.add_argument(
        "--logs",
        type=float,
        default=0,
        help="instead, take JSON logs of this size in GB to the first triage",
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the files here, and keep them")
    given = parser.parse_args()
    if given.logs:
        print(large.logs(given.logs))
        return
    if given.large:
        print(large.measure(given.large))
        return
    print(f"spans have {ATTRIBUTES} attributes; {about()}\n")
    said = []
    with tempfile.TemporaryDirectory(prefix="obskit-bench-") as temporary:
        for name in given.only:
            format = known[name]
            folder = (given.keep or Path(temporary)) / name
            folder.mkdir(parents=True, exist_ok=True)
            path = format.make(folder)
            found = rates(format, path, given.rounds)
            print(f"{name}, {format.rows:,} rows of {path.stat().st_size / format.rows:,.0f} bytes")
            for who, rate in found.items():
                print(f"  {who:<40} {rate:>10,.0f} per CPU-second")
            said.append(verdict(format, found))
            print(f"  {said[-1]}\n", flush=True)
    print("\n".join(said))


if __name__ == "__main__":
    main()
