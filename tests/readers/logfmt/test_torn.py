"""The end of a file of logfmt that may be incomplete."""

import gzip

import pytest

from obskit.readers.logfmt import reader as module
from obskit.schema.report import UNENDED
from tests.readers.app_log.rows import rows_of

LINE = 'level=error msg="no card" user=7 cached\n'


@pytest.mark.parametrize(
    ("end", "row", "notes"),
    [
        ("level=info msg=ok status=50", {"body": "ok", "status": 50}, [UNENDED]),
        ("level=info msg=ok stat", {"body": "ok"}, [UNENDED]),
        ("level=info msg=ok cached", {"body": "ok", "cached": True}, [UNENDED]),
        ("level=info msg=ok status=", {"body": "ok"}, [UNENDED]),
        ("level=info msg=ok status=50\n", {"body": "ok", "status": 50}, []),
        ("level=info msg=ok stat\n", {"body": "ok", "stat": True}, []),
    ],
)
def test_the_last_line_is_kept_without_a_key_that_may_be_cut(end, row, notes, tmp_path):
    loaded = rows_of(tmp_path, LINE + end)
    assert loaded.rows[1] == {"severity_text": "info", "severity_number": 9, **row}
    assert loaded.notes == notes
    assert loaded.rejected == []


@pytest.mark.parametrize(
    ("line", "end", "kept"),
    [
        ("level=info t=2026-05-04T10:00:00Z", "level=info t=2026-05-", {}),
        ("level=info msg=a view=1.25", "level=info msg=b view=1.", {"body": "b"}),
        ("level=info msg=a ok=true", "level=info msg=b ok=tr", {"body": "b"}),
        ("at=info msg=a", "msg=b at=err", {"body": "b"}),
        ("level=info msg=a n=12", "level=info msg=b n=-", {"body": "b"}),
        ("level=info msg=a user=u12", "level=info msg=b user=u", {"body": "b", "user": "u"}),
        ("level=info msg=a n=12", "level=info msg=b n=1", {"body": "b", "n": 1}),
    ],
)
def test_a_value_that_is_cut_does_not_spoil_its_column(line, end, kept, tmp_path):
    whole = rows_of(tmp_path, f"{line}\n{line}\n").rows
    loaded = rows_of(tmp_path, f"{line}\n{line}\n{end}")
    assert loaded.rows[:2] == whole
    level = {} if end.startswith("msg") else {"severity_text": "info", "severity_number": 9}
    assert loaded.rows[2] == {**level, **kept}
    assert loaded.notes == [UNENDED]


def test_a_column_that_is_empty_in_a_block_keeps_its_type(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 40)
    text = "level=info msg=a bytes=12\n" * 3 + "level=info msg=a bytes=\n" * 3 + "level=info msg=a bytes=13\n"
    rows = rows_of(tmp_path, text).rows
    assert [row.get("bytes") for row in rows] == [12, 12, 12, None, None, None, 13]


@pytest.mark.parametrize("end", ['level=info msg="no', "level", "level=in"])
def test_a_last_line_that_is_not_pairs_is_torn(end, tmp_path):
    loaded = rows_of(tmp_path, LINE + end)
    assert len(loaded.rows) == 1
    assert loaded.rejected == [(f"line 2, byte {len(LINE)}", "torn: the file ends within the line")]
    assert loaded.notes == []


@pytest.mark.parametrize("cut", [12, 30, 60, 200])
def test_of_a_damaged_file_only_whole_lines_are_kept(cut, tmp_path):
    lines = [f"level=info msg=ok number={number:05}\n" for number in range(2000)]
    whole = gzip.compress("".join(lines).encode())
    loaded = rows_of(tmp_path, whole[:-cut], name="app.log.gz")
    assert loaded.rows
    assert [row["number"] for row in loaded.rows] == [f"{number:05}" for number in range(len(loaded.rows))]
    assert len(loaded.rejected) == 1
