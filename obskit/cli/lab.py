"""The command `lab`: write a small notebook about the user's files, and open it in JupyterLab."""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from obskit.cli.inputs import lookups_of, options_of
from obskit.cli.terminal import write
from obskit.errors import InvalidArgument, MissingDependency, NoSuchPath

Lookup = tuple[str, str, str | None]
_NAME = "obskit-lab"
_PATIENCE = 10.0
"""Seconds that JupyterLab has to end its kernels."""

_OPENING = """\
# What is different about the slow ones?

Run both cells. Drag a box over the heatmap (or use the arrow keys and Enter). Next to it you see what
distinguishes the events in the box from the rest. *Show code* gives the code that reproduces it."""


def notebook(
    paths: list[str], options: dict[str, Any] | None = None, lookups: Sequence[Lookup] = ()
) -> dict[str, Any]:
    """Return a notebook that opens the Explorer on the paths.

    Args:
        paths: files, folders, globs or URLs of events.
        options: keyword arguments of `load`; those that are None are left out.
        lookups: (file, field, column) of each small table to look up.

    Returns:
        The notebook as JSON values, nbformat 4.5.
    """
    listed = repr(paths[0] if len(paths) == 1 else paths)
    given = "".join(f", {name}={value!r}" for name, value in (options or {}).items() if value)
    opening = [f"events = ok.load({listed}{given})"]
    for file, field, column in lookups:
        key = "" if column is None else f", key={column!r}"
        opening.append(f"events = events.lookup({file!r}, on={field!r}{key})")
    code = [
        "\n".join(["import obskit as ok\n", *opening, "events"]),
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


def written(
    paths: list[str],
    options: dict[str, Any] | None = None,
    target: str | Path | None = None,
    lookups: Sequence[Lookup] = (),
) -> Path:
    """Write the notebook to a file of its own, and never over another one.

    Args:
        paths: files, folders, globs or URLs of events; globs and URLs are not checked here.
        options: keyword arguments of `load`.
        target: the file to write; by default `obskit-lab.ipynb` in the current folder, or with a number if
            that exists. If the folder is not writable, a folder in the user's data is used.
        lookups: (file, field, column) of each small table to look up.

    Returns:
        The path of the notebook.

    Raises:
        NoSuchPath: a file or folder does not exist.
        InvalidArgument: `target` exists already, or cannot be written.
    """
    absolute = []
    for path in paths:
        if "://" in path:
            absolute.append(path)
            continue
        pattern = any(mark in path for mark in "*?[")
        absolute.append(str(Path(path).absolute() if pattern else _existing(path)))
    there = [(str(_existing(file)), field, column) for file, field, column in lookups]
    text = json.dumps(notebook(absolute, options, there), indent=1)
    if target is not None:
        return _write_named(Path(target).expanduser().absolute(), text)
    for folder in (Path.cwd(), _data_folder()):
        try:
            return _write_numbered(folder, text)
        except OSError:  # not writable
            continue
    return _write_numbered(Path(tempfile.mkdtemp(prefix="obskit-lab-")), text)


def _existing(path: str) -> Path:
    if not Path(path).exists():
        raise NoSuchPath(
            f"no such file or folder: {path}", hint="lab takes files, folders and globs of events"
        )
    return Path(path).absolute()


def _write_named(target: Path, text: str) -> Path:
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidArgument(
            f"--notebook {target} already exists",
            hint=f"choose another name, or open it: jupyter lab {shlex.quote(str(target))}",
        ) from None
    except OSError as error:
        raise InvalidArgument(
            f"--notebook {target} cannot be written: {error.strerror or error}",
            hint="choose a file in a folder that exists and is writable",
        ) from error
    return target


def _write_numbered(folder: Path, text: str) -> Path:
    """Write `obskit-lab.ipynb`, or `obskit-lab-2.ipynb` and so on; use a file that has the same text."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        target = folder / f"{_NAME}{'' if number == 1 else f'-{number}'}.ipynb"
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
            return target
        except FileExistsError:
            if target.is_file() and target.read_bytes() == text.encode():
                return target
    raise AssertionError  # the loop does not end


def _data_folder() -> Path:
    """Return the user's folder for data of programs, which is kept, unlike a temporary one."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "obskit"


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
        NoSuchPath, InvalidArgument: as `written`.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingDependency.of("notebook", "obskit lab")
    options = options_of(arguments) | {"error": arguments.error, "display_tz": arguments.display_tz}
    target = written(_lasting(arguments.paths), options, arguments.notebook, lookups_of(arguments.lookup))
    write(f"obskit: {target}", sys.stderr)
    command = [sys.executable, "-m", "jupyterlab", str(target)]
    if arguments.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Jupyter refuses to run as root, the usual user in a container. It listens on loopback only.
        command.append("--allow-root")
    _serve(command, target.parent)


def _serve(command: list[str], folder: Path) -> None:
    """Run JupyterLab until it ends; SIGTERM and SIGHUP end it too, with its kernels."""
    servers: list[subprocess.Popen[bytes]] = []
    stopping = threading.Event()

    def stop(*_: object) -> None:
        if stopping.is_set():
            return
        stopping.set()
        for server in servers:
            _end(server)

    with ExitStack() as stack:
        # The handlers are set first: a signal between them and the start of the server must end it as well.
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGTERM", "SIGHUP"):
                if (number := getattr(signal, name, None)) is not None:
                    stack.callback(signal.signal, number, signal.signal(number, stop))
        # This interpreter's own kernel, so that the notebook runs where obskit is installed.
        server = subprocess.Popen(command, cwd=folder)  # noqa: S603
        servers.append(server)
        if stopping.is_set():
            _end(server)
        while True:
            try:
                server.wait()
                return
            except KeyboardInterrupt:
                # Ctrl-C reaches Jupyter too, which asks for confirmation: keep waiting for it.
                continue


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask JupyterLab to end, which ends its kernels; kill it if it has not ended after some seconds."""
    server.terminate()
    killer = threading.Timer(_PATIENCE, server.kill)
    killer.daemon = True
    killer.start()
