"""`report`: a notebook, a ledger or an incident as one file that can be handed on."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit import distribution
from obskit.dataset import write_atomically
from obskit.errors import InvalidArgument, NoSuchPath
from obskit.events import Events, Pin
from obskit.instrument.redaction.options import Redaction
from obskit.record import Ledger
from obskit.record.ledger import is_ledger
from obskit.report.answers import ledger_document
from obskit.report.blocks import Document
from obskit.report.clean import Cleaner
from obskit.report.incident import incident_document
from obskit.report.markdown import markdown
from obskit.report.notebook import notebook_document
from obskit.report.page import body, page
from obskit.report.people import People

SUFFIXES = (".html", ".md")
MOST_PEOPLE = 2_000_000


@dataclass(frozen=True)
class Report:
    """A report whose texts are clean.

    Attributes:
        document: what it says, as blocks of plain text.

    Example:
        made = ok.report(events, selection="http.route = '/book' and duration_ms > 500")
        print(made.markdown[:200])
    """

    document: Document

    @property
    def html(self) -> str:
        """The report as one HTML page that loads nothing.

        Example:
            len(ok.report(events, selection="error").html)
        """
        return page(self.document)

    @property
    def markdown(self) -> str:
        """The report as Markdown.

        Example:
            print(ok.report(events, selection="error").markdown)
        """
        return markdown(self.document)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the report to a new file.

        Args:
            path: a file that ends in .html or .md.

        Returns:
            The file's absolute path.

        Raises:
            InvalidArgument: the file exists, or has another suffix.
            StorageFull: the disk is full.

        Example:
            import tempfile
            with tempfile.TemporaryDirectory() as folder:
                ok.report(events, selection="error").write(f"{folder}/review.md")
        """
        target = _target(path)
        text = self.html if target.suffix.lower() == ".html" else self.markdown
        with write_atomically(target) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return target

    def __str__(self) -> str:
        return self.markdown

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return body(self.document)


def report(
    source: Events | Ledger | str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    events: Events | None = None,
    ledger: Ledger | str | os.PathLike[str] | None = None,
    pin: Pin | str | os.PathLike[str] | None = None,
    selection: str | None = None,
    impact: Sequence[str] | None = None,
    title: str | None = None,
    pseudonyms: Sequence[str] = (),
    pseudonym_key: bytes | str | None = None,
    redaction: Redaction | None = None,
) -> Report:
    """Make a report that can be handed on: one file that loads nothing, without secrets.

    Args:
        source: a notebook (.ipynb) with its outputs; a ledger; or events, for a post-incident review that is
            filled from them.
        out: a new file, .html or .md; None to write none.
        events: the events that a notebook or ledger is about; pseudonyms need them. With a ledger and a
            selection, the report is a post-incident review.
        ledger: for a review, the questions with their judgements.
        pin: the pin of the data, or its file; the report names it.
        selection: for a review, the condition of the affected requests; "error" by default.
        impact: for a review, fields whose distinct values are counted, such as "user.id".
        title: the title of the report.
        pseudonyms: fields whose values are replaced by pseudonyms wherever they occur, in all texts.
        pseudonym_key: secret of the pseudonyms, at least 16 bytes; equal keys give equal pseudonyms.
        redaction: what else to mask, and what not to mask.

    Returns:
        The report; its last section says what was masked.

    Raises:
        NoSuchPath, ReadError: the notebook or the ledger cannot be read.
        InvalidArgument: `source`, `ledger` or `out` is of another kind, an argument has no effect or lacks
            its events, `pin` is of other data, pseudonyms lack their key, or their values are too short to be
            found in text.
        EmptySelection, ConditionError, UnknownField, UnknownFunction: from the selection.
        StorageFull: the disk is full.

    Example:
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            ok.report(events, f"{folder}/review.html", selection="http.route = '/book' and duration_ms > 500")
    """
    if out is not None and _target(out).exists():
        raise InvalidArgument(f"{out} already exists", hint="choose a new file")
    for file in (source, ledger):
        check_source(file)
    book = ledger if ledger is None or isinstance(ledger, Ledger) else _ledger(ledger)
    from_ledger = isinstance(source, Ledger)
    if isinstance(source, Events):
        events = source
    elif isinstance(source, Ledger):
        book = source
    elif from_ledger := is_ledger(Path(source).expanduser()):
        book = Ledger(source)
    review = isinstance(source, Events) or (from_ledger and selection is not None)
    if not review and (selection is not None or impact):
        raise InvalidArgument(
            "selection and impact are for a review, which begins with events or a ledger",
            hint="ok.report(events, selection=..., impact=...)",
        )
    if events is None and review:
        raise InvalidArgument("a review of a ledger needs the events", hint="ok.report(..., events=events)")
    pinned = pin if pin is None or isinstance(pin, Pin) else Pin.read(pin)
    if events is not None and pinned is not None:
        _check_same(events, pinned)
    people = _people(events, pseudonyms, pseudonym_key)
    if events is not None and review:
        document = incident_document(events, selection or _outcome(events), book, impact, title)
    elif from_ledger and book is not None:
        document = ledger_document(book)
    else:
        document = notebook_document(_notebook(source))
    document = dataclasses.replace(
        document, title=title or document.title, facts=[*document.facts, *_facts(events, pinned)]
    )
    made = Report(Cleaner(redaction or Redaction(), people).document(document))
    if out is not None:
        made.write(out)
    return made


