"""Recognize a table of text: what separates its fields, where its header is, and what its columns are called.

    sep=,                                   a line for Excel, skipped
    Report generated 2026-05-04             lines before the header, skipped
    ,timestamp,name,duration_ms,name        the header; its columns are called `column 1`, timestamp, name,
    0,2026-05-04 10:00:00,GET,250.5,x       duration_ms and name~2

Text with commas in it is not a table: names are short, differ from the values below them, and most rows have
as many fields as there are names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from obskit.names import flat_field
from obskit.readers.sniffing import UTF8_BOM

DELIMITERS = (",", "\t", ";", "|")

TITLE_LINES = 20
"""Lines before the header that may be skipped."""

SNIFFED_ROWS = 500
"""Rows that are compared with the header."""

_SEP = re.compile(r'"?sep=(.)"?\r?\n')
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_STRICT_NAME = re.compile(r"[\w@*][\w .()/%#@:+-]{0,59}$")
_TIME = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[ T]\d|\d\d:\d\d:\d\d")
_PIECE_OF_JSON = re.compile(r"\":|:\"|\{\"")
"""What JSON behind a prefix leaves in a name if its commas are taken for delimiters."""

_WORDS = 8
_CLICKHOUSE_TYPE = re.compile(
    r"(?:Nullable|LowCardinality|Array|Map|Tuple|Nested|Variant|Enum8|Enum16|FixedString|Decimal\w*|DateTime|DateTime64"
    r"|SimpleAggregateFunction|AggregateFunction|JSON|Object)\(.*\)"
    r"|U?Int(?:8|16|32|64|128|256)|B?Float(?:16|32|64)|String|Bool|Date|Date32|Time|Time64|DateTime|DateTime64|UUID"
    r"|IPv4|IPv6|JSON|Dynamic"
)
_POSTGRES = (
    *("log_time", "user_name", "database_name", "process_id", "connection_from", "session_id"),
    *("session_line_num", "command_tag", "session_start_time", "virtual_transaction_id", "transaction_id"),
    *("severity", "sql_state_code", "message", "detail", "hint", "internal_query", "internal_query_pos"),
    *(
        "context",
        "query",
        "query_pos",
        "location",
        "application_name",
        "backend_type",
        "leader_pid",
        "query_id",
    ),
)
"""Columns of PostgreSQL's csvlog, which has no header; before version 14 the last ones are missing."""

