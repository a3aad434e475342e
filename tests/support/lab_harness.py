"""A real JupyterLab for the tests, with folders of its own and a free local port.

No file of the user is read or written: configuration, data, runtime, settings, workspaces and IPython's profile
are in a temporary folder. The fixture ends the server and its kernels by their process ids.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]

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


class Lab:
    """A running JupyterLab.

    Attributes:
        url: its address on the loopback interface.
        folder: the folder of its notebooks.
    """

    def __init__(self, base: Path, theme: str = "JupyterLab Light") -> None:
        self.folder = base / "notebooks"
        self.folder.mkdir(parents=True)
        # The notebooks of the repository expect the sample here.
        (base / "sample_events").symlink_to(ROOT / "sample_events")
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.settings = base / "settings"
        self.theme(theme)
        self._write("notification", {"fetchNews": "false", "checkForUpdates": False})
        names = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
            "OBSKIT_CACHE": "cache",
        }
        environment = {**os.environ, **{name: str(base / folder) for name, folder in names.items()}}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self.log = base / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "jupyterlab",
                    "--no-browser",
                    "--allow-root",
                    "--ip=127.0.0.1",
                    f"--port={port}",
                    "--ServerApp.port_retries=0",
                    f"--IdentityProvider.token={self.token}",
                    f"--ServerApp.root_dir={self.folder}",
                    "--LabApp.expose_app_in_browser=True",
                    "--LabApp.extension_manager=readonly",
                    "--LabApp.news_url=None",
                    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                ],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def theme(self, name: str) -> None:
        """Set the theme of pages opened from now on."""
        self._write("themes", {"theme": name})

    def _write(self, plugin: str, values: dict[str, object]) -> None:
        folder = self.settings / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values))

    def wait(self, seconds: float = 45) -> None:
        """Return when the server answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"JupyterLab ended by itself:\n{self.log.read_text()[-3000:]}")
            try:
                with urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError(f"JupyterLab did not answer in {seconds:g} s:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        """End the server; it ends its kernels. What is left of its own group after that is killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)

    def open(self, page, cells: list[str] | Path, name: str = "test.ipynb") -> None:
        """Open a notebook (cells of code, or a file to copy) and wait until it can run."""
        path = self.folder / name
        if isinstance(cells, Path):
            path.write_text(cells.read_text())
        else:
            path.write_text(json.dumps(notebook(cells)))
        page.goto(f"{self.url}/lab/tree/{name}?token={self.token}&reset")
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
