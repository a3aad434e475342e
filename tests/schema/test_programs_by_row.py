"""A rule about the fields of one program holds for its rows only: files are read together, and logs are mixed."""

import json

import pytest

from tests.support.loaded import load_files

PLAIN = {"timestamp": "2026-05-04T10:00:00Z", "name": "book", "level": "info"}
PROGRAMS = {
    "bunyan": (
        {
            "name": "shop",
            "hostname": "h",
            "pid": 4,
            "level": 30,
            "msg": "a",
            "time": "2026-05-04T10:00:01Z",
            "v": 0,
        },
        ("service.name", "shop"),
    ),
    "Python": (
        {"name": "shop.cart", "levelname": "INFO", "message": "a", "time": "2026-05-04T10:00:01Z"},
        ("code.namespace", "shop.cart"),
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("together", [False, True], ids=["one file", "two files"])
def test_the_name_of_other_rows_stays_their_name(program, together, tmp_path):
    row, (field, value) = PROGRAMS[program]
    lines = [json.dumps(one) + "\n" for one in (PLAIN, row, PLAIN)]
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"] if together else [tmp_path / "a.jsonl"]
    paths[0].write_text("".join(lines[:1] if together else lines))
    if together:
        paths[1].write_text("".join(lines[1:]))
    rows = load_files(*paths).rows
    assert [one.get("name") for one in rows] == ["book", None, "book"]
    assert [one.get(field) for one in rows] == [None, value, None]


def test_only_rows_of_gelf_have_a_priority_of_syslog(tmp_path):
    gelf = {"short_message": "a", "level": 3, "timestamp": "2026-05-04T10:00:01Z"}
    pino = {"msg": "b", "level": 30, "time": "2026-05-04T10:00:02Z"}
    path = tmp_path / "mixed.jsonl"
    path.write_text(json.dumps(gelf) + "\n" + json.dumps(pino) + "\n")
    assert [row["severity_number"] for row in load_files(path).rows] == [17, 9]


@pytest.mark.parametrize("together", [False, True], ids=["columns of their own", "one column"])
def test_numbers_and_words_of_levels_are_read_in_one_file(together, tmp_path):
    """bunyan's `level` next to `log.level`, which leaves nulls; and next to words, which makes texts of both."""
    word = {
        "level" if together else "log.level": "WARN",
        "message": "a",
        "@timestamp": "2026-05-04T10:00:00Z",
    }
    pino = {"msg": "b", "level": 50, "time": "2026-05-04T10:00:01Z"}
    path = tmp_path / "mixed.jsonl"
    path.write_text(json.dumps(word) + "\n" + json.dumps(pino) + "\n")
    rows = load_files(path).rows
    assert [(row["severity_text"], row["severity_number"]) for row in rows] == [("WARN", 13), ("error", 17)]
    assert [row["error"] for row in rows] == [False, True]


def test_numbers_that_are_no_levels_stay_a_field(tmp_path):
    path = tmp_path / "game.jsonl"
    path.write_text('{"level": 30, "player": "a"}\n{"level": 31, "player": "b"}\n{"player": "c"}\n')
    rows = load_files(path).rows
    assert [row.get("level") for row in rows] == [30, 31, None]
    assert not any("severity_text" in row for row in rows)
