"""Convert files of any format into a Dataset, in a given folder or in the cache."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.dataset.assembly import Assembly
from obskit.dataset.cache import entry_for, source_key, temporary_folder_for
from obskit.dataset.codes import Progress
from obskit.dataset.dataset import Dataset, is_dataset, open_dataset
from obskit.dataset.entries import note_damage, open_or_build, open_or_make
from obskit.dataset.event_stream import EventStream
from obskit.dataset.inputs import Given, leased_inputs, local_paths
from obskit.dataset.manifest import FORMAT, MANIFEST, RULES
from obskit.dataset.pruning import Chosen, Period, choose
from obskit.dataset.segment import Load
from obskit.dataset.writer import BYTES, build, check_target, install
from obskit.errors import InvalidArgument, NoSuchPath, ObskitError
from obskit.readers import Unreadable, Vanished, expand_names
from obskit.readers.line_ranges import NotDivisible
from obskit.readers.skipped_files import SkippedFiles
from obskit.schema import READ_AS_IS, LoadReport, ReadOptions

Paths = Given | Sequence[Given]
LISTINGS = 20
"""How often folders are listed again because a file was compressed or deleted while it was read."""

PAUSE = 0.005
"""Seconds before the second listing; before each further one, as much longer."""

MANY_FILES = 1_000
"""Files beyond which parts are smaller."""


def convert(
    paths: Paths,
    out: Path | str | None = None,
    *,
    options: ReadOptions = READ_AS_IS,
    period: Period | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Convert files, folders and globs into a Dataset, or open the one that was made before.

    Args:
        paths: paths, URLs or binary streams. A single folder that is a Dataset is opened in place, unless
            `out` is given.
        out: folder to write; by default an entry of the cache, keyed by size and modification time of each
            file.
        options: how to read the files.
        period: the time that is asked for; files and row groups that surely hold no events of it are left
            out, and `Dataset.left_out` says so. It does not matter to `out`, nor to a Dataset in place.
        progress: called as ("reading rows", rows so far, 0) after each batch; an exception in it stops the
            work.

    Returns:
        The Dataset.

    Raises:
        NoSuchPath, ReadError: from the readers.
        MissingDependency: a URL needs the extra `remote`.
        DatasetError: `out` holds something else, or a Dataset opened in place is torn.
        InvalidArgument: `out` is one of the sources or contains one.
        StorageFull: the disk is full; nothing is left behind.
    """
    given = resolve_inputs(paths)
    if out is None and len(given) == 1 and is_dataset(given[0]):
        return open_dataset(given[0])
    for again in range(1, LISTINGS):
        try:
            return _convert_once(given, out, options, period, progress)
        except Vanished:
            pass
        except FileNotFoundError as error:
            if isinstance(error, ObskitError):  # a path that the caller gave does not exist
                raise
        time.sleep(PAUSE * again)  # a writer that compresses file after file gets done meanwhile
    return _convert_once(given, out, options, period, progress)