_POSTGRES_LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z+\d:-]+,(?:[^,\n]*,){10}"
    r"(?:DEBUG\d?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC),[0-9A-Z]{5},"
)
UNNAMED = "(unnamed)"
"""Name of a first column without one that holds times: the index of a data frame."""


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Attributes:
        delimiter: the character between fields.
        names: of the columns, each once.
        skipped: bytes before the header, with a byte order mark.
        header: bytes of the header line, with its newline.
        lines: lines before the header.
        renamed: whether a column had no name, or one that another column has too.
        padded: whether a space follows each delimiter.
        rows: the first rows, for those who look at values.
        torn: whether a row has more or fewer fields than there are names.
        typed: whether `header` has a line of ClickHouse's types too, or is empty (PostgreSQL's csvlog).
    """

    delimiter: str
    names: tuple[str, ...]
    skipped: int
    header: int
    lines: int
    renamed: bool
    padded: bool
    rows: tuple[tuple[str, ...], ...]
    torn: bool = False
    typed: bool = False

    @property
    def plain(self) -> bool:
        """Whether the file begins with its header, and the names are used as they are."""
        return not self.lines and not self.renamed and not self.padded and not self.typed


@lru_cache(maxsize=2)  # asked when a file is recognized, when it is joined with others, and when it is read
def dialect_of(head: bytes) -> Dialect | None:
    """Return how a table is written.

    Args:
        head: the first bytes of a file, decompressed.

    Returns:
        The dialect; None if the bytes are not a table.

    Example:
        print(dialect_of(b"status,took\\n200,1.5\\n").names)
    """
    text = _text(head)
    if text is None:
        return None
    mark = len(UTF8_BOM) if head.startswith(UTF8_BOM) else 0
    if _POSTGRES_LINE.match(text):
        return _postgres(text, mark)
    lines = io.StringIO(text, newline="")
    found = _SEP.match(text)
    if found:
        made = _table(lines, text, found.end(), (found[1],), strict=False)
        return _with_skipped(made, mark, text, found.end(), 1) if made else None
    made = _table(lines, text, 0, DELIMITERS, strict=False)
    if made:
        return _with_skipped(made, mark, text, 0, 0)
    at = 0
    for line in range(1, TITLE_LINES + 1):
        end = text.find("\n", at)
        if end < 0:
            return None
        if _field_count(text[at:end]) > 2:  # a title has no columns
            return None
        at = end + 1
        made = _table(lines, text, at, DELIMITERS, strict=True)
        if made:
            return _with_skipped(made, mark, text, at, line)
    return None


def has_named_times(head: bytes) -> bool:
    """Return whether a file is a table with a column of times, whose lines may look like those of a log.

        ts,status,took
        2026-05-04 10:00:00 UTC,503,250        not the message "UTC,503,250"

    Args:
        head: the first bytes of a file, decompressed.

    Returns:
        True if the header names a time, all rows are complete, and most of their times look like one.

    Example:
        print(has_named_times(b"ts,status\\n2026-05-04 10:00:00 UTC,503\\n"))
    """
    dialect = dialect_of(head)
    if dialect is None or dialect.lines > 1 or not dialect.rows or dialect.torn:
        return False
    for at, name in enumerate(dialect.names):
        meaning = flat_field(name)
        if name == "timestamp" or (meaning is not None and meaning.target == "timestamp"):
            times = sum(_TIME.search(row[at]) is not None or row[at].isdigit() for row in dialect.rows)
            if times >= 0.5 * len(dialect.rows):
                return True
    return False


def _text(head: bytes) -> str | None:
    """Return the whole lines of the head as text; None if they cannot be a table."""
    try:
        text = head.removeprefix(UTF8_BOM).decode()
    except UnicodeDecodeError:
        text = head[:-4].decode(errors="surrogateescape") if head.count(b"\xff") < 100 else ""
        text = text.removeprefix("\ufeff")
    if "\0" in text or text.lstrip()[:1] in ("{", "[", "<") or "\n" not in text.strip():
        return None
    return text[: text.rfind("\n") + 1] if len(head) >= 32_768 else text


def _postgres(text: str, mark: int) -> Dialect | None:
    """Return the dialect of PostgreSQL's csvlog; None if its lines have another number of columns."""
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    count = len(rows[0])
    if count not in (23, 24, 26):
        return None
    good = tuple(tuple(row) for row in rows[:SNIFFED_ROWS] if len(row) == count)
    return Dialect(",", _POSTGRES[:count], mark, 0, 0, False, False, good, typed=True)


def _with_skipped(made: Dialect, mark: int, text: str, at: int, lines: int) -> Dialect:
    before = text[:at].encode("utf-8", "surrogateescape")
    return Dialect(
        made.delimiter,
        made.names,
        mark + len(before) + made.skipped,
        made.header,
        lines + made.lines,
        made.renamed,
        made.padded,
        made.rows,
        made.torn,
        made.typed,
    )


def _table(
    lines: io.StringIO, text: str, at: int, delimiters: Iterable[str], *, strict: bool
) -> Dialect | None:
    """Return the dialect of a table that begins at an offset of the text, which `lines` holds too."""
    rest = text[at:]

    def with_quotes(delimiter: str) -> Iterator[list[str]]:
        lines.seek(at)
        return csv.reader(lines, delimiter=delimiter)

    def line_by_line(delimiter: str) -> Iterator[list[str]]:
        each = (line for found in _LINE.finditer(rest) for line in found[0].splitlines(True))
        return (row for line in each for row in csv.reader([line], delimiter=delimiter))

    best = _best(with_quotes, rest, delimiters, strict=strict)
    if best is None and '"' in rest:  # a quote may not be closed
        best = _best(line_by_line, rest, delimiters, strict=strict)
    return best


def _best(
    rows_by: Callable[[str], Iterator[list[str]]], text: str, delimiters: Iterable[str], *, strict: bool
) -> Dialect | None:
    best: Dialect | None = None
    for delimiter in delimiters:
        if delimiter not in text:
            continue
        try:
            rows = filter(None, rows_by(delimiter))
            names = next(rows, [])
            if not _are_names(names, strict=strict):  # most text: there is no need to look at the other rows
                continue
            values = list(rows)
        except csv.Error:
            continue
        if _fit(names, values, strict=strict) and (best is None or len(names) > len(best.names)):
            best = _dialect([names, *values], delimiter, text)
    return best


def _are_names(names: list[str], *, strict: bool) -> bool:
    """Return whether the first row can be a header: only the first and last name may be empty."""
    named = [name for name in names if name.strip()]
    if len(names) < 2 or not named or not all(name.strip() for name in names[1:-1]):
        return False
    return all(map(_is_name, named)) and (not strict or all(map(_STRICT_NAME.match, named)))


