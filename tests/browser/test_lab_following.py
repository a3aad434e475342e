"""The Explorer in a real JupyterLab follows a service that goes on writing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

SERVICE = """
import sys, time
from obskit import instrument

instrument.configure("booking", sink=sys.argv[1])
for number in range(5000):
    with instrument.event("book", number=number):
        pass
    if number == 299:
        print("begun", flush=True)
        sys.stdin.readline()
    if number > 299:
        time.sleep(0.01)
"""
COUNT = "() => parseInt(document.querySelector('.obskit-followed')?.textContent.replace(',', '')) || 0"


@pytest.fixture
def service(tmp_path):
    """A service that has written 300 events, and writes the others once it gets a line."""
    command = [sys.executable, "-c", SERVICE, str(tmp_path / "events")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def test_what_a_service_writes_comes_in(lab, new_page, tmp_path, service):
    page = new_page()
    load = f"import obskit as ok\n\nevents = ok.load({str(tmp_path / 'events')!r})"
    lab.open(page, [load, "ok.Explorer(events, follow=1)"], "following.ipynb")
    lab.run_all(page)
    page.wait_for_function("() => document.querySelectorAll('.obskit-area canvas').length === 1")
    service.stdin.write("go on\n")
    service.stdin.flush()
    seen = []
    until = time.monotonic() + 40
    while len(seen) < 3 and time.monotonic() < until:
        count = page.evaluate(COUNT)
        if count > (seen[-1] if seen else 300):
            seen.append(count)
        page.wait_for_timeout(200)
    assert len(seen) == 3, seen  # three looks, each with more than the last
