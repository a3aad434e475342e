"""`python -m tests.attack`: attack obskit for some minutes, and list what was found.

The exit status is 0 if nothing was found, else 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.attack.cases import Case, Findings, describe
from tests.attack.runner import PARTS, attack, replay


def main(words: list[str]) -> int:
    """Run the attack that the words ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="for all parts together (10)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other inputs (1)")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, of {','.join(PARTS)}")
    parser.add_argument("--number", type=int, help="try just this input of the parts")
    parser.add_argument("--replay", type=Path, help="try just this saved input")
    parser.add_argument("--keep", type=Path, help="folder for the inputs that show a fault")
    parser.add_argument("--shrink", type=float, default=5, help="seconds to make each of these shorter (5)")
    given = parser.parse_args(words)
    parts = given.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    findings = Findings()
    if given.replay is not None:
        replay(Case.from_json(given.replay.read_text()), findings)
    for part in parts if given.replay is None else ():
        share = PARTS[part] / sum(PARTS[one] for one in parts)
        ran = attack(
            part,
            given.seed,
            findings,
            seconds=given.minutes * 60 * share,
            inputs=None if given.number is None else 1,
            first=given.number or 0,
            shorten=given.shrink if given.number is None else 0,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
        print(ran, flush=True)
    for finding in findings.all():
        print("\n" + describe(finding, given.keep))
    print(f"\n{len(findings)} distinct faults" if findings else "\nnothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