def _fit(names: list[str], values: list[list[str]], *, strict: bool) -> bool:
    """Return whether the rows below a header have as many values as it has names."""
    same = [row for row in values if len(row) == len(names)]
    needed = 0.9 if strict else 0.5
    if not same or len(same) < needed * len(values):
        return False
    named = [name.strip() for name in names if name.strip()]
    if len(named) < len(names) and (len(same) < len(values) or len(named) < 2):
        return False
    if len(set(named)) < len(named) and len(same) < len(values):
        return False
    return not _repeats(names, same[:SNIFFED_ROWS])


def _repeats(names: list[str], rows: list[list[str]]) -> bool:
    """Return whether a name is also most of the values below it, as in lines without a header."""
    return any(
        name.strip() and sum(row[at] == name for row in rows) > 0.5 * len(rows)
        for at, name in enumerate(names)
    )


def _is_name(text: str) -> bool:
    text = text.strip()
    if not text or len(text) > 200 or text[0].isdigit() or text[-1] in ".;:!?":
        return False
    if "\n" in text or text[0] in "{[<" or len(text.split()) > _WORDS or _PIECE_OF_JSON.search(text):
        return False
    return _TIME.search(text) is None


def _dialect(rows: list[list[str]], delimiter: str, text: str) -> Dialect:
    blank = re.match(r"(?:[ \t]*\r?\n)*", text) if delimiter != "\t" else re.match(r"(?:\r?\n)*", text)
    before = text[: blank.end()] if blank else ""
    typed = len(rows) > 2 and all(map(_CLICKHOUSE_TYPE.fullmatch, rows[1]))
    end = text.find("\n", len(before))
    end = text.find("\n", end + 1) if typed else end
    header = text[len(before) : end + 1]
    rows = [rows[0], *rows[2:]] if typed else rows
    padded = len(rows[0]) > 1 and all(name.startswith(" ") for name in rows[0][1:])
    given = [name.strip() if padded else name for name in rows[0]]
    if not given[0].strip() and all(_TIME.match(row[0]) for row in rows[1 : SNIFFED_ROWS + 1]):
        given[0] = UNNAMED
    names, renamed = unique_names(given)
    renamed = renamed or given[0] == UNNAMED
    return Dialect(
        delimiter,
        names,
        len(before.encode("utf-8", "surrogateescape")),
        len(header.encode("utf-8", "surrogateescape")),
        before.count("\n"),
        renamed,
        padded,
        tuple(tuple(row) for row in rows[1 : SNIFFED_ROWS + 1] if len(row) == len(names)),
        any(len(row) != len(names) for row in rows[1 : SNIFFED_ROWS + 1]),
        typed,
    )


def unique_names(names: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Return names of which each is there once, and whether that changed any.

    Args:
        names: of columns, in their order.

    Returns:
        The names; an empty one is `column 3`, and a second `name` is `name~2`.

    Example:
        print(unique_names(["name", "", "name"]))
    """
    out: list[str] = []
    renamed = False
    for at, name in enumerate(names):
        made, count = name if name.strip() else f"column {at + 1}", 2
        base = made
        while made in out:
            made, count = f"{base}~{count}", count + 1
        renamed = renamed or made != name
        out.append(made)
    return tuple(out), renamed


def _field_count(line: str) -> int:
    return max(line.count(delimiter) for delimiter in DELIMITERS) + 1


def failed_rule(head: bytes) -> str | None:
    """Return which rule text breaks that looks like a table, and on which line; None if it does not.

    Args:
        head: the first bytes of a file that no reader recognizes.

    Returns:
        A clause without a full stop.

    Example:
        print(failed_rule(b"2026-05-04,GET,1\\n2026-05-05,GET,2\\n"))
    """
    text = _text(head)
    if text is None:
        return None
    lines = [(at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip()][: SNIFFED_ROWS + 1]
    for delimiter in DELIMITERS:
        try:
            rows = [next(csv.reader([line], delimiter=delimiter)) for _, line in lines]
        except csv.Error:
            continue
        counts = [len(row) for row in rows]
        usual = max(set(counts), key=counts.count)
        if usual < 3 or len(rows) < 2 or counts.count(usual) < 0.5 * len(counts):
            continue
        number, first = lines[0][0], rows[0]
        if len(first) != usual:
            return f"line {number} has {len(first)} fields, and most other lines have {usual}"
        bad = next((name for name in first if not _is_name(name)), None)
        if bad is not None:
            return f"line {number} is not a header: '{bad[:60]}' is not the name of a column"
        return f"line {number} is not a header: it has the same values as the lines below"
    return None
