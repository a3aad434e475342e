"""The JSONL sink: one write(2) per event, and no host thread waits for a stuck disk.

The thread that ends an event writes it, with one call on a descriptor opened with O_APPEND. Then the kernel
has the event, so the death of the process does not lose it. Threads write concurrently. Once the disk has
blocked one of them for 50 ms, the events of the others go into a bounded queue instead, until it is through.

This module puts the parts together: `active_writers` notices a stuck disk, `overflow_queue` holds the lines,
`rotation` owns the current file, `retention` the closed ones.
"""

from __future__ import annotations

import itertools
import os
import select
import time
from dataclasses import dataclass
from pathlib import Path

from obskit.instrument.counters import Counters
from obskit.instrument.sinks.active_writers import ActiveWriters
from obskit.instrument.sinks.overflow_queue import OverflowQueue
from obskit.instrument.sinks.retention import ClosedFiles
from obskit.instrument.sinks.rotation import RotatingFile

_BATCH_BYTES = 1 << 20
_PIPE_BATCH_BYTES = 4096
"""A longer write to a pipe may be mixed with those of other writers (PIPE_BUF)."""


@dataclass(frozen=True)
class Files:
    """Rules for rotating, packing and deleting files.

    Args:
        rotate_bytes: size in bytes at which a file is closed.
        rotate_seconds: age in seconds at which a file is closed.
        keep: maximum bytes of all our files in the folder; beyond that the oldest closed ones are deleted.
        free: minimum bytes of free space. Below it the oldest closed files are deleted; if that is not
            enough, nothing is written.
        pack: gzip closed files.
        queue_bytes: the maximum bytes that wait in memory while the disk is stuck.

    Example:
        Files(rotate_seconds=600, keep=10 * 1024**3)
    """

    rotate_bytes: int = 64 * 1024**2
    rotate_seconds: float = 3600.0
    keep: int = 2 * 1024**3
    free: int = 128 * 1024**2
    pack: bool = True
    queue_bytes: int = 16 * 1024**2


