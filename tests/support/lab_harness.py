"""A real JupyterLab, or Jupyter Notebook, for the tests, with folders of its own and a free local port.

No file of the user is read or written: configuration, data, runtime, settings, workspaces and IPython's profile
are in a temporary folder. The fixture ends the server and its kernels by their process ids.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

from tests.support.local_server import ROOT, LocalServer

FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
    "OBSKIT_CACHE": "cache",
}

# The REST interface reports a kernel as idle before the page is connected to it, so the page is asked.
READY = """
() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  const session = panel?.sessionContext;
  const kernel = session?.session?.kernel;
  const connected = kernel?.connectionStatus === "connected" && kernel.status === "idle";
  return Boolean(session?.isReady && connected);
}
"""


class Lab(LocalServer):
    """A running JupyterLab or Jupyter Notebook.

    Args:
        base: an empty folder.
        theme: the theme of its pages.
        module: "jupyterlab", or "notebook" for Jupyter Notebook 7.

    Attributes:
        folder: the folder of its notebooks.
    """

    def __init__(self, base: Path, theme: str = "JupyterLab Light", module: str = "jupyterlab") -> None:
        super().__init__(base, FOLDERS)
        self.folder = base / "notebooks"
        self.folder.mkdir(parents=True)
        # The notebooks of the repository expect the sample here.
        (base / "sample_events").symlink_to(ROOT / "sample_events")
        self.token = secrets.token_hex(16)
        self.health = f"/api/status?token={self.token}"
        self.settings = base / "settings"
        self.theme(theme)
        self._write("notification", {"fetchNews": "false", "checkForUpdates": False})
        self.command = [
            *(sys.executable, "-m", module, "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={self.port}", "--ServerApp.port_retries=0"),
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.folder}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        self.start()

    def theme(self, name: str) -> None:
        """Set the theme of pages opened from now on."""
        self._write("themes", {"theme": name})

    def _write(self, plugin: str, values: dict[str, object]) -> None:
        folder = self.settings / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values))

    def open(self, page, cells: list[str] | Path, name: str = "test.ipynb", url: str | None = None) -> None:
        """Open a notebook (cells of code, or a file to copy) and wait until it can run.

        Args:
            page: a page of Playwright.
            cells: code of each cell, or a notebook to copy.
            name: the name of the notebook.
            url: another address of the server, such as that of a network that can be cut.
        """
        path = self.folder / name
        if isinstance(cells, Path):
            path.write_text(cells.read_text())
        else:
            path.write_text(json.dumps(notebook(cells)))
        page.goto(f"{url or self.url}/lab/tree/{name}?token={self.token}&reset")
        page.wait_for_function(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext", timeout=40_000
        )
        page.wait_for_function(READY, timeout=40_000)

    def run_all(self, page, timeout: float = 60) -> None:
        """Run all cells of the open notebook; an error in one raises with its text."""
        done = "() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => true)"
        page.set_default_timeout(timeout * 1000)
        page.evaluate(done)
        page.wait_for_function(READY)
        errors = page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
              .flatMap((cell) => cell.model.outputs ? cell.model.outputs.toJSON() : [])
              .filter((output) => output.output_type === "error")
              .map((output) => output.ename + ": " + output.evalue + output.traceback.join("\\n"))"""
        )
        assert not errors, "\n".join(errors)


def notebook(cells: list[str]) -> dict:
    """Return a notebook of cells of code."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, source in enumerate(cells)
        ],
    }