def _convert_once(
    given: list[Path],
    out: Path | str | None,
    options: ReadOptions,
    period: Period | None,
    progress: Progress | None,
) -> Dataset:
    """List the files and convert them as they are now."""
    skipped: list[Path] = []
    unreadable: list[Unreadable] = []
    files = list_inputs(given, skipped, unreadable)
    with leased_inputs(files) as display_names:
        load = Load(options, given, display_names, progress)

        def new_report() -> LoadReport:
            return _new_report(skipped, unreadable, display_names)

        if out is None:
            before = source_key(files, options, given, unreadable, skipped)
            chosen = choose(files, period, options)
            if chosen.left_out and source_key(files, options, given, unreadable, skipped) != before:
                raise Vanished("a file was written to while its times were looked up", hint="load again")
            key = source_key(chosen.files, options, given, unreadable, skipped)
            if chosen.row_groups:
                key = hashlib.blake2b(json.dumps([key, chosen.key]).encode(), digest_size=16).hexdigest()

            def make(folder: Path) -> None:
                _build(folder, chosen, load, new_report, key)

            made = open_or_make(entry_for(key), make, chosen.files)
            note_damage(made.load_report, load.damage)
            if chosen.left_out:  # it depends on the window, so it is not stored
                made.load_report.notes.insert(0, chosen.left_out)  # a full list would drop it
                made = dataclasses.replace(made, left_out=chosen.left_out)
            return made
        target = Path(out).absolute()
        _check_apart(target, given)
        check_target(target)
        files = [file for file in files if not os.path.abspath(file).startswith(f"{target}{os.sep}")]
        building = temporary_folder_for(target)
        try:
            report = new_report()
            stream = EventStream(files, report, options, progress, given)
            build(building, stream, stream.schema, report, bytes_=_part_bytes(files), by_hour=True)
            install(building, target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return open_dataset(target)


def _build(
    folder: Path,
    chosen: Chosen,
    load: Load,
    new_report: Callable[[], LoadReport],
    source: str,
) -> None:
    """Write the Dataset of some files into an empty folder of the cache; `source` is their key."""
    for lines in (True, False):
        groups = chosen.divide(load.options, lines=lines)
        if len(groups) == 1 and groups[0].row_groups is None:
            report, files = new_report(), chosen.files
            made = EventStream(files, report, load.options, load.progress, load.roots)
            build(folder, made, made.schema, report, source=source, bytes_=_part_bytes(files))
            return
        try:
            Assembly(folder, load, new_report()).build(groups, source)
            return
        except NotDivisible:
            if not lines:
                raise
            for left in folder.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def resolve_inputs(paths: Paths) -> list[Path]:
    """Return local paths of all inputs: streams and URLs are copied into the cache.

    Args:
        paths: paths, URLs or binary streams.

    Returns:
        One path per input; several for a URL of a folder or pattern.

    Raises:
        NoSuchPath: there is no path, or an empty one.
        ReadError, MissingDependency, LimitExceeded, StorageFull: from `local_paths`.
    """
    one = isinstance(paths, str | Path) or hasattr(paths, "read")
    named: list[Any] = [paths] if one else list(paths)  # type: ignore[arg-type]
    if not named or "" in named:  # such as an unset shell variable; Path("") would be the current folder
        raise NoSuchPath(
            "the path is empty" if named else "no path given",
            hint="give a file, a folder or a pattern; '.' is the current folder",
        )
    return local_paths(named)


def from_arrow(table: pa.Table, options: ReadOptions = READ_AS_IS) -> Dataset:
    """Make a Dataset from a table in memory; it is cached by content.

    Args:
        table: the rows.
        options: how to read the table.

    Returns:
        The Dataset.

    Raises:
        StorageFull: the disk is full.
    """
    sink = _Digest()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as writer:
        writer.write_table(table.combine_chunks())
    sink.hash.update(repr((FORMAT, RULES, options.cache_key())).encode())
    return open_or_build(sink.hash.hexdigest(), lambda: EventStream(table, LoadReport(), options, None))


def list_inputs(
    given: Sequence[Path], skipped: list[Path] | None = None, unreadable: list[Unreadable] | None = None
) -> list[str]:
    """Return the files that paths name, without the manifest of a Dataset.

    Args:
        given: local paths.
        skipped: documents that are skipped are appended to it.
        unreadable: entries of folders that cannot be read are appended to it.

    Returns:
        The files, as text.

    Raises:
        NoSuchPath, ReadError: from the readers.
    """
    names = expand_names(given, skipped, unreadable)
    return [name for name in names if not name.endswith(MANIFEST) or os.path.basename(name) != MANIFEST]


def _part_bytes(files: Sequence[str]) -> int:
    """Return the bytes of a part. Of many files the list alone is large, so that parts have to be small."""
    return BYTES // 64 if len(files) > MANY_FILES else BYTES


def _new_report(
    skipped: list[Path], unreadable: list[Unreadable], display_names: dict[str, str]
) -> LoadReport:
    """Return a report of what is skipped before any file is read."""
    report = LoadReport(display_names=display_names)
    for one in unreadable:
        if not one.special:
            report.reject(one.path, one.detail, one.reason)
    if special := [f"{one.path} ({one.reason})" for one in unreadable if one.special]:
        more = f" and {len(special) - 3:,} more" if len(special) > 3 else ""
        report.note(f"skipped what is neither a file nor a folder: {', '.join(special[:3])}{more}")
    documents = SkippedFiles()
    for path in skipped:
        documents.add(path, "")
    documents.note(report)
    return report


def _check_apart(target: Path, given: Sequence[str | Path]) -> None:
    for path in given:
        source = Path(path).absolute()
        if source == target or target in source.parents:
            raise InvalidArgument(
                f"the output {target} contains the input {source}", hint="write to another folder"
            )


class _Digest:
    """A file object that hashes what is written to it and keeps nothing else."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self.closed = False

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        pass

    def tell(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True
