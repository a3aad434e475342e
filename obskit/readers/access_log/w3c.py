"""Access logs in W3C's extended format, whose line `#Fields:` names the columns: IIS and CloudFront.

    #Fields: date time cs-method cs-uri-stem sc-status time-taken
    2026-05-04 10:00:00 GET /cart 500 250

Times are UTC. `time-taken` is milliseconds for IIS and seconds for CloudFront; of an unknown program it is
kept as `w3c.time_taken`. A later `#Fields:` line, which IIS writes when it starts, applies to the lines after
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import ReadError
from obskit.readers.access_log.column_splitter import split_columns
from obskit.readers.access_log.field_mapping import to_events
from obskit.readers.access_log.line_parser import LINE_LIMIT
from obskit.readers.access_log.request_lines import add_column, no_empty
from obskit.readers.access_log.text_reader import BLOCK, UNENDED_NOTE
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, ReadOptions
from obskit.schema.parse import by_value, parse

Columns = dict[str, pa.Array]

TIME_TAKEN_NOTE = (
    "the program that wrote the log is unknown, and so is the unit of its time-taken: it is kept as "
    'w3c.time_taken. If you know the unit: mapping={"duration_ms": {"from": "w3c.time_taken", "unit": "ms"}}'
)
DATE_NOTE = "the log has times without a date: the date is that of the #Date line before them"

_FIELDS_LINE = re.compile(rb"#Fields:[ \t]*([^\r\n]*)")
_DIRECTIVES = re.compile(rb"^#[^\n]*(?:\n|$)", re.MULTILINE)
_REQUEST = frozenset({"cs-method", "cs-uri-stem", "cs-uri"})
_IIS = frozenset({"sc-win32-status", "sc-substatus", "s-sitename", "s-computername"})
_HEADER = re.compile(r"(?P<side>cs|sc)\((?P<name>[^)]+)\)")
_NAMES = {
    "c-ip": "host",
    "c-port": "client.port",
    "s-ip": "network.local.address",
    "s-port": "server_port",
    "s-computername": "host.name",
    "cs-method": "method",
    "cs-uri-stem": "path",
    "cs-uri-query": "query",
    "cs-uri": "target",
    "cs-username": "user",
    "cs-host": "authority",
    "cs(host)": "authority",
    "x-host-header": "authority",
    "cs(user-agent)": "agent",
    "cs(referer)": "referer",
    "cs(x-forwarded-for)": "xff",
    "x-forwarded-for": "xff",
    "cs-version": "protocol",
    "cs-protocol-version": "protocol",
    "cs-protocol": "scheme",
    "sc-status": "code",
    "sc-bytes": "bytes_sent",
    "cs-bytes": "request_length",
    "ssl-protocol": "tls",
    "ssl-cipher": "cipher",
}
_NUMBERS = ("client.port", "iis.sc_substatus", "iis.sc_win32_status", "cloudfront.sc_content_len")
_TEXTS = ("agent", "referer", "xff", "http.request.header.cookie")


@dataclass
class _Header:
    """What the lines that begin with `#` say about the lines after them."""

    fields: list[str] = field(default_factory=list)
    software: str = ""
    date: str = ""

    def read(self, line: bytes) -> None:
        name, _, value = line.decode("utf-8", "backslashreplace").strip().removeprefix("#").partition(":")
        if name == "Fields":
            self.fields = value.split()
        elif name == "Software":
            self.software = value.strip()
        elif name == "Date":
            self.date = value.strip().partition(" ")[0]

    @property
    def family(self) -> str:
        """The program, as a prefix of fields; "w3c" if it is not known."""
        names = {name.lower() for name in self.fields}
        if "x-edge-location" in names:
            return "cloudfront"
        known = "internet information services" in self.software.lower() or names & _IIS
        return "iis" if known else "w3c"


def _sniff(head: bytes) -> Match:
    text = head.removeprefix(UTF8_BOM).lstrip()
    if not text.startswith(b"#"):
        return Match.NO
    found = _FIELDS_LINE.search(text)
    if found is None or any(line[:1] != b"#" for line in text[: found.start()].split(b"\n") if line.strip()):
        return Match.NO
    names = set(found[1].decode("utf-8", "replace").lower().split())
    return Match.CERTAIN if names & _REQUEST and names & {"time", "date"} else Match.NO


def _read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the requests of a file as batches; lines with other columns are rejected."""
    header, rows = _Header(), 0
    with source.stream() as stream:
        damage_reported = False
        for block in LineBlocks(stream, report, size=BLOCK, limit=LINE_LIMIT):
            for section in _sections(block, header):
                columns, bad = _split(section, header)
                for position, reason in bad:
                    if section.torn and stream.damage and reason.startswith("torn"):
                        reason, damage_reported = stream.damage, True
                    report.reject(position, reason)
                if columns:
                    if section.torn and not (bad and bad[-1][1].startswith("torn")) and not report.growing:
                        report.note(UNENDED_NOTE)
                    batch = to_events(_fields(columns, header, report), header.family)
                    rows += batch.num_rows
                    yield batch
        if stream.damage and not damage_reported:
            report.reject("end of the file", stream.damage)
    if not rows:
        raise ReadError(
            f"{source.path} has no line with the columns that its #Fields line names",
            hint="the file may be truncated; copy it again",
        )


