"""Apply to a table what `number_styles` decided for its columns, and say so in the load report.

A column whose style is not clear stays text. If it has the name of a column of ours, such as `duration_ms`,
it is called `attributes.duration_ms`, so that its text is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from obskit.names import current, type_word
from obskit.readers.io.source import Readable, Source
from obskit.readers.tables.dialect import Dialect
from obskit.readers.tables.number_styles import (
    DateStyle,
    Order,
    Style,
    as_iso,
    as_numbers,
    date_style,
    day_numbers,
    number_style,
    order_of,
)
from obskit.schema import FileReport, format_hint

_BLOCK = 4 * 1024 * 1024


@dataclass(frozen=True)
class Styles:
    """How the columns of a table are written.

    Attributes:
        numbers: column -> what the commas in its numbers mean; only clear ones.
        dates: column -> which number of its dates is the day; only clear ones.
        unclear: columns that stay text.
    """

    numbers: dict[str, Style] = field(default_factory=dict)
    dates: dict[str, Order] = field(default_factory=dict)
    unclear: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        columns: Mapping[str, Sequence[str | None]],
        file: str,
        report: FileReport,
        *,
        delimiter: str = ",",
        all_dates: Callable[[str], Iterator[pa.Array]] | None = None,
    ) -> Styles:
        """Return the styles of a table.

        Args:
            columns: name -> the first values of each text column.
            file: name of the file for notes.
            report: receives notes about what was decided.
            delimiter: between the fields of the table.
            all_dates: yields all values of a column, for dates whose first values do not decide.

        Returns:
            The styles.
        """
        numbers: dict[str, Style] = {}
        dates: dict[str, Order] = {}
        unclear: set[str] = set()
        for name, values in columns.items():
            style = number_style(values, delimiter)
            if style == "unclear":
                unclear.add(name)
                example = next(value for value in values if value and "," in value)
                report.note_in(
                    file,
                    f"'{name}' stays text: the comma of '{example}' may separate thousands or decimals; "
                    "write it as 1250 or 1.25",
                )
            elif style is not None:
                numbers[name] = style
                what = "the thousands" if style == "thousands" else "the decimals"
                report.note_in(file, f"the comma in '{name}' separates {what}")
            found = date_style(name, values)
            if found is not None:
                order = found.order
                if order == "unclear" and all_dates is not None:
                    order = _order_of_all(all_dates(name))
                _note_date(file, name, found, order, report)
                if order == "unclear":
                    unclear.add(name)
                else:
                    dates[name] = order
        return cls(numbers, dates, frozenset(unclear))

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with usual numbers and ISO dates.

        Args:
            batch: whose columns with a style are text.

        Returns:
            The batch; these columns are still text.
        """
        if not self.numbers and not self.dates and not self.unclear:
            return batch
        columns, names = list(batch.columns), list(batch.schema.names)
        for at, name in enumerate(names):
            if name in self.numbers:
                columns[at] = as_numbers(columns[at], self.numbers[name])
            if name in self.dates:
                columns[at] = as_iso(columns[at], self.dates[name])
            if name in self.unclear and type_word(current(name)) not in (None, "string"):
                names[at] = f"attributes.{name}"
        fields = [(name, column.type) for name, column in zip(names, columns, strict=True)]
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields, metadata=batch.schema.metadata))


def _note_date(file: str, name: str, found: DateStyle, order: Order, report: FileReport) -> None:
    if order == "unclear":
        report.note_in(
            file,
            f"'{name}' stays text: '{found.example}' may have the day or the month first, and no date has a "
            f"number over 12 that decides. Say which: {format_hint(name, found.example)}",
        )
        return
    why = "with points" if found.point else "by a number over 12"
    what = "the day" if order == "day first" else "the month"
    report.note_in(file, f"dates in '{name}' have {what} first ({why})")


def _order_of_all(columns: Iterator[pa.Array]) -> Order:
    """Return the order of the dates of a column, from all of its values."""
    firsts: list[int] = []
    seconds: list[int] = []
    for column in columns:
        first, second = day_numbers(column)
        firsts, seconds = [max([*firsts, *first], default=0)], [max([*seconds, *second], default=0)]
    return order_of(firsts, seconds)


def csv_column(source: Source, dialect: Dialect, name: str) -> Iterator[pa.Array]:
    """Yield one column of a table as text; nothing after what cannot be read.

    Args:
        source: the file.
        dialect: of the table.
        name: of the column.

    Yields:
        Its values, block by block.
    """
    with source.stream() as stream:
        readable = Readable(stream)
        readable.read(dialect.skipped + dialect.header)
        try:
            reader = pacsv.open_csv(
                pa.PythonFile(readable, mode="r"),
                read_options=pacsv.ReadOptions(
                    block_size=_BLOCK, use_threads=False, column_names=list(dialect.names), encoding="latin1"
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=lambda _: "skip"
                ),
                convert_options=pacsv.ConvertOptions(
                    include_columns=[name], column_types={name: pa.string()}
                ),
            )
            for batch in reader:
                yield pc.utf8_trim_whitespace(batch.column(0))
        except (pa.ArrowException, StopIteration):
            return
