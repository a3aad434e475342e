"""Dictionary codes of a dataset: those of its files, merged over files, and arrays about each row.

`file_codes` makes the codes of a file, `computed_arrays` the arrays, `joint_codes` codes of several fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset.code_store import CodeStore
from obskit.dataset.common_values import COMMON_RULES, find_common
from obskit.dataset.computed_arrays import ComputedArrays
from obskit.dataset.encoder import Encoded, encode
from obskit.dataset.file_codes import FileCodes
from obskit.dataset.file_memo import FileMemo
from obskit.dataset.joint_codes import JointCodes
from obskit.dataset.lazy_joint_codes import LazyJointCodes
from obskit.dataset.manifest import DataFile
from obskit.dataset.merge import BySet, FieldCodes, merge
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.population import Weights
from obskit.dataset.traces import TRACE_RULES, trace_arrays
from obskit.dataset.value_numbers import join_numbers

Progress = Callable[[str, int, int], None]
FEW_ENTRIES = 20_000  # of the dictionaries of all files; so many are merged in no time


class Codes:
    """Codes of every field of a dataset; safe to share between threads.

    Args:
        folder: the dataset's folder.
        files: its parts.
        schema: the schema of every part.

    Attributes:
        memo: what was computed from single files; a refreshed dataset takes it over by `share`.
    """

    def __init__(self, folder: Path, files: Sequence[DataFile], schema: pa.Schema) -> None:
        self._files = tuple(files)
        self._schema = schema
        store = CodeStore(folder, files)
        self._merged: dict[str, FieldCodes] = {}
        self._fallback: bool | None = None
        self._arrays = ComputedArrays(store, self._files, schema)
        self._parts = FileCodes(folder, self._files, schema, store, self._arrays)
        self._joint = LazyJointCodes(store, [file.rows for file in self._files])
        self.memo = self._arrays.memo

    def share(self, memo: FileMemo) -> None:
        """Use what another dataset that has some of the files computed from them; forget the other files."""
        self.memo = self._arrays.memo = memo
        memo.forget_others(self._files)

    def ensure(self, fields: Iterable[str], progress: Progress | None = None) -> None:
        """Make the codes of these fields if they do not exist yet.

        Args:
            fields: names in the schema.
            progress: called as (what, done, total) after each field of a file; an exception in it stops the
                work.

        Raises:
            UnknownField: the dataset has no such field.
            StorageFull: the disk is full.

        Cost: one pass over the Parquet columns needed, in two threads.
        """
        names = list(dict.fromkeys(fields))
        for name in names:
            self._parts.type_of(name)
        self._parts.ensure([name for name in names if name not in self._merged], progress)

    def complete(self, fields: Iterable[str]) -> None:
        """Make the codes of those fields whose codes exist for a part of the files.

        Args:
            fields: names in the schema.

        Raises:
            UnknownField, StorageFull: as in `ensure`.
        """
        every = range(len(self._files))
        self.ensure(name for name in fields if any(self._parts.exists(file, name) for file in every))

    def ready(self, name: str) -> bool:
        """Return whether the codes of a field exist for every file."""
        self._parts.type_of(name)
        return name in self._merged or all(self._parts.exists(file, name) for file in range(len(self._files)))

    def field(self, name: str) -> FieldCodes:
        """Return the codes of a field in all files; make them if they do not exist.

        Args:
            name: the field.

        Returns:
            Codes of all files with one common dictionary.

        Raises:
            UnknownField: the dataset has no such field.
        """
        found = self._merged.get(name)
        if found is not None:
            return found
        kind = self._parts.type_of(name)
        loaded = [self._parts.load(file, name) for file in range(len(self._files))]
        if None in loaded:
            self.ensure([name])
        parts, sums = [], []
        for file, have in enumerate(loaded):
            encoded, totals = self._parts.unpacked(file, name, have or self._parts.make(file, name))
            parts.append(encoded)
            sums.append(totals)

        def column(file: int) -> pa.ChunkedArray:
            return read_columns(open_part(self._files[file]), [name]).column(0)

        def keep(make: Callable[[], list[dict[str, npt.NDArray[Any]]]]) -> list[dict[str, npt.NDArray[Any]]]:
            return self.over_files("common", COMMON_RULES, make, name)

        common = find_common(parts, sums, column, self._parts.totals, keep)
        self._parts.release()
        return self._merged.setdefault(name, self._finish(name, kind, parts, sums, common))

    def known(self, name: str) -> FieldCodes | None:
        """Return the codes of a field if that takes next to no time: they are there, and have few entries.

        Args:
            name: the field.

        Returns:
            The codes; None if they would have to be made, or large dictionaries to be merged.

        Raises:
            UnknownField: the dataset has no such field.
        """
        if name in self._merged:
            return self._merged[name]
        if not self.ready(name):
            return None
        loaded = [self._parts.load(file, name) for file in range(len(self._files))]
        entries = sum(FEW_ENTRIES + 1 if found is None else len(found[1]["all.n"]) for found in loaded)
        return self.field(name) if entries <= FEW_ENTRIES else None

    def derived(
        self, name: str, kind: pa.DataType, columns: Sequence[pa.ChunkedArray | pa.Array]
    ) -> FieldCodes:
        """Encode a column that is not stored, such as a derived field. The codes stay in memory.

        Args:
            name: what to call it.
            kind: its type.
            columns: its values, one array per file in the order of the rows.

        Returns:
            Codes of all files with one common dictionary.
        """
        parts = [encode(column) for column in columns]
        sums = [self._parts.totals(file, part) for file, part in enumerate(parts)]
        common = find_common(parts, sums, columns.__getitem__, self._parts.totals, lambda make: make())
        self._parts.release()
        return self._finish(name, kind, parts, sums, common)

    def times(self) -> list[npt.NDArray[np.int64]]:
        """Return each row's timestamp per file, in microseconds since 1970; `NO_TIME` where it is null."""
        return [self._arrays.of_file(file, "times")["times"] for file in range(len(self._files))]

    def weights(self) -> list[Weights]:
        """Return per file how many events each row represents."""
        return [self._parts.weights(file) for file in range(len(self._files))]

    def units(self) -> list[npt.NDArray[np.bool_]]:
        """Return per file which rows are units of work; all rows if none is (`no_units`)."""
        if self.no_units:
            return [np.ones(file.rows, bool) for file in self._files]
        return [self._parts.units(file) for file in range(len(self._files))]

    @property
    def no_units(self) -> bool:
        """Whether no row is a unit of work, so that the population "units" means all rows."""
        if self._fallback is None:
            self._fallback = not any(self._parts.units(file).any() for file in range(len(self._files)))
        return self._fallback

    def clusters(self, name: str = "trace_id") -> list[npt.NDArray[np.uint32]]:
        """Number the distinct values of a field, per file.

        Args:
            name: the field.

        Returns:
            For each file an array with the number of each row's value; 0 is null.

        Raises:
            UnknownField: the dataset has no such field.
        """
        self._parts.type_of(name)
        return [self._arrays.of_file(file, "clusters", name)["ids"] for file in range(len(self._files))]

    def numbers(self, name: str) -> list[npt.NDArray[np.uint32]]:
        """Number the distinct values of a field over all files.

        Args:
            name: the field.

        Returns:
            As `clusters`, but equal values have the same number in every file.
        """
        local = self.clusters(name)
        if len(local) < 2:
            return local

        def make() -> list[dict[str, npt.NDArray[Any]]]:
            return [{"ids": ids} for ids in join_numbers(self._files, name, local)]

        return [each["ids"] for each in self.over_files("numbers", 1, make, name)]

    def traces(self) -> list[dict[str, npt.NDArray[Any]]]:
        """Return per file the facts of each row's whole trace; computed once.

        Returns:
            What `trace_arrays` returns. The dataset must have a `trace_id`.
        """
        self._parts.type_of("trace_id")
        return self.over_files(
            "traces",
            TRACE_RULES,
            lambda: trace_arrays(self._files, self._schema.names, self.numbers("trace_id")),
        )

    def over_files(
        self, what: str, rules: int, make: Callable[[], list[dict[str, npt.NDArray[Any]]]], field: str = ""
    ) -> list[dict[str, npt.NDArray[Any]]]:
        """Return per file arrays that depend on all files, such as parts of a trace in another one.

        Args:
            what: their name.
            rules: version of the rules that they are made by.
            make: makes them, if they are not stored yet.
            field: the field that they are about, if they are about one.

        Returns:
            What `make` returns, now or before.
        """
        return self._arrays.of_all(what, rules, make, field)

    def joint(self, progress: Progress | None = None) -> JointCodes | None:
        """Return joint codes of the fields of few values, for faster counts; make them if they do not exist.

        Args:
            progress: as for `ensure`.

        Returns:
            JointCodes; None for few rows, while many fields have no codes yet, or if they can't be written.

        Cost: to make them, one pass over the codes.
        """
        return self._joint.open(self._schema.names, self.ready, self.field, progress)

    @property
    def opened_joint(self) -> JointCodes | None:
        """What `joint` returned last; None before."""
        return self._joint.opened

    def _finish(
        self,
        name: str,
        kind: pa.DataType,
        parts: list[Encoded],
        sums: list[BySet],
        common: pa.Array | None,
    ) -> FieldCodes:
        if self.no_units:
            sums = [{"all": each["all"], "units": each["all"]} for each in sums]
        return merge(name, kind, parts, sums, common)
