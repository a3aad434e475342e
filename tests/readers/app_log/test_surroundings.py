"""A record becomes the same row whatever is around it: small blocks, carriage returns, records of other layouts."""

import pytest

from obskit.readers.app_log import reader as module
from tests.readers.app_log import (
    test_jvm_layouts,
    test_other_layouts,
    test_python_layouts,
    test_server_layouts,
    test_stack_traces,
)
from tests.readers.app_log.rows import rows_of

pytestmark = pytest.mark.once

LAYOUTS = {
    **test_python_layouts.CASES,
    **test_jvm_layouts.CASES,
    **test_server_layouts.CASES,
    **test_other_layouts.CASES,
}
READ_ELSEWHERE = {"syslog"}
"""Layouts that the reader of prefixes reads."""

NOT_ALONE = {"Lambda", "Lambda for Node.js", "werkzeug through logging", "pino-pretty"}
"""Texts whose first rows depend on what comes before them: a line that is no record, or has no time."""

CASES = {name: text for name, (text, _, _) in {**LAYOUTS, **test_stack_traces.CASES}.items()}
MAIN = ("time and level", "Logback", "glog", "uvicorn", "Spring Boot 3", "nginx", "http.server")


def same(text):
    return [
        {name: value.replace("\r\n", "\n") if type(value) is str else value for name, value in row.items()}
        for row in text
    ]


@pytest.mark.parametrize("name", sorted(CASES.keys() - READ_ELSEWHERE))
def test_small_blocks(name, tmp_path, monkeypatch):
    whole = rows_of(tmp_path, CASES[name] * 3).rows
    for size in (37, 200):
        monkeypatch.setattr(module, "BLOCK", size)
        # Records with an object in their message come after the others of their block.
        assert sorted(rows_of(tmp_path, CASES[name] * 3).rows, key=repr) == sorted(whole, key=repr)


@pytest.mark.parametrize("name", CASES)
def test_carriage_returns(name, tmp_path):
    text = CASES[name] * 2
    assert same(rows_of(tmp_path, text.replace("\n", "\r\n")).rows) == rows_of(tmp_path, text).rows


@pytest.mark.parametrize("main", MAIN)
def test_records_of_another_layout(main, tmp_path):
    text, rows, _ = LAYOUTS[main]
    for name in LAYOUTS.keys() - READ_ELSEWHERE - NOT_ALONE:
        other, others, _ = LAYOUTS[name]
        mixed = rows_of(tmp_path, text * 4 + other + text)
        assert sorted(mixed.rows, key=repr) == sorted(rows * 5 + others, key=repr), name


def test_records_of_another_layout_far_into_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 2000)
    text, rows, _ = LAYOUTS["time and level"]
    other, others, _ = LAYOUTS["Spring Boot 3"]
    assert rows_of(tmp_path, text * 200 + other * 20).rows == rows * 200 + others * 20


# zap's records with objects come after the others of their block
@pytest.mark.parametrize("name", sorted(CASES.keys() - READ_ELSEWHERE - NOT_ALONE - {"zap"}))
def test_a_file_that_breaks_off(name, tmp_path):
    text = CASES[name]
    whole = rows_of(tmp_path, text * 2).rows
    for cut in {len(text) + 1, len(text) + 9, len(text) * 3 // 2, len(text) * 2 - 2}:
        loaded = rows_of(tmp_path, (text * 2)[:cut])
        assert loaded.rows[:-1] == whole[: len(loaded.rows) - 1]
        assert loaded.notes or loaded.rejected or text[cut % len(text) - 1] == "\n"
