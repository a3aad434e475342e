"""The commands `report` and `new`."""

from __future__ import annotations

import argparse
from pathlib import Path

from obskit.cli.load import whole
from obskit.cli.terminal import Progress, write, write_json
from obskit.display import formatting
from obskit.errors import InvalidArgument, NoSuchPath
from obskit.events import Pin, is_pin
from obskit.report import report as make_report
from obskit.report.run import check_source
from obskit.report.templates import new_notebook


def report(arguments: argparse.Namespace) -> None:
    """Write a notebook, a ledger or a review of an incident as one file.

    Args:
        arguments: the command's arguments.

    Raises:
        InvalidArgument: `--select` without `--events`, the file exists, or the source is an address.
        NoSuchPath: the file of the key does not exist.
    """
    check_source(arguments.source)
    if arguments.select and not arguments.paths:
        raise InvalidArgument("--select needs the events", hint="add --events PATH")
    out = arguments.out or f"{Path(arguments.source).stem}.html"
    pin = None
    with Progress() as progress:
        events = None
        if arguments.paths:
            if len(arguments.paths) == 1 and is_pin(arguments.paths[0]):
                pin = Pin.read(arguments.paths[0])
            events = whole(arguments, progress)
        made = make_report(
            arguments.source,
            events=events,
            pin=pin,
            selection=arguments.select,
            impact=arguments.impact,
            title=arguments.title,
            pseudonyms=arguments.pseudonym,
            pseudonym_key=_key(arguments.pseudonym_key_file),
        )
        path = made.write(out)
    size = path.stat().st_size
    if arguments.json:
        write_json({"kind": "report", "path": str(path), "bytes": size, "notes": list(made.document.notes)})
        return
    notes = "".join(f"\nnote: {note}" for note in made.document.notes)
    write(f"wrote {path} ({formatting.size(size)}){notes}")


def new(arguments: argparse.Namespace) -> None:
    """Copy a template to a new notebook."""
    path = new_notebook(arguments.template, arguments.name)
    if arguments.json:
        write_json({"kind": "new", "template": arguments.template, "path": str(path)})
    else:
        write(f"wrote {path}\nnext: name your events in its first cell, and run it in JupyterLab")


def _key(file: str | None) -> bytes | None:
    """Return the content of the key's file without the end of its line."""
    if file is None:
        return None
    try:
        return Path(file).read_bytes().strip()
    except OSError as error:
        raise NoSuchPath(
            f"cannot read the key in {file}: {error.strerror}", hint="head -c 32 /dev/urandom | base64 > FILE"
        ) from None
