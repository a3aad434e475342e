"""`Sample`: a file of one format that can be written for any `World`, and what its parts are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.metamorphic.world import World

Shape = Literal["lines", "document", "binary"]


@dataclass(frozen=True)
class Sample:
    """A file of one format.

    Attributes:
        reader: name of the reader that reads it.
        name: what distinguishes it from other samples of that reader.
        file: name of the file.
        write: makes the bytes for a world.
        shape: "lines" if each line is a record, "document" for text of another form, "binary" for the rest.
        header: lines before the first record.
        rows: whether there is one event per line or, in a document, one per request.
        unit: a name or text that says the unit of a duration, such as b"duration_ms".
        names: whether the names of its fields are chosen by people, not by one program.
        timed: whether each event has a time of its own.
        clock: whether the times are those of the world.
        zone: whether times are written with their offset to UTC.
    """

    reader: str
    name: str
    file: str
    write: Callable[[World], bytes]
    shape: Shape = "lines"
    header: int = 0
    unit: bytes = b""
    names: bool = False
    timed: bool = True
    clock: bool = True
    zone: bool = False

    def __str__(self) -> str:
        return f"{self.reader}, {self.name}" if self.name else self.reader
