"""`delivery` with 10,000 commits and 2,000 deployments: `python -m benchmarks.delivery`."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

import obskit as ok

COMMITS, DEPLOYMENTS, SERVICES, INCIDENTS = 10_000, 2_000, 8, 300
START = datetime(2025, 1, 1, tzinfo=UTC)


def repository(folder: Path, commits: int) -> list[str]:
    """Make a repository with merges, by one `git fast-import`; return the hashes on its main branch."""
    chance = random.Random(7)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    lines, side = [], None
    newest = {"main": 0, "side": 0}
    for number in range(1, commits + 1):
        at = int((START + timedelta(minutes=40 * number)).timestamp())
        branch = "side" if side and chance.random() < 0.5 else "main"
        lines += [f"commit refs/heads/{branch}", f"mark :{number}"]
        lines += [f"committer a <a@example> {at} +0000", "data 1", "x"]
        if branch == "side" and side == "new":
            lines.append(f"from :{newest['main']}")
            side = "old"
        elif branch == "main" and side == "old" and chance.random() < 0.5:
            lines.append(f"merge :{newest['side']}")
            side = None
        elif branch == "main" and side is None and chance.random() < 0.2:
            side = "new"
        newest[branch] = number
    subprocess.run(["git", "fast-import", "--quiet"], input="\n".join(lines).encode(), cwd=folder, check=True)
    listed = subprocess.run(
        ["git", "rev-list", "--first-parent", "--reverse", "main"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return listed.stdout.decode().split()


def markers(hashes: list[str]) -> pa.Table:
    """Return the markers of deployments and incidents."""
    chance = random.Random(8)
    rows = []
    for number in range(DEPLOYMENTS):
        at = START + timedelta(minutes=40 * COMMITS * (number + 1) / DEPLOYMENTS, hours=3)
        revision = hashes[min(len(hashes) - 1, (number + 1) * len(hashes) // DEPLOYMENTS)]
        rows.append(
            {
                "timestamp": at,
                "name": "deployment",
                "service.name": f"service-{number % SERVICES}",
                "service.version": f"1.{number}",
                "deployment.id": f"d{number}",
                "vcs.ref.head.revision": revision,
            }
        )
    for number in range(INCIDENTS):
        opened = START + timedelta(minutes=40 * COMMITS * chance.random())
        for status, later in (("open", 0), ("resolved", chance.randint(5, 600))):
            rows.append(
                {
                    "timestamp": opened + timedelta(minutes=later),
                    "name": "incident",
                    "service.name": f"service-{chance.randrange(SERVICES)}" if status == "open" else None,
                    "obskit.incident.id": f"i{number}",
                    "obskit.incident.status": status,
                }
            )
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])


def main() -> None:
    """Measure once, and print what was found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "repo"
        hashes = repository(path, COMMITS)
        events = ok.load(markers(hashes))
        begun, used = time.perf_counter(), time.process_time()
        found = ok.delivery(events, git=path, during=None)
        seconds, used = time.perf_counter() - begun, time.process_time() - used
        begun = time.perf_counter()
        text = str(found)
        shown = time.perf_counter() - begun
        commits = subprocess.run(
            ["git", "rev-list", "--count", "--all"], cwd=path, check=True, capture_output=True
        ).stdout.decode()
        leads = sum(row["n"] for row in found.table.to_pylist() if row["metric"] == "lead_time")
        print(
            f"{int(commits):,} commits, {DEPLOYMENTS:,} deployments, {INCIDENTS:,} incidents, {leads:,} lead times"
        )
        print(f"delivery {seconds:.2f} s ({used:.2f} CPU-s), text {shown:.2f} s")
        print("\n".join(text.splitlines()[:10]), file=sys.stderr)


if __name__ == "__main__":
    main()
