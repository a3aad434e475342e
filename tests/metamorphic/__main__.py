"""`python -m tests.metamorphic --count 1000 --seed 1`: change files of all formats, and compare what is read.

Each trial is one mutation of one sample. It is "same" if the answer is the one that follows from the mutation,
"refused" if obskit gives an error (exit status 1), "told" if the answer differs and the load report says more than
for the original, and WRONG otherwise. The exit status is 1 if there is any WRONG.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.metamorphic.mutations import MUTATIONS
from tests.metamorphic.runner import OUTCOMES, Filter, Outcomes, Trial, clean, trial


def main(words: list[str]) -> int:
    """Run the trials that the words ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.metamorphic", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="number of mutations (1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other mutations (1)")
    parser.add_argument("--only", type=int, help="just the mutation with this number")
    parser.add_argument("--mutation", help=f"just this one: {', '.join(MUTATIONS)}")
    parser.add_argument("--reader", help="just samples of this reader")
    parser.add_argument("--keep", type=Path, help="folder for the files whose answer is wrong")
    parser.add_argument("--told", action="store_true", help="list what was only reported as well")
    given = parser.parse_args(words)

    chosen = Filter(given.mutation, given.reader)
    numbers = range(given.count) if given.only is None else [given.only]
    outcomes, begun = Outcomes(), time.process_time()
    for number in numbers:
        one = trial(given.seed, number, chosen)
        outcomes.add(one)
        if given.only is not None:
            print(
                f"{one.sample}: {one.mutation}: {one.outcome}: {one.difference}\nremarks: {list(one.remarks)}"
            )
        if given.keep is not None and (one.outcome == "WRONG" or given.only is not None):
            print(f"kept as {_keep(given.keep, one)}")
    clean()
    _print_table("mutation", outcomes.by_mutation)
    _print_table("reader", outcomes.by_reader)
    for one in [*(outcomes.told if given.told else []), *outcomes.wrong]:
        print(f"\n{one.outcome}: {one}")
        for remark in one.remarks:
            print(f"    remark: {remark}")
    total, seconds = outcomes.total, time.process_time() - begun
    words = [f"{total[name]:,} {name}" for name in OUTCOMES]
    print(f"\n{sum(total.values()):,} mutations in {seconds:.0f} CPU-s: {', '.join(words)}")
    return 1 if outcomes.wrong else 0


def _keep(folder: Path, one: Trial) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{one.seed}-{one.number}-{one.change.file}"
    path.write_bytes(one.change.data)
    return path


def _print_table(title: str, counts: Mapping[str, Counter[str]]) -> None:
    print(f"\n{title:28}" + "".join(f"{name:>9}" for name in OUTCOMES))
    for name, found in sorted(counts.items()):
        print(f"{name:28}" + "".join(f"{found[outcome] or '':>9}" for outcome in OUTCOMES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
