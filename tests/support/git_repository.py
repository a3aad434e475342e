"""A git repository made for a test: commits and tags at given times."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

_IDENTITY = ("-c", "user.name=ann", "-c", "user.email=ann@shop.example", "-c", "commit.gpgsign=false")


class Repository:
    """A new repository with the branch `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, at: datetime | None = None, stdin: bytes | None = None) -> str:
        """Run git and return what it prints."""
        time = {} if at is None else {"GIT_COMMITTER_DATE": at.isoformat(), "GIT_AUTHOR_DATE": at.isoformat()}
        done = subprocess.run(
            ["git", *_IDENTITY, *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(self.folder), **time},
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode("utf-8", "replace").strip()

    def commit(self, at: datetime, message: str = "change") -> str:
        """Make an empty commit at a time, and return its hash."""
        self.git("commit", "--quiet", "--allow-empty", "-m", message, at=at)
        return self.git("rev-parse", "HEAD")

    def tag(self, name: str, at: datetime, *, annotated: bool = False, target: str = "HEAD") -> None:
        """Tag a commit."""
        self.git("tag", *(("-a", "-m", "release") if annotated else ()), name, target, at=at)
