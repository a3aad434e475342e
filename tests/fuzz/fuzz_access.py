"""Fuzz the readers of access logs. Run it by hand: pip install atheris, then

    python tests/fuzz/fuzz_access.py lines -max_total_time=300     # bytes as a file of lines
    python tests/fuzz/fuzz_access.py markers -max_total_time=300   # bytes as a dump of markers

No error except obskit's own may escape, and the line parser must give the same as the vectorized parser for
each line that the vectorized parser takes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["obskit.readers"]):
    from obskit.errors import ObskitError
    from obskit.readers import REGISTRY
    from obskit.readers.access_log import text_reader
    from obskit.readers.access_log.field_mapping import to_events
    from obskit.readers.access_log.line_parser import parse_entry
    from obskit.readers.access_log.log_formats import ENVOY, LOGS
    from obskit.readers.access_log.vectorized import BlockSplitter
    from obskit.readers.io.source import Source
    from obskit.schema import LoadReport, Normalizer, ReadOptions

PATH = Path(tempfile.mkdtemp()) / "fuzzed"
LAYOUTS = [layout for layout in LOGS + ENVOY if layout.vectorizable]


def present(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


def lines(data: bytes) -> None:
    layout = LAYOUTS[data[0] % len(LAYOUTS)] if data else LAYOUTS[0]
    data = data[1:]
    layouts, family = (ENVOY, "envoy") if layout in ENVOY else (LOGS, "nginx")
    whole = data.split(b"\n")
    split = BlockSplitter(layout).split(data) if data else None
    if split is not None and len(split.lines):
        rows = to_events(split.columns, family).to_pylist()
        for number, row in zip(split.lines.tolist(), rows, strict=True):
            entry = parse_entry(whole[number].decode("utf-8", "backslashreplace"), layout, layouts)
            columns = text_reader.merge_entries(text_reader.unsplit(b""), [entry], [0])
            (wanted,) = to_events(columns, family).to_pylist()
            assert present(row) == present(wanted), (whole[number], row, wanted)
    read("Envoy access log" if family == "envoy" else "access log", data)


def read(name: str, data: bytes) -> None:
    PATH.write_bytes(data)
    report = LoadReport()
    reader = next(one for one in REGISTRY.readers() if one.name == name)
    try:
        source = Source(PATH)
        for one in REGISTRY.readers():
            one.sniff(source.head)
        normalizer = Normalizer(report)
        for batch in reader.read(source, report.file(PATH), ReadOptions()):
            normalizer.batch(batch)
    except ObskitError:
        return


def markers(data: bytes) -> None:
    read("GitHub deployments", data)
    read("CSV of markers", data)


if __name__ == "__main__":
    targets = {"lines": lines, "markers": markers}
    chosen = targets[sys.argv.pop(1)]
    atheris.Setup(sys.argv, chosen)
    atheris.Fuzz()
