"""Fuzz the OTLP readers, guided by coverage. Run it by hand: pip install atheris, then

    python -m tests.fuzz.otlp SECONDS [CORPUS]

Every input is read as a file: in one of the three framings, or as JSON, plain or in the Collector's zstd. The
reader must read it or raise one of obskit's errors. Anything else is a bug, and libFuzzer writes the input to the
current folder. Protobuf is read by both parsers, which must return the same number of rows.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["obskit.readers"]):
    from obskit.errors import ObskitError
    from obskit.readers import read_batches
    from obskit.readers.otlp.framing import Frame
    from obskit.readers.otlp.messages import LOGS, SPANS, requests
    from obskit.readers.otlp.protobuf_reader import Messages
    from obskit.schema import LoadReport, Normalizer, cast

_SPAN = (
    "0a9801120c0a0a0a076c69622e6f6e651287010a101112131415161718191a1b1c1d1e1f2012081112131415161718"
    "2a0547455420 2f3002390000c45ac5d46f1541000cc45ac5d46f154a0d0a0161120822066e6573746564"
).replace(" ", "")
SEEDS = [
    bytes.fromhex(_SPAN),
    b"\0\0\0\x10" + bytes.fromhex(_SPAN),
    b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","attributes":[{"key":"k","value":{"intValue":"1"}}]}]}]}]}\n',
    b"\0\0\0\x20" + base64.b64decode("KLUv/SQBCQAAegA="),
]
_FOLDER = Path(tempfile.mkdtemp(prefix="obskit-fuzz-"))


def one(data: bytes) -> None:
    """Read the input with each reader."""
    path = _FOLDER / "input"
    path.write_bytes(data)
    report = LoadReport()
    normalizer = Normalizer(report)
    try:
        done = [normalizer.batch(batch) for batch in read_batches(path, report)]
    except ObskitError:
        pass
    else:
        for batch in done:
            cast(batch, normalizer.schema).validate(full=True)
    for signal in (SPANS, LOGS):
        fast = sum(b.num_rows for b in Messages(LoadReport().file("f"), signal).batches([Frame(data, 0)]))
        broken: list[int] = []
        slow = sum(1 for _ in requests(signal, data, lambda place, _, broken=broken: broken.append(place)))
        if not broken and fast != slow:
            raise AssertionError(f"{fast} rows by Arrow, {slow} record by record")


def main() -> None:
    """Fuzz for the given number of seconds."""
    seconds = int(sys.argv[1])
    corpus = Path(sys.argv[2]) if len(sys.argv) > 2 else _FOLDER / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(SEEDS):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup(
        [sys.argv[0], str(corpus), f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10"], one
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
