"""The command `lab`: write a small notebook about the user's files, and open it in JupyterLab."""

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

from obskit.cli.inputs import options_of
from obskit.cli.terminal import write
from obskit.errors import MissingDependency, NoSuchPath

_OPENING = """\
# What is different about the slow ones?

Run both cells. Drag a box over the heatmap (or use the arrow keys and Enter). Next to it you see what
distinguishes the events in the box from the rest. *Show code* gives the code that reproduces it."""


def notebook(paths: list[str], options: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a notebook that opens the Explorer on the paths.

    Args:
        paths: files, folders, globs or URLs of events.
        options: keyword arguments of `load`; those that are None are left out.

    Returns:
        The notebook as JSON values, nbformat 4.5.
    """
    listed = repr(paths[0] if len(paths) == 1 else paths)
    given = "".join(f", {name}={value!r}" for name, value in (options or {}).items() if value)
    code = [
        f"import obskit as ok\n\nevents = ok.load({listed}{given})\nevents",
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


def written(paths: list[str], options: dict[str, Any] | None = None) -> Path:
    """Write the notebook into a new temporary folder.

    Args:
        paths: files, folders, globs or URLs of events; globs and URLs are not checked here.
        options: keyword arguments of `load`.

    Returns:
        The path of the notebook.

    Raises:
        NoSuchPath: a file or folder does not exist.
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
    found = notebook(absolute, options)
    target.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return target


def _lasting(paths: list[str]) -> list[str]:
    """Return paths that outlive this command: stdin, pipes and URLs with credentials become cached copies."""
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
    """Start JupyterLab with a notebook that opens the Explorer, and wait until the server stops.

    Args:
        arguments: the command's arguments.

    Raises:
        MissingDependency: JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingDependency.of("notebook", "obskit lab")
    options = options_of(arguments) | {"error": arguments.error}
    target = written(_lasting(arguments.paths), options)
    write(f"obskit: {target}", sys.stderr)
    command = [sys.executable, "-m", "jupyterlab", str(target)]
    if arguments.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Jupyter refuses to run as root, the usual user in a container. It listens on loopback only.
        command.append("--allow-root")
    # This interpreter's own kernel, so that the notebook runs where obskit is installed.
    server = subprocess.Popen(command, cwd=target.parent)  # noqa: S603
    while True:
        try:
            server.wait()
            return
        except KeyboardInterrupt:
            # Ctrl-C reaches Jupyter too, which asks for confirmation: keep waiting for it.
            continue
