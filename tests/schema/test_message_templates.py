"""Messages of Serilog, whose events have a template and properties."""

import json

import pytest

from tests.readers.app_log.rows import rows_of

TIME = "2026-05-04T10:00:00Z"


def bodies(folder, *rows):
    loaded = rows_of(folder, "".join(json.dumps({"@t": TIME, **row}) + "\n" for row in rows), name="a.clef")
    return [row.get("body") for row in loaded.rows]


@pytest.mark.parametrize(
    ("template", "properties", "body"),
    [
        ("ready", {}, "ready"),
        ("Paid {Amount} for {User}", {"Amount": 12, "User": "u1"}, "Paid 12 for u1"),
        (
            "{Amount:0.00} and {User,10} and {Id,-5:X}",
            {"Amount": 1.5, "User": "u", "Id": 255},
            "1.5 and u and 255",
        ),
        ("{0} of {1}", {"0": "a", "1": 2}, "a of 2"),
        ("{{literal}} {A}", {"A": 1}, "{literal} 1"),
        ("{Missing} stays", {}, "{Missing} stays"),
        ("{Nothing} stays", {"Nothing": None}, "{Nothing} stays"),
        ("an object {@Cart} stays", {"Cart": {"id": 7}}, "an object {@Cart} stays"),
        ("{@Cart} and {$Cart}", {"Cart": "x"}, "x and x"),
        ("a list {Ids}", {"Ids": [1, 2]}, "a list [1,2]"),
        ("flags {On} {Off}", {"On": True, "Off": False}, "flags true false"),
        ("twice {A} {A}", {"A": "b"}, "twice b b"),
        ("open { brace } and {not a hole}", {"not": 1}, "open { brace } and {not a hole}"),
        ("a value that looks like a hole: {A}", {"A": "{B}", "B": 1}, "a value that looks like a hole: {B}"),
        ("{A:X4} {B} {C:N}", {"A": 255, "B": 7, "C": 1000, "@r": ["00FF", "1,000.00"]}, "00FF 7 1,000.00"),
        ("", {}, ""),
    ],
)
def test_the_body_is_the_template_with_its_properties(template, properties, body, tmp_path):
    row = {"@mt": template, **properties}
    assert bodies(tmp_path, row) == [body]
    assert bodies(tmp_path, {"@mt": "other {A}", "A": 1}, row, {"@m": "ready"}) == ["other 1", body, "ready"]


def test_the_template_is_kept(tmp_path):
    data = json.dumps({"@t": TIME, "@mt": "Paid {Amount}", "@l": "Error", "Amount": 12}) + "\n"
    assert rows_of(tmp_path, data).rows == [
        {
            "timestamp": TIME,
            "error": True,
            "body": "Paid 12",
            "severity_text": "Error",
            "severity_number": 17,
            "Amount": 12,
            "log.record.template": "Paid {Amount}",
        }
    ]


def test_a_message_that_the_program_rendered_stays(tmp_path):
    assert bodies(
        tmp_path,
        {"@mt": "Paid {Amount}", "@m": "Paid 12 EUR", "Amount": 12},
        {"@mt": "Paid {Amount}", "Amount": 13},
    ) == ["Paid 12 EUR", "Paid 13"]


def test_properties_of_serilogs_json(tmp_path):
    rows = [
        {
            "Timestamp": TIME,
            "Level": "Error",
            "MessageTemplate": "Paid {Amount}",
            "Properties": {"Amount": 12},
        },
        {
            "Timestamp": TIME,
            "Level": "Error",
            "MessageTemplate": "Paid {Amount}",
            "RenderedMessage": 'Paid "12"',
            "Properties": {"Amount": 12},
        },
    ]
    loaded = rows_of(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    assert [row["body"] for row in loaded.rows] == ["Paid 12", 'Paid "12"']
    assert [row["Properties.Amount"] for row in loaded.rows] == [12, 12]
    assert {row["log.record.template"] for row in loaded.rows} == {"Paid {Amount}"}


def test_an_elapsed_time_keeps_the_unit_of_its_template(tmp_path):
    row = {"@t": TIME, "@mt": "took {Elapsed:0.00} ms", "Elapsed": 34.5678}
    loaded = rows_of(tmp_path, json.dumps(row) + "\n").rows[0]
    assert (loaded["body"], loaded["duration_ms"]) == ("took 34.5678 ms", 34.5678)