def check_source(source: object) -> None:
    """Check that a source is not an address.

    Args:
        source: what a report is to be made of.

    Raises:
        InvalidArgument: it is one; the error does not quote it, for it may hold a password.
    """
    if isinstance(source, str) and "://" in source:
        raise InvalidArgument(
            "the source must be the file of a notebook or a ledger, not an address",
            hint="name the ledger, and the engine with --events ADDRESS --table NAME",
        )


def _target(path: str | os.PathLike[str]) -> Path:
    target = Path(path).expanduser().absolute()
    if target.suffix.lower() not in SUFFIXES:
        raise InvalidArgument(f"a report must end in .html or .md, got {target.name!r}", hint="report.html")
    return target


def _ledger(path: str | os.PathLike[str]) -> Ledger:
    """Return the ledger in a file, which must exist: an empty one would say that nothing was judged."""
    file = Path(path).expanduser()
    if not file.exists():
        raise NoSuchPath(f"{file} does not exist", hint="check the path of the ledger")
    if not is_ledger(file):
        raise InvalidArgument(f"{file} is not a ledger", hint="give a file that ok.Ledger wrote")
    return Ledger(file)


def _check_same(events: Events, pin: Pin) -> None:
    loaded, narrowed = events.dataset.fingerprint, events.fingerprint
    if pin.fingerprint != loaded and pin.result.get("fingerprint") != narrowed:
        raise InvalidArgument(
            f"the pin is of dataset {pin.fingerprint[:12]}, but the events are of dataset {loaded[:12]}",
            hint="give the events of this pin: ok.load(pin)",
        )


def _notebook(source: Any) -> Path:
    """Return the path of a notebook."""
    path = Path(source).expanduser()
    if not path.exists():
        raise NoSuchPath(f"{path} does not exist", hint="give a notebook (.ipynb) or a ledger")
    if path.suffix.lower() != ".ipynb":
        raise InvalidArgument(
            f"{path} is neither a notebook (.ipynb) nor a ledger",
            hint="for a review of events: ok.report(ok.load(PATH), selection=...)",
        )
    return path


def _outcome(events: Events) -> str:
    if "error" in events.schema.names:
        return "error"
    raise InvalidArgument(
        "these events have no errors, so a review needs a selection", hint='selection="duration_ms > 500"'
    )


def _facts(events: Events | None, pin: Pin | None) -> list[tuple[str, str]]:
    facts = []
    if events is not None:
        facts.append(("Dataset", f"{events.dataset.rows:,} events, fingerprint {events.fingerprint}"))
        if events.scope.where is not None:
            facts.append(("Narrowed to", events.scope.where.text))
    if pin is not None:
        where = "not written to a file" if pin.path is None else pin.path.name
        facts.append(("Pin", f"{where}, of dataset {pin.fingerprint}, made {pin.made}"))
    version = importlib.metadata.version(distribution.NAME)
    facts.append(("Made with", f"obskit {version}, Python {platform.python_version()}"))
    return facts


def _people(events: Events | None, fields: Sequence[str], key: bytes | str | None) -> People | None:
    """Return the identities in the whole dataset: a text may name one that the events at hand don't have."""
    if not fields:
        return None
    if isinstance(fields, str):
        fields = [fields]
    if key is None:
        raise InvalidArgument(
            "pseudonyms need a pseudonym_key", hint="create one with secrets.token_bytes(32), and keep it"
        )
    if events is None:
        raise InvalidArgument(
            "pseudonyms need the events, to know which values to replace",
            hint="ok.report(..., events=events)",
        )
    everything = events.scope.everything
    values: dict[str, Sequence[str]] = {}
    for field in fields:
        name = everything.resolve(field)
        if pa.types.is_nested(everything.schema.field(name).type):
            raise InvalidArgument(f"{name} holds lists or structures", hint="choose a field with one value")

        def distinct(table: Any, name: str = name) -> Any:
            return table.filter(table[name].notnull()).select(name).distinct().limit(MOST_PEOPLE + 1)

        found = everything.run(distinct).table.column(name).to_pylist()
        if len(found) > MOST_PEOPLE:
            raise InvalidArgument(
                f"{name} has more than {MOST_PEOPLE:,} values",
                hint="narrow the events and write them to a file first",
            )
        values[name] = [str(value) for value in found]
    return People(values, key)
