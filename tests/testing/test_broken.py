"""The contract fails for every reader that loses, changes or invents anything."""

import dataclasses
import inspect

import pyarrow as pa
import pytest

from obskit.errors import ObskitError
from obskit.readers import REGISTRY
from obskit.testing import ReaderContract
from tests.testing import (
    test_change_markers,
    test_contract,
    test_logs,
    test_markers,
    test_prefixed,
    test_requests,
    test_stores,
    test_vendor_spans,
)

pytestmark = pytest.mark.once

MODULES = (
    test_change_markers,
    *(test_contract, test_logs, test_markers, test_prefixed, test_requests, test_stores, test_vendor_spans),
)
SUITES = {
    name: suite
    for module in MODULES
    for name, suite in inspect.getmembers(module, inspect.isclass)
    if issubclass(suite, ReaderContract) and name.startswith("Test")
}

# Loading copies these from a span's events if the span has no such attributes.
COPIED = {"exception.type", "exception.message"}
# Loading derives this from `severity_text`.
COPIED |= {"severity_number", "obskit.severity_number"}
# Loading derives this from `body`.
COPIED |= {"log.record.template"}
# obskit's writer writes some lists into a tag as well.
TWICE = {"TestJaeger": {"links"}}


class Broken:
    """A suite whose reader's batches are changed. What it reads, writes and expects is computed once."""

    def __init__(self, suite):
        self.suite = suite()
        if hasattr(self.suite, "setup_method"):
            self.suite.setup_method(None)
        table = self.suite.carried()
        data, expected = self.suite.write(table), self.suite.expected(table)
        self.suite.write, self.suite.expected = (lambda _: data), (lambda _: expected)
        self.first, self.batches = suite.reader.read, []

    def fails_with(self, spoil):
        def read(source, report, options):
            self.batches = self.batches or list(self.first(source, report, options))
            return map(spoil, self.batches)

        self.suite.reader = dataclasses.replace(self.suite.reader, read=read)
        try:
            self.suite.test_the_same_incident_gives_the_same_table()
        except (AssertionError, ObskitError):
            return True
        return False


def without(batch, name):
    return batch.drop_columns([name]) if name in batch.schema.names else batch


@pytest.mark.parametrize("name", SUITES)
def test_the_contract_notices_each_lost_field_lost_row_and_invented_field(name):
    broken, names = Broken(SUITES[name]), set()

    def look(batch):
        names.update(batch.schema.names)
        return batch

    assert not broken.fails_with(look)
    assert len(names) > 4
    unseen = {lost for lost in names if not broken.fails_with(lambda batch, lost=lost: without(batch, lost))}
    assert unseen <= COPIED | TWICE.get(name, set())
    assert broken.fails_with(lambda batch: batch.slice(1))
    assert broken.fails_with(lambda batch: batch.append_column("made.up", pa.repeat("x", len(batch))))


def test_every_reader_has_a_suite():
    missing = {reader.name for reader in REGISTRY.readers()} - {
        suite.reader.name for suite in SUITES.values()
    }
    assert not missing, (
        f"no ReaderContract for {sorted(missing)}: "
        "add a class in tests/testing/test_contract.py (test_markers.py for a reader of markers)"
    )
