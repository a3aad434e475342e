"""Count false alarms of triage over days on which nothing happened.

python -m benchmarks.triage_alarms [--runs 200] [--traces 6000]
"""

from __future__ import annotations

import argparse
import os
import tempfile

import obskit
from tests.triage.traffic import traffic


def main() -> None:
    """Print each alarm when it is found, then their number."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--traces", type=int, default=6_000)
    given = parser.parse_args()
    alarms = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OBSKIT_CACHE"] = folder
        for seed in range(given.first, given.first + given.runs):
            found = obskit.load(traffic(seed, given.traces, sampled=seed % 2 == 0)).triage()
            lines = [cause.headline() for cause in (*found.causes, *found.repeats)]
            lines += [call.headline() for call in found.calls]
            lines += [loss.headline() for loss in found.missing]
            # values of fields come and go with the rollout of these days
            said = found.messages.items if found.messages else ()
            lines += [item.headline() for item in said if item.kind not in ("value", "instances")]
            alarms += bool(lines)
            for line in lines:
                print(f"seed {seed}: {line}", flush=True)
    print(f"{alarms} of {given.runs} runs raised an alarm")


if __name__ == "__main__":
    main()