class JsonlSink:
    """Appends lines to files in a folder, or to a pipe or device that exists.

    Args:
        path: the folder, created when the first event is written; or the pipe or device.
        service: first part of file names.
        rules: how files are rotated, packed and deleted.
        counters: counts what is written, waits or is lost.
    """

    def __init__(self, path: Path, service: str, rules: Files, counters: Counters) -> None:
        self.path = path
        self._service = service
        self._rules = rules
        self._counters = counters
        self._start()

    def _start(self) -> None:
        rules, counters = self._rules, self._counters
        self.writers = ActiveWriters()
        self.queue = OverflowQueue(rules.queue_bytes, counters, self._write_queued, self.writers.stuck)
        self._closed_files = ClosedFiles(
            self.path, rules.keep, rules.free, rules.pack, counters, self.writers
        )
        self._file = RotatingFile(
            self.path,
            self._service,
            rules.rotate_bytes,
            rules.rotate_seconds,
            counters,
            self._closed_files.add,
        )
        self._thread = self.writers.thread
        self._count_written = counters.count_written
        self._paused = ""  # why nothing is written for now

    def reset(self) -> None:
        """Start again in a forked child: a new file, an empty queue, no writers."""
        self._file.abandon()
        self._start()

    @property
    def file(self) -> Path | None:
        """The file that is written now; None before the first event."""
        return self._file.path

    def write(self, line: bytes, clock: int, queued: bool = False, again: bool = False) -> None:
        """Hand a line to the kernel, or to the queue if the disk is stuck.

        Args:
            line: with its newline.
            clock: `time.perf_counter_ns()` of now or shortly before.
            queued: the line comes from the queue.
            again: an earlier attempt wrote only part of the line.
        """
        writing = self.writers.entered
        if ((writing and self.writers.stuck()) or (self.queue.size and self._is_full())) and not queued:
            if not self.queue.put(line):
                self._lose("is closed" if self.queue.closed else "was stuck and its queue is full")
            return
        try:
            thread = self._thread.clock
        except AttributeError:
            thread = self.writers.own_clock()
        writing[thread] = clock
        try:
            file = self._file
            if file.descriptor < 0 and not file.open():
                self._lose("is closed" if file.closed else "cannot be opened")
                return
            if self._paused:
                self._lose(self._paused)
                return
            if torn := file.torn:
                file.torn, line = False, b"\n" + line
            try:
                done = os.write(file.descriptor, line)
            except OSError as error:
                file.torn = file.torn or torn  # the file still ends within a line
                self._lose(f"rejected the write ({error.strerror or error})")
                return
            if done < len(line):
                file.torn = True
                if again:
                    self._lose("accepted only part of an event")
                else:  # another thread may write in between, so the whole event again, on its own line
                    self.write(line[torn:], clock, queued=True, again=True)
                return
            self._count_written()
            file.size += done
            if file.size > file.rotate_bytes:
                file.rotate()
        finally:
            writing.pop(thread, None)

    def _write_queued(self, lines: list[bytes]) -> int:
        """Write as many of the first lines as one call takes; return how many are written or lost."""
        most = _BATCH_BYTES if self._file.rotates else _PIPE_BATCH_BYTES
        sizes = itertools.accumulate(map(len, lines))
        batch = lines[: sum(size <= most for size in sizes)]
        if len(batch) > 1 and (written := self._append(b"".join(batch))):
            return written
        self.write(lines[0], time.perf_counter_ns(), queued=True)
        return 1

    def _append(self, lines: bytes) -> int:
        """Write several lines with one call; return how many of them are written whole."""
        file, thread = self._file, self.writers.own_clock()
        if file.descriptor < 0 or self._paused:
            return 0
        self.writers.entered[thread] = time.perf_counter_ns()
        try:
            if torn := file.torn:
                file.torn, lines = False, b"\n" + lines
            try:
                done = os.write(file.descriptor, lines)
            except OSError:
                file.torn = file.torn or torn
                return 0
            file.torn = file.torn or done < len(lines)
            written = lines.count(b"\n", torn, done)
            for _ in range(written):
                self._count_written()
            file.size += done
            if file.size > file.rotate_bytes:
                file.rotate()
            return written
        finally:
            self.writers.entered.pop(thread, None)

    def _is_full(self) -> bool:
        """Return whether we write to a pipe or device that would block the next writer."""
        file = self._file
        if file.rotates or file.descriptor < 0:
            return False
        try:
            ready = select.poll()
            ready.register(file.descriptor, select.POLLOUT)
            return not ready.poll(0)
        except (AttributeError, OSError, ValueError):  # a system without poll, or a descriptor just closed
            return False

    def _lose(self, reason: str) -> None:
        self._counters.add("dropped")
        self._counters.warn_once(
            f"sink {reason}", "obskit: %s %s; events are dropped and counted", self.path, reason
        )

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until the queue is empty; return whether it is."""
        return self.queue.flush(timeout)

    def tend(self) -> None:
        """Rotate by age, pack, delete beyond the budget, and pause if the disk is short of space.

        The keeper calls this about once a second.

        Raises:
            OSError: the folder is missing or cannot be read.
        """
        file = self._file
        if not file.rotates or file.path is None:
            return
        if not file.path.exists():  # someone removed it: what is written now would be lost
            if not file.rotate(gone=True):
                self._paused = "was removed and cannot be created again"
            if not file.path.exists():
                return
        elif file.size and file.old:
            file.rotate()
        self._closed_files.pack_finished()
        self._closed_files.keep_budget()
        short = self._closed_files.space_is_short()
        self._paused = "has less free space than the minimum to keep free" if short else ""

    def close(self, timeout: float) -> bool:
        """Write what waits, then close; return whether everything was written within `timeout` seconds."""
        done = self.flush(timeout)
        self.queue.close()
        descriptor = self._file.detach()  # first, so that no more threads enter with it
        if descriptor >= 0 and not self.writers.entered:  # else a thread is in write(2): leave it open
            os.close(descriptor)
        return done