def _sections(block: Block, header: _Header) -> Iterator[Block]:
    """Yield the lines of a block between lines that begin with `#`, which go to the header."""
    line, begin = block.line, 0

    def section(end: int) -> Block:
        torn = block.torn and end == len(block.data)
        return Block(block.data[begin:end], line, block.offset + begin, torn)

    for found in _DIRECTIVES.finditer(block.data):
        if found.start() > begin:
            yield section(found.start())
        header.read(found[0])
        line += block.data.count(b"\n", begin, found.end())
        begin = found.end()
    if begin < len(block.data):
        yield section(len(block.data))


def _split(block: Block, header: _Header) -> tuple[list[pa.Array], list[tuple[str, str]]]:
    """Return the columns of a section, and the position and reason of each line with other columns."""
    first = block.data.partition(b"\n")[0]
    separator = b"\t" if b"\t" in first else b" "
    columns, others = split_columns(block.data, separator, len(header.fields))
    bad = []
    for number, begin, end in others:
        reason = "the line does not have the columns that #Fields names"
        if block.torn and end == len(block.data):
            reason = "torn: the file ends within the line"
        if block.data[begin:end].strip():
            bad.append((f"line {block.line + number}, byte {block.offset + begin}", reason))
    return columns, bad


def _fields(columns: list[pa.Array], header: _Header, report: FileReport) -> Columns:
    """Return the columns by the names of `field_mapping`."""
    family = header.family
    out: Columns = {}
    date = clock = None
    for name, values in zip((name.lower() for name in header.fields), columns, strict=True):
        values = pc.if_else(pc.equal(values, "-"), pa.scalar(None, pa.string()), no_empty(values))
        if name == "date":
            date = values
        elif name == "time":
            clock = values
        elif name == "time-taken":
            _time_taken(out, values, family, report)
        elif name == "time-to-first-byte" and family == "cloudfront":
            out["cloudfront.time_to_first_byte_ms"] = pc.multiply(parse(values, "float"), 1000.0)
        elif name == "cs(host)" and family == "cloudfront":
            out["cloudfront.distribution"] = values
        else:
            _add(out, name, values, family)
    if clock is not None:
        _times(out, date, clock, header, report)
    return out


def _add(out: Columns, name: str, values: pa.Array, family: str) -> None:
    found = _HEADER.fullmatch(name)
    own = f"{family}.{re.sub(r'[^a-z0-9_]+', '_', name)}"
    if found is not None:
        own = f"http.{'request' if found['side'] == 'cs' else 'response'}.header.{found['name']}"
    target = _NAMES.get(name, own)
    if target == "protocol":
        target, values = "version", pc.replace_substring_regex(values, "^HTTP/", "")
    elif target in _TEXTS:
        # IIS writes + for a space, and CloudFront %20.
        values = (
            by_value(values, unquote, pa.string())
            if family == "cloudfront"
            else pc.replace_substring(values, "+", " ")
        )
    elif target in _NUMBERS:
        values = parse(values, "int")
    add_column(out, target, values)


def _time_taken(out: Columns, values: pa.Array, family: str, report: FileReport) -> None:
    if family == "w3c":
        report.note(TIME_TAKEN_NOTE)
        out["w3c.time_taken"] = parse(values, "float")
    else:
        # CloudFront logs when it has answered. For IIS, the documentation only says "the activity occurred".
        out["took_s" if family == "cloudfront" else "duration"] = values


def _times(out: Columns, date: pa.Array | None, clock: pa.Array, header: _Header, report: FileReport) -> None:
    if date is None and header.date:
        report.note(DATE_NOTE)
        date = pa.repeat(header.date, len(clock))
    if date is not None:
        moments = pc.binary_join_element_wise(date, clock, "T")
        out["ended"] = parse(pc.binary_join_element_wise(moments, "Z", ""), "timestamp").cast(pa.int64())


W3C = Reader("W3C access log", (".log", ".tsv", ".txt"), _sniff, _read)
