"""The JSONL sink: one write(2) an event, and no host that waits for a stuck disk.

An event is written when its block ends, by its own thread, with one write to a descriptor opened O_APPEND:
the kernel has it then, and the death of the process does not take it. Threads write side by side; `inside`
says which of them are in the call and since when. Once one has been there for 50 ms, events of others go
into a bounded queue, which a thread of ours drains, in order, until it is empty and nobody is stuck.

A file is changed by `dup2` onto the same descriptor, so no writer can ever hold a closed one. The old file is
packed once all who were inside at that moment have left.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from obskit.instrument.counters import Counters
from obskit.instrument.sinks import rotation as files

STUCK_NS = 50_000_000
RETRY_SECONDS = 1.0
_ident = threading.get_ident


@dataclass(frozen=True)
class Files:
    """How files are kept.

    Args:
        rotate_bytes: size at which a file is closed and packed.
        rotate_seconds: age at which it is.
        keep: bytes of all our files in the folder, beyond which the oldest closed ones are deleted.
        free: bytes of free space below which they are, and below which nothing is written.
        pack: gzip closed files.
        queue_bytes: most bytes that wait in memory for a stuck sink.
    """

    rotate_bytes: int = 64 * 1024**2
    rotate_seconds: float = 3600.0
    keep: int = 2 * 1024**3
    free: int = 128 * 1024**2
    pack: bool = True
    queue_bytes: int = 16 * 1024**2


class JsonlSink:
    """Appends lines to files in a folder, or to a pipe or device that is there already.

    Args:
        path: the folder; made when the first event comes.
        service: the first part of file names.
        rules: how files are kept.
        counters: what is counted.
    """

    def __init__(self, path: Path, service: str, rules: Files, counters: Counters) -> None:
        self.path = path
        self.file: Path | None = None
        self._service = service
        self._rules = rules
        self._most = rules.rotate_bytes
        self._counters = counters
        self._fd = -1
        self.reset()

    def reset(self) -> None:
        """Begin anew, as a forked child has to: its own file, nothing queued, nobody inside."""
        inherited, self._fd = self._fd, -1
        if inherited >= 0:
            with contextlib.suppress(OSError):
                os.close(inherited)
        self.file = None
        self._lock = threading.RLock()
        self._inside: dict[int, int] = {}
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._wake = threading.Condition()
        self._draining = False
        self._torn = False
        self._wrote = self._counters.wrote
        self._closed = False
        self._no_room = ""  # why nothing is written for now
        self._size = 0
        self._since = 0.0
        self._retry_at = 0.0
        self._room_at = 0.0
        self._retired: list[tuple[Path, dict[int, int]]] = []

    def write(self, line: bytes, clock: int, waited: bool = False, again: bool = False) -> None:
        """Hand a line to the kernel, or to the queue where the sink is stuck.

        Args:
            line: with its newline.
            clock: `time.perf_counter_ns()` of now, or of not long ago.
            waited: it comes from the queue.
            again: it was written in part.
        """
        inside = self._inside
        if (self._queued or (inside and self._stuck())) and not waited:
            self._defer(line)
            return
        me = _ident()
        inside[me] = clock
        try:
            if self._fd < 0 and not self._open():
                self._lost("is closed" if self._closed else "cannot be opened")
                return
            if self._no_room:
                self._lost(self._no_room)
                return
            if torn := self._torn:
                self._torn, line = False, b"\n" + line
            try:
                done = os.write(self._fd, line)
            except OSError as error:
                self._torn = self._torn or torn  # half a line still stands at the end
                self._lost(f"took no event ({error.strerror or error})")
                return
            if done < len(line):
                self._torn = True
                if again:
                    self._lost("took half an event")
                else:  # the rest would not be adjacent: the whole event once more, on a line of its own
                    self.write(line[torn:], clock, waited=True, again=True)
                return
            self._wrote()
            self._size += done
            if self._size > self._most:
                self._rotate()
        finally:
            inside.pop(me, None)

    def _stuck(self) -> bool:
        now = time.perf_counter_ns()
        late = [(who, since) for who, since in list(self._inside.items()) if now - since > STUCK_NS]
        if not late:
            return False
        time.sleep(0)  # whoever is through with the call, and waits for the interpreter, gets it first
        return any(self._inside.get(who) == since for who, since in late)

    def _lost(self, why: str) -> None:
        self._counters.add("dropped")
        self._counters.say_once(f"sink {why}", "obskit: %s %s: events are lost and counted", self.path, why)

    # Waiting in memory.

    def _defer(self, line: bytes) -> None:
        begin = False
        with self._wake:
            full = self._queued + len(line) > self._rules.queue_bytes or self._closed
            if not full:
                self._queue.append(line)
                self._queued += len(line)
                # Marked before it starts: a signal's handler may come in between, with an event of its own.
                begin, self._draining = not self._draining, True
        if begin:
            try:
                threading.Thread(target=self._drain, name="obskit-drain", daemon=True).start()
            except RuntimeError:  # no new threads: the next event tries again
                self._draining = False
        self._counters.add("deferred")
        if full:
            self._lost("was stuck and its queue is full")
        else:
            self._counters.add("waiting")

    def _drain(self) -> None:
        while True:
            with self._wake:
                if not self._queue:
                    self._draining, self._queued = False, 0
                    self._wake.notify_all()
                    return
                line = self._queue[0]
            if self._stuck():
                time.sleep(0.01)
                continue
            try:
                self.write(line, time.perf_counter_ns(), waited=True)
            except Exception as error:
                self._counters.trouble("sink", error)
            self._counters.add("waiting", -1)
            with self._wake:
                self._queue.popleft()
                self._queued -= len(line)

    def flush(self, timeout: float) -> bool:
        """Wait until the queue is empty; return whether it is."""
        deadline = time.monotonic() + timeout
        with self._wake:
            while self._queue:
                left = deadline - time.monotonic()
                if left <= 0 or not self._wake.wait(left):
                    return not self._queue
        return True

    # Files.

    def _open(self) -> bool:
        with self._lock:
            if self._fd >= 0:
                return True
            if self._closed or time.monotonic() < self._retry_at:
                return False
            try:
                if self._special():
                    # A pipe without a reader would keep the host waiting in open(2) itself.
                    self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK)
                    os.set_blocking(self._fd, True)
                    self.file = self.path
                else:
                    self._fd, self.file = files.open_new(self.path, self._service)
            except OSError:
                self._retry_at = time.monotonic() + RETRY_SECONDS
                return False
            self._size, self._since = 0, time.monotonic()
            return True

    def _special(self) -> bool:
        try:
            return not stat.S_ISDIR(self.path.stat().st_mode)
        except FileNotFoundError:
            return False

    def _rotate(self, *, gone: bool = False) -> None:
        """Go on in a new file. Events of the threads inside may still reach the old one."""
        with self._lock:
            if self._fd < 0 or self.file is None or self.file == self.path or self._closed:
                return
            young = time.monotonic() - self._since < self._rules.rotate_seconds
            if young and self._size <= self._rules.rotate_bytes and not gone:
                return
            try:
                fresh, path = files.open_new(self.path, self._service)
            except OSError as error:
                self._counters.trouble("rotation", error)
                self._since, self._size = time.monotonic(), 0
                if gone:  # what is written now would be lost, and counted as written
                    self._no_room = "is gone and cannot be made again"
                return
            os.dup2(fresh, self._fd, inheritable=False)
            os.close(fresh)
            if not gone:
                self._retired.append((self.file, dict(self._inside)))
            self.file, self._size, self._since, self._torn = path, 0, time.monotonic(), False

    def tend(self) -> None:
        """Rotate by age, pack, keep to the budget and the floor; called about once a second by the keeper.

        Raises:
            OSError: the folder is gone or not ours.
        """
        if self._fd < 0 or self.file is None or self.file == self.path:
            return
        if not self.file.exists():  # someone cleaned the folder: what is written now would go nowhere
            self._rotate(gone=True)
            if not self.file.exists():
                return
        elif self._size and time.monotonic() - self._since >= self._rules.rotate_seconds:
            self._rotate()
        with self._lock:
            ready = [path for path, inside in self._retired if not self._still(inside)]
            self._retired = [item for item in self._retired if item[0] not in ready]
        for path in ready:
            if self._rules.pack:
                try:
                    files.pack(path)
                except OSError as error:
                    self._counters.trouble("packing", error)
        if (now := time.monotonic()) >= self._room_at:
            if deleted := files.make_room(self.path, self._rules.keep, self._rules.free):
                self._counters.add("deleted", deleted)
            # Where many small files make the look long, it is taken less often.
            self._room_at = time.monotonic() + 100 * (time.monotonic() - now)
        scarce = files.free_bytes(self.path) < self._rules.free
        self._no_room = "has less free space than is to be left" if scarce else ""

    def _still(self, inside: dict[int, int]) -> bool:
        me = _ident()
        return any(self._inside.get(who) == since for who, since in inside.items() if who != me)

    def close(self, timeout: float) -> bool:
        """Write what waits, then close; return whether everything was written in time."""
        done = self.flush(timeout)
        with self._wake:
            self._closed = True
        with self._lock:
            descriptor, self._fd = self._fd, -1  # first, so that nobody enters with it any more
            if descriptor >= 0 and not self._inside:  # else a thread is in write(2): it stays open
                os.close(descriptor)
        return done
