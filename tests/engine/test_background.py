"""Threads in the background have ended when the process ends."""

from __future__ import annotations

import subprocess
import sys
import threading

from obskit.engine import start_thread

ENDING = """
import sys, threading
from obskit.engine import start_thread
asked = threading.Event()
def work():
    asked.wait(60)
    threading.Event().wait(0.2)  # what it was about to do is done
    sys.stdout.write("ended")
    sys.stdout.flush()
start_thread(work, "obskit-test", asked.set)
"""


def test_the_end_of_the_process_asks_a_thread_to_stop_and_waits_for_it() -> None:
    found = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=120)
    assert (found.returncode, found.stdout, found.stderr) == (0, "ended", "")


def test_a_thread_that_has_ended_is_forgotten() -> None:
    from obskit.engine import background

    ended = start_thread(lambda: None, "obskit-test", lambda: None)
    ended.join(60)
    assert ended not in background._running
    waits = threading.Event()
    running = start_thread(lambda: (waits.wait(60), None)[1], "obskit-test", waits.set)
    assert running in background._running
    waits.set()
    running.join(60)
