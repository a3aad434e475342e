"""Binary files that are recognized by their first bytes, such as b"%PDF" or b"SQLite format 3"."""

from __future__ import annotations

import re

from obskit.readers.archives.tar import is_tar
from obskit.readers.archives.zip import document_in, is_zip
from obskit.readers.unsupported.kinds import Unsupported, without_events

_UNPACK = "unpack it first"
_SHEET = "save the sheet as CSV"
_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"%PDF", "a PDF document"),
    (b"\0\0\0\1Bud1", "a .DS_Store file, which macOS leaves in folders"),
    (b"\xca\xfe\xba\xbe", "a Java class or a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"MZ", "a program"),
    (b"!<arch>\n", "a library or a Debian package"),
)
_FORMATS: tuple[tuple[bytes, str, str], ...] = (
    (
        b"SQLite format 3",
        "an SQLite database",
        "export a table: sqlite3 -csv -header FILE 'select * from TABLE'",
    ),
    (b"BZh", "bzip2 within a compressed stream", _UNPACK),
    (b"\xfd7zXZ", "xz within a compressed stream", _UNPACK),
    (b"\x1f\x8b", "gzip within a compressed stream", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "zstd within a compressed stream", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first: 7z x FILE"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first: unrar x FILE"),
    (b"\x04\x22\x4d\x18", "an LZ4 stream", "decompress it first: lz4 -d FILE"),
    (b"\xff\x06\0\0sNaPpY", "a Snappy stream", "decompress it first: snzip -d FILE"),
    (b"\x1f\x9d", "a file of Unix compress (.Z)", "decompress it first: gzip -d FILE"),
    (b"LZIP", "an lzip stream", "decompress it first: lzip -d FILE"),
    (b"ORC", "an ORC file", "write it as Parquet with the tool that made it"),
    (b"Obj\x01", "an Avro file", "write it as Parquet or JSON lines: avro cat FILE > events.jsonl"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (b"LPKSHHRH", "a binary journal of systemd", "export it: journalctl --file FILE -o json > journal.jsonl"),
    (
        b"ElfFile\0",
        "an event log of Windows (EVTX)",
        "export it as CSV in the Event Viewer, or with Get-WinEvent",
    ),
    (
        b"\xd4\xc3\xb2\xa1",
        "a packet capture (pcap)",
        "packets are not events: export requests with tshark -T ek",
    ),
    (
        b"\xa1\xb2\xc3\xd4",
        "a packet capture (pcap)",
        "packets are not events: export requests with tshark -T ek",
    ),
    (
        b"\x4d\x3c\xb2\xa1",
        "a packet capture (pcap)",
        "packets are not events: export requests with tshark -T ek",
    ),
    (
        b"\x0a\x0d\x0d\x0a",
        "a packet capture (pcapng)",
        "packets are not events: export requests with tshark -T ek",
    ),
    (
        b"JAVA PROFILE",
        "a heap dump of Java",
        "obskit reads logs, traces and requests, not the state of memory",
    ),
    (b"FLR\0", "a recording of Java Flight Recorder", "export it: jfr print --json FILE > recording.json"),
    (b"PERFILE", "a profile of Linux perf", "obskit reads logs, traces and requests, not profiles"),
    (b"MDMP", "a memory dump of Windows", "obskit reads logs, traces and requests, not the state of memory"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an old office program, such as .xls", _SHEET),
    (b"\xfebin", "a binary log of MySQL", "obskit reads logs, traces and requests, not changes of rows"),
    (b"REDIS0", "a snapshot of Redis", "export what you need as JSON lines"),
    (b"PGDMP", "a dump of PostgreSQL", "export a table: COPY (SELECT ...) TO STDOUT WITH CSV HEADER"),
)
# The first field of a profile is a pair of numbers; no message of OTLP begins so.
_PPROF = re.compile(rb"\x0a\x04\x08[\x01-\x7f]\x10[\x01-\x7f]")


def binary_format(head: bytes) -> Unsupported | None:
    """Return the format of a binary file that begins with known bytes.

    Args:
        head: the first bytes, decompressed.

    Returns:
        The format; None if the bytes are not known.

    Example:
        print(binary_format(b"SQLite format 3\\0"))
    """
    for magic, what in _PICTURES:
        if head.startswith(magic) and (len(magic) > 2 or b"\0" in head[:64]):
            return without_events(what)
    for magic, what, hint in _FORMATS:
        # Text may begin with ORC or BZh too.
        if head.startswith(magic) and (not magic.isalnum() or not _is_text(head)):
            return Unsupported(what, hint)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return without_events("a WebP image")
    if head[:4] == b"\x7fELF":
        is_core = head[16:18] in (b"\4\0", b"\0\4")
        return without_events("a core dump" if is_core else "a program")
    if is_zip(head):
        document = document_in(head)
        return Unsupported(document, _SHEET) if document else Unsupported("a ZIP archive", _UNPACK)
    if is_tar(head):
        return Unsupported("a tar archive", _UNPACK)
    if _PPROF.match(head):
        return Unsupported(
            "a profile in pprof's format", "obskit reads logs, traces and requests, not profiles"
        )
    # Gob: the names of the fields are near the beginning.
    if b"\x06Result\x01" in head[:64] and all(name in head[:400] for name in (b"Attack", b"Seq", b"Latency")):
        return Unsupported(
            "binary results of vegeta", "convert them: vegeta encode --to json FILE > results.jsonl"
        )
    return None


def other_binary(head: bytes) -> Unsupported | None:
    """Return a description of a file that is not text; None if it is text.

    Args:
        head: the first bytes, decompressed.

    Returns:
        The description.

    Example:
        print(other_binary(b"hello"))
    """
    hint = "write it as text, or as Parquet, with the program that made it"
    if b"\0" in head:
        return Unsupported("binary data of an unknown format", hint)
    try:
        head[:-4].decode()
    except UnicodeDecodeError:
        return Unsupported(
            "binary data, or text that is not UTF-8", "if it is text, convert it: iconv -t UTF-8"
        )
    return None


def _is_text(head: bytes) -> bool:
    return not re.search(rb"[\0-\x08\x0e-\x1a]", head[:512])
