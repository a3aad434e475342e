"""Run git in a repository that may be hostile: fixed arguments, no shell, nothing that the repository starts.

A repository's configuration can name programs (a pager, gpg, a file system monitor, hooks, transports). Only
plumbing commands are run, which start none of them, and the settings that could are overridden.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from obskit.errors import LimitExceeded, MissingDependency, NoSuchPath, ReadError

SECONDS = 120
OUTPUT_LIMIT = 1024**3
_SETTINGS = (
    *("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "core.alternateRefsCommand="),
    *("log.showSignature=false", "protocol.allow=never", "gc.auto=0", "maintenance.auto=false"),
)
_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "TMPDIR")


def run_git(repository: str | Path, arguments: Sequence[str]) -> bytes:
    """Return what a command of git prints.

    Args:
        repository: a folder in a repository, or a bare one.
        arguments: the command and its arguments; none may come from data.

    Returns:
        The bytes of its output.

    Raises:
        NoSuchPath: there is no such folder.
        MissingDependency: git is not installed.
        ReadError: git fails, for example because the folder is not a repository, or takes too long.
        LimitExceeded: the output has more than 1 GiB.
    """
    folder = Path(repository)
    if not folder.is_dir():
        raise NoSuchPath(f"{repository} is not a folder", hint="name the folder of a git repository")
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(  # noqa: S603
                ["git", "--no-pager", *settings, *arguments],  # noqa: S607
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise MissingDependency(
                "git is not installed, or not on the PATH", hint="install git, or leave out the repository"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise ReadError(
                f"git took more than {SECONDS} s in {repository}", hint="copy the repository to a local disk"
            ) from error
        if done.returncode:
            said = next(iter(done.stderr.decode("utf-8", "replace").strip().splitlines()), "")
            raise ReadError(
                f"git cannot read {repository}: {said or f'exit status {done.returncode}'}",
                hint="run `git log` in that folder to see whether it is a complete repository",
            )
        if output.tell() > OUTPUT_LIMIT:
            raise LimitExceeded(
                f"git printed more than {OUTPUT_LIMIT // 1024**3} GiB for {repository}",
                hint="use a repository with fewer commits",
            )
        output.seek(0)
        return output.read()
