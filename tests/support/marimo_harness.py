"""A real marimo for the tests, with folders of its own and a free local port."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.local_server import LocalServer

FOLDERS = {
    "HOME": "home",
    "XDG_CONFIG_HOME": "config",
    "XDG_STATE_HOME": "state",
    "XDG_CACHE_HOME": "cache",
    "XDG_DATA_HOME": "data",
    "OBSKIT_CACHE": "obskit-cache",
}


class Marimo(LocalServer):
    """A running marimo that shows one notebook.

    Args:
        base: an empty folder, which will hold the notebook.
        cells: the code of each cell.
    """

    health = "/health"

    def __init__(self, base: Path, cells: list[str]) -> None:
        super().__init__(base, FOLDERS)
        notebook = base / "explorer_in_marimo.py"
        notebook.write_text(program(cells))
        config = base / "config" / "marimo"
        config.mkdir(parents=True)
        (config / "marimo.toml").write_text("[runtime]\nauto_instantiate = true\n")
        options = [
            "--headless",
            "--no-token",
            "--skip-update-check",
            "--host=127.0.0.1",
            f"--port={self.port}",
        ]
        self.command = [sys.executable, "-m", "marimo", "edit", *options, str(notebook)]
        self.start()


def program(cells: list[str]) -> str:
    """Return a notebook of marimo, which is a program; names are shared between its cells."""
    parts = ["import marimo\n\napp = marimo.App()\n"]
    for cell in cells:
        body = "\n".join(f"    {line}" if line else "" for line in cell.splitlines())
        parts.append(f"@app.cell\ndef _():\n{body}\n    return\n")
    parts.append('if __name__ == "__main__":\n    app.run()\n')
    return "\n\n".join(parts)
