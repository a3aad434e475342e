"""The end of a file of logfmt that may be incomplete."""

import gzip

import pytest

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


@pytest.mark.parametrize("end", ['level=info msg="no', "level"])
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
