"""The command `lab`: a small notebook on somebody's files, and JupyterLab on it."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from obskit.cli.inputs import mapping_of
from obskit.cli.terminal import write
from obskit.errors import MissingDependency, NoSuchPath

_OPENING = """\
# What is different about the slow ones?

Run both cells. Drag a box over the heatmap (or press the arrow keys and Enter): beside it stands what
distinguishes the events in the box from the rest. *Show code* gives the lines that reproduce it."""


def notebook(
    paths: list[str], mapping: dict[str, Any] | None = None, error: str | None = None
) -> dict[str, Any]:
    """Return a notebook (nbformat 4.5, as JSON) that opens the Explorer on `paths`."""
    listed = repr(paths[0] if len(paths) == 1 else paths)
    mapped = f", mapping={mapping!r}" if mapping else ""
    mapped += f", error={error!r}" if error else ""
    code = [
        f"import obskit as ok\n\nevents = ok.load({listed}{mapped})\nevents",
        "ok.Explorer(events)",
    ]
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "opening", "metadata": {}, "source": _OPENING}
    ]
    for number, source in enumerate(code):
        cells.append(
            {
                "cell_type": "code",
                "id": f"code-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
        )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def written(paths: list[str], mapping_file: str | None = None, error: str | None = None) -> Path:
    """Write the notebook for `paths` into a new temporary folder and return where.

    Raises:
        NoSuchPath: a path that is not there; a glob is left for `load` to read.
        InvalidArgument: the mapping cannot be read.
    """
    absolute = []
    for path in paths:
        if "://" in path:
            absolute.append(path)
            continue
        if not any(mark in path for mark in "*?[") and not Path(path).exists():
            raise NoSuchPath(
                f"no such file or folder: {path}", hint="lab takes files, folders and globs of events"
            )
        absolute.append(str(Path(path).absolute()))
    target = Path(tempfile.mkdtemp(prefix="obskit-lab-")) / "events.ipynb"
    found = notebook(absolute, mapping_of(mapping_file), error)
    target.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return target


def _lasting(paths: list[str]) -> list[str]:
    """Return what a notebook may name: of stdin, a pipe and a URL with credentials where they are kept."""
    from obskit.dataset import is_stream, is_url, local_paths, redact_url

    lasting: list[str] = []
    for path in paths:
        if path == "-":
            lasting += map(str, local_paths([sys.stdin.buffer]))
        elif is_stream(path) or (is_url(path) and redact_url(path) != path):
            lasting += map(str, local_paths([path]))
        else:
            lasting.append(path)
    return lasting


def lab(arguments: argparse.Namespace) -> None:
    """Start JupyterLab on a notebook that opens the Explorer; returns when the server stops.

    Raises:
        MissingDependency: JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingDependency.of("notebook", "obskit lab")
    target = written(_lasting(arguments.paths), arguments.mapping, arguments.error)
    write(f"obskit: {target}", sys.stderr)
    command = [sys.executable, "-m", "jupyterlab", str(target)]
    if arguments.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Jupyter refuses root, which is who one is in many containers; it listens on loopback either way.
        command.append("--allow-root")
    # The kernel is found by this interpreter's own folder: the notebook runs where obskit is installed.
    server = subprocess.Popen(command, cwd=target.parent)  # noqa: S603
    while True:
        try:
            server.wait()
            return
        except KeyboardInterrupt:
            # Ctrl-C reaches Jupyter too, which asks whether it is meant: wait for what it makes of it.
            continue
