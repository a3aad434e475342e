"""Dictionary codes of a dataset: made per file and field when first needed, memory-mapped, merged over files.

They are stored in `<dataset>/.codes/<digest>/`, or in the cache if the dataset cannot be written to. The
digest is the part's, so appending a part leaves the codes of the others valid. Processes need no locks: files
are renamed into place, and two processes that make the same codes write the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import blob, population
from obskit.dataset.cache import cache_path, cache_root, codes_folder, evict, is_own, touch
from obskit.dataset.encoder import Encoded, encode, entry_type
from obskit.dataset.manifest import DataFile, fingerprint, unknown_field
from obskit.dataset.merge import BySet, FieldCodes, merge
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.population import Counter, Totals, Weights
from obskit.dataset.traces import trace_arrays
from obskit.errors import StorageFull

Progress = Callable[[str, int, int], None]
CODES = ".codes"
THREADS = 2
_ELSEWHERE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT)
_SUMS = ("n", "w", "w2")


class Codes:
    """Codes of every field of a dataset; safe to share between threads.

    Args:
        folder: the dataset's folder.
        files: its parts.
        schema: the schema of every part.
    """

    def __init__(self, folder: Path, files: Sequence[DataFile], schema: pa.Schema) -> None:
        self._folder = folder
        self._files = tuple(files)
        self._schema = schema
        # Entries of the cache share their codes: a source that grew keeps the codes of its old parts.
        self._cached = cache_path() in folder.parents
        own = [] if self._cached else [folder / CODES]
        self._places = [[base / file.digest for base in (*own, codes_folder())] for file in files]
        self._merged: dict[str, FieldCodes] = {}
        self._loaded: dict[tuple[int, str], dict[str, npt.NDArray[Any]]] = {}
        self._guard = threading.Lock()
        self._locks: defaultdict[tuple[int, str], threading.Lock] = defaultdict(threading.Lock)
        self._fallback: bool | None = None
        self._made: set[tuple[int, str]] = set()
        self._counter: tuple[int, Counter] | None = None
        self._traces: list[dict[str, npt.NDArray[Any]]] | None = None

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
            self._type(name)
        work = [
            (file, name)
            for file in range(len(self._files))
            for name in names
            if name not in self._merged and not self._exists(file, name)
        ]
        if not work:
            return
        with ThreadPoolExecutor(THREADS, thread_name_prefix="obskit-codes") as pool:
            running = [pool.submit(self._make_and_drop, file, name) for file, name in work]
            try:
                for done, (future, (_, name)) in enumerate(zip(running, work, strict=True), 1):
                    future.result()
                    if progress is not None:
                        progress(f"coding {name}", done, len(work))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._counter = None
        if self._cached:
            evict()

    def ready(self, name: str) -> bool:
        """Return whether the codes of a field exist for every file."""
        self._type(name)
        return name in self._merged or all(self._exists(file, name) for file in range(len(self._files)))

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
        kind = self._type(name)
        loaded = [self._load(file, name) for file in range(len(self._files))]
        if None in loaded:
            self.ensure([name])
        parts, sums = [], []
        for file, have in enumerate(loaded):
            encoded, totals = _unpack(*(have or self._make(file, name)), entry_type(kind))
            parts.append(encoded)
            sums.append(totals)
        return self._merged.setdefault(name, self._finish(name, kind, parts, sums))

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
        sums = [self._totals(file, part) for file, part in enumerate(parts)]
        self._counter = None
        return self._finish(name, kind, parts, sums)

    def times(self) -> list[npt.NDArray[np.int64]]:
        """Return each row's timestamp per file, in microseconds since 1970; `NO_TIME` where it is null."""
        return [self._cached_arrays(file, "times")["times"] for file in range(len(self._files))]

    def weights(self) -> list[Weights]:
        """Return per file how many events each row represents."""
        return [self._weights(file) for file in range(len(self._files))]

    def units(self) -> list[npt.NDArray[np.bool_]]:
        """Return per file which rows are units of work; all rows if none is (`no_units`)."""
        if self.no_units:
            return [np.ones(file.rows, bool) for file in self._files]
        return [self._units(file) for file in range(len(self._files))]

    @property
    def no_units(self) -> bool:
        """Whether no row is a unit of work, so that the population "units" means all rows."""
        if self._fallback is None:
            self._fallback = not any(self._units(file).any() for file in range(len(self._files)))
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
        self._type(name)
        return [self._cached_arrays(file, "clusters", name)["ids"] for file in range(len(self._files))]

    def traces(self) -> list[dict[str, npt.NDArray[Any]]]:
        """Return per file the facts of each row's whole trace; computed once.

        Returns:
            What `trace_arrays` returns. The dataset must have a `trace_id`.
        """
        self._type("trace_id")
        # A trace may be in several files, so what is stored belongs to this set of files.
        name = fingerprint(self._files)
        with self._lock((-1, "traces")):
            if self._traces is None:
                found = [self._read(file, "traces", name) for file in range(len(self._files))]
                if None in found:
                    made = trace_arrays(self._files, self._schema.names, self.clusters)
                    for at, each in enumerate(made):
                        self._write(at, "traces", {"rows": self._files[at].rows, "name": name}, each)
                    found = [self._read(at, "traces", name) or ({}, each) for at, each in enumerate(made)]
                self._traces = [each[1] for each in found if each is not None]
        return self._traces

    def _type(self, name: str) -> pa.DataType:
        at = self._schema.get_field_index(name)
        if at < 0:
            raise unknown_field(name, self._schema.names, self._folder)
        return self._schema.field(at).type

    # Storage: one blob per file and field; one each for times, population and clusters.

    def _path(self, file: int, what: str, name: str = "") -> list[Path]:
        """Return where a blob may be stored: in the dataset, then in the cache."""
        key = hashlib.blake2b(name.encode(), digest_size=16).hexdigest() if name else ""
        stem = f"{what}-{key}" if name else what
        return [place / stem for place in self._places[file]]

    def _read(
        self, file: int, what: str, name: str = ""
    ) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]] | None:
        for path in self._path(file, what, name):
            if not (is_own(path) and is_own(path.parent)):
                continue  # made again, for what is in a blob is trusted
            found = blob.load(path)
            if found and found[0].get("rows") == self._files[file].rows and found[0].get("name") == name:
                if what == "population":  # read first of all, and once
                    touch(path.parent)
                return found
        return None

    def _write(self, file: int, what: str, meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        *own, cached = self._path(file, what, meta["name"])
        # The cache twice: another process may evict the folder between its creation and the write.
        places = [*own, cached, cached]
        for attempt, path in enumerate(places, 1):
            try:
                if path is cached:
                    cache_root()
                    self._cached = True
                path.parent.parent.mkdir(exist_ok=True)  # but not the Dataset's folder, if that is gone
                path.parent.mkdir(exist_ok=True)
                blob.save(path, meta, arrays)
                return
            except OSError as error:
                if error.errno not in _ELSEWHERE or attempt == len(places):
                    raise _storage_full(error, path) from error

    def _load(self, file: int, name: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]] | None:
        found = self._read(file, "field", name)
        return (
            found if found and "distinct" in found[0] else None
        )  # without it, they are of an earlier version and made again

    def _exists(self, file: int, name: str) -> bool:
        """Return whether codes exist; looks on disk until they do."""
        if (file, name) not in self._made and self._load(file, name) is not None:
            self._made.add((file, name))
        return (file, name) in self._made

    def _make_and_drop(self, file: int, name: str) -> None:
        self._make(file, name)  # drop the result: it is large, and a future would keep it in memory

    def _make(self, file: int, name: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        with self._lock((file, name)):
            found = self._load(file, name)
            if found is None:
                part = self._files[file]
                strings = [name] if entry_type(self._type(name)) == pa.string() else []
                reader = open_part(part, read_dictionary=strings)
                encoded = encode(read_columns(reader, [name]).column(0))
                found = _pack(name, encoded, self._totals(file, encoded))
                self._write(file, "field", *found)
            return found

    def _lock(self, key: tuple[int, str]) -> threading.Lock:
        with self._guard:
            return self._locks[key]

    def _cached_arrays(self, file: int, what: str, name: str = "") -> dict[str, npt.NDArray[Any]]:
        key = (file, f"{what} {name}")
        kept = self._loaded.get(key)
        if kept is not None:
            return kept
        with self._lock(key):
            found = self._read(file, what, name)
            if found is None:
                made = self._compute(file, what, name)
                self._write(file, what, *made)
                found = self._read(file, what, name) or made  # a mapped copy costs no memory
            return self._loaded.setdefault(key, found[1])

    def _compute(self, file: int, what: str, name: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        wanted = [name] if name else [c for c in population.COLUMNS if c in self._schema.names]
        reader = open_part(self._files[file])
        if what == "times":
            wanted = ["timestamp"] if "timestamp" in wanted else []
        table = read_columns(reader, wanted)
        meta: dict[str, Any] = {"rows": self._files[file].rows, "name": name}
        if what == "times":
            return meta, {"times": population.times(table)}
        if what == "clusters":
            return meta, {"ids": population.clusters(table.column(0))}
        made = population.weights(table)
        arrays: dict[str, npt.NDArray[Any]] = {
            "units": population.units(table).view(np.uint8),
            "n": made.n,
            "w": made.w,
        }
        if made.classes is not None:
            arrays["classes"] = made.classes
        elif made.row_n is not None and made.row_w is not None:
            arrays |= {"row_n": made.row_n, "row_w": made.row_w}
        return meta, arrays | {"unweighted": np.array([made.unweighted])}

    def _population(self, file: int) -> dict[str, npt.NDArray[Any]]:
        return self._cached_arrays(file, "population")

    def _weights(self, file: int) -> Weights:
        kept = self._population(file)
        return Weights(
            kept.get("classes"),
            kept["n"],
            kept["w"],
            kept.get("row_n"),
            kept.get("row_w"),
            int(kept["unweighted"][0]),
        )

    def _units(self, file: int) -> npt.NDArray[np.bool_]:
        return self._population(file)["units"].view(np.bool_)

    def _totals(self, file: int, part: Encoded) -> BySet:
        kept = self._counter
        if kept is None or kept[0] != file:  # one file at a time
            kept = self._counter = file, Counter(self._weights(file), self._units(file))
        everything, units = kept[1].totals(part.codes, len(part.values))
        return {"all": everything, "units": units}

    def _finish(self, name: str, kind: pa.DataType, parts: list[Encoded], sums: list[BySet]) -> FieldCodes:
        if self.no_units:
            sums = [{"all": each["all"], "units": each["all"]} for each in sums]
        return merge(name, kind, parts, sums)


def _storage_full(error: OSError, path: Path) -> OSError:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error
    return StorageFull(
        f"no space left to write codes to {path.parent}",
        hint="free disk space, or set OBSKIT_CACHE to a folder on a larger disk",
    )


def _pack(name: str, part: Encoded, totals: BySet) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    meta = {
        "rows": len(part.codes),
        "name": name,
        "kind": part.kind,
        "rare": part.rare_code,
        "distinct": part.distinct,
    }
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([part.values], names=["v"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    arrays: dict[str, npt.NDArray[Any]] = {
        "codes": part.codes,
        "values": np.frombuffer(sink.getvalue(), np.uint8),
    }
    ranges = {"lo": part.lo, "hi": part.hi, "bucket": part.bucket}
    arrays |= {key: array for key, array in ranges.items() if array is not None}
    for which, sums in totals.items():
        arrays |= {f"{which}.{key}": getattr(sums, key) for key in _SUMS}
    return meta, arrays


def _unpack(
    meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]], kind: pa.DataType
) -> tuple[Encoded, BySet]:
    with pa.ipc.open_stream(pa.py_buffer(arrays["values"])) as reader:
        batches = list(reader)
    values = batches[0].column(0) if batches else pa.array([], kind)
    part = Encoded(
        meta["kind"],
        arrays["codes"],
        values,
        arrays.get("lo"),
        arrays.get("hi"),
        arrays.get("bucket"),
        meta["rare"],
        meta["distinct"],
    )
    return part, {w: Totals(*(arrays[f"{w}.{key}"] for key in _SUMS)) for w in ("all", "units")}
