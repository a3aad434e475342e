"""What the next question needs of rows on this machine, opened while nobody waits for it."""

from __future__ import annotations

import contextlib
import threading

from obskit.dataset import Dataset
from obskit.engine import start_thread
from obskit.errors import ObskitError
from obskit.explain import Cancelled


class Ahead:
    """Opens the codes of many fields after the first answer, which takes seconds at ten million rows."""

    def __init__(self) -> None:
        self._begun = False
        self._stopped = threading.Event()

    def begin(self, dataset: Dataset) -> None:
        """Begin what makes the next answers faster; nothing, if it has begun."""
        dataset.prepare()
        if not self._begun and dataset.local:
            self._begun = True
            start_thread(lambda: self._open(dataset), "obskit-ahead", self._stopped.set)

    def _open(self, dataset: Dataset) -> None:
        # the question that needs them fails with the same error, where somebody sees it
        with contextlib.suppress(ObskitError, OSError, Cancelled):
            dataset.codes.joint(self._check)

    def _check(self, what: str, done: int, total: int) -> None:  # noqa: ARG002
        if self._stopped.is_set():
            raise Cancelled
