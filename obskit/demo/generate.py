"""Write the demo's events to disk, together with a record of what was planted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.dataset import write
from obskit.demo.jsonl import write_jsonl
from obskit.demo.planted import write_planted
from obskit.demo.scenarios import chosen_scenarios, plant, schema_of
from obskit.demo.stream import batches
from obskit.errors import DatasetError, InvalidArgument
from obskit.names import TEMPLATE
from obskit.schema import LoadReport
from obskit.schema.derive import message_templates

_BYTES_PER_FILE = 256 << 20


def generate(
    out: str | Path,
    *,
    events: int,
    seed: int,
    format: str = "jsonl.gz",
    scenarios: Iterable[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Write one day of telemetry of a train-ticket booking platform.

    Args:
        out: folder to create. With "jsonl.gz" it may exist, but only with `.jsonl.gz` files, `.md` files and
            `planted.json` in it.
        events: exact number of rows, 1 to 100 million.
        seed: 0 or more; the same seed and number of events give the same rows.
        format: "jsonl.gz" (flat JSON lines, one file per service) or "parquet" (a Dataset).
        scenarios: names in `SCENARIOS` of further causes to plant; they may add rows and leave rows out.
        progress: called with (what, events done, total events).

    Returns:
        Path, number of events, seed, format, scenarios, what they planted, file names and bytes; JSON-safe.

    Raises:
        InvalidArgument: `format`, `events`, `seed` or a scenario is not valid.
        DatasetError: `out` contains other files.

    Cost: about 3 µs per event to make and as much to write as Parquet; memory does not grow with `events`.
    """
    if format not in ("jsonl.gz", "parquet"):
        raise InvalidArgument(f"unknown format {format!r}", hint="use jsonl.gz or parquet")
    if not 1 <= events <= 100_000_000:
        raise InvalidArgument(
            f"events must be from 1 to 100,000,000, got {events}", hint="choose a number in this range"
        )
    if seed < 0:
        raise InvalidArgument(f"seed must be 0 or more, got {seed}", hint="choose another seed")
    out = Path(out)
    chosen = chosen_scenarios(scenarios)
    counted = _Counted(plant(batches(events, seed, progress=progress), chosen, seed))
    made = counted.batches()
    if format == "parquet":
        counted.report = LoadReport()
        schema = schema_of(chosen).append(pa.field(TEMPLATE, pa.string()))
        stored = (_with_templates(batch, schema) for batch in made)
        dataset = write(stored, lambda: schema, out, counted.report, bytes_per_file=_BYTES_PER_FILE)
        files = [file.path for file in dataset.files]
    else:
        if out.is_dir() and any(
            not path.name.endswith((".jsonl.gz", ".md", "planted.json")) for path in out.iterdir()
        ):
            raise DatasetError(f"{out} contains other files", hint="name an empty folder or a new one")
        out.mkdir(parents=True, exist_ok=True)
        files = write_jsonl(made, out)
    write_planted(out, events, seed, format, chosen)
    return {
        "path": str(out),
        "events": counted.rows,
        "seed": seed,
        "format": format,
        "scenarios": [scenario.name for scenario in chosen],
        "planted": [scenario.record for scenario in chosen],
        "files": [path.name for path in files],
        "bytes": sum(path.stat().st_size for path in files),
    }


def _with_templates(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch with the templates of its messages, which a reader adds to events in other formats."""
    columns = {name: batch.column(name) for name in batch.schema.names}
    columns |= message_templates({"body": columns["body"]})
    nothing = pa.nulls(batch.num_rows, pa.string())
    return pa.record_batch([columns.get(name, nothing) for name in schema.names], schema=schema)


class _Counted:
    """Counts the rows of a stream of batches, also in the report that is written with them."""

    def __init__(self, made: Iterable[pa.RecordBatch]) -> None:
        self._made = made
        self.rows = 0
        self.report: LoadReport | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._made:
            self.rows += batch.num_rows
            if self.report is not None:
                self.report.rows_read = self.rows
            yield batch
