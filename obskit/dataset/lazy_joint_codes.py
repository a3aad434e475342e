"""The joint codes of a dataset, made once enough of its fields have codes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from obskit.dataset.code_store import CodeStore
from obskit.dataset.joint_codes import JointCodes, ensure_joint, may_join
from obskit.dataset.merge import FieldCodes

THREADS = 2


class LazyJointCodes:
    """The joint codes of a dataset, made when they are first asked for; safe to share between threads.

    Args:
        store: where they are.
        rows: number of rows of each part.
    """

    def __init__(self, store: CodeStore, rows: Sequence[int]) -> None:
        self._store, self._rows = store, rows
        self._lock = threading.Lock()
        self._found: list[JointCodes | None] = []

    def open(
        self,
        fields: Sequence[str],
        ready: Callable[[str], bool],
        codes_of: Callable[[str], FieldCodes],
        progress: Callable[[str, int, int], None] | None = None,
    ) -> JointCodes | None:
        """Return the joint codes; make them if they do not exist.

        Args:
            fields: names of all fields.
            ready: returns whether the codes of a field exist.
            codes_of: returns the codes of a field.
            progress: called as (what, done, total) after each part; an exception in it stops the work.

        Returns:
            JointCodes; None for few rows, while many fields have no codes yet, or if they can't be written.
        """
        with self._lock:
            if not self._found:
                names = [*filter(ready, fields)]
                if may_join(self._rows, len(names), len(fields)):
                    # which values are rare, and so the codes of a part, may change with further parts
                    with ThreadPoolExecutor(THREADS, thread_name_prefix="obskit-codes") as pool:
                        every = pool.map(codes_of, names)
                        joinable = {one.name: one for one in every if one.rare_code is None}
                    self._found = [ensure_joint(self._store, self._rows, joinable, THREADS, progress)]
        return self.opened

    @property
    def opened(self) -> JointCodes | None:
        """What `open` returned last; None before."""
        return self._found[0] if self._found else None
