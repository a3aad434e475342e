"""What a reader, a program and a build server see."""

import json
import xml.etree.ElementTree as ET

from obskit.checks import checks
from tests.checks.world import hour, scope, write

TWO = """
[[query]]
name = "count"
calculate = "count()"
by = ["service.name"]
max = 700
at_least = 10

[[query]]
name = "<errors>"
calculate = "share(error)"
max = 0
"""


def ask(tmp_path, rows, text=TWO):
    return checks(scope(rows), write(tmp_path, text))


def test_the_word_is_the_worst(tmp_path):
    small = hour(service="\x1b[31mseats")[:5]
    assert ask(tmp_path, hour()).word == "ok"
    assert ask(tmp_path, [*hour(), *small]).word == "no data"
    assert ask(tmp_path, [*hour(bad=(1,)), *small]).word == "violated"


def test_the_text_says_why(tmp_path):
    text = str(ask(tmp_path, hour(bad=(1, 2, 3))))
    assert "violated: <errors>: share(error) is 0.005 over 600 rows; it must be at most 0." in text
    assert "2 outcomes: 1 ok, 1 violated" in text
    assert "\x1b" not in str(ask(tmp_path, hour(service="\x1b[31mseats")))


def test_json(tmp_path):
    found = json.loads(json.dumps(ask(tmp_path, hour()).to_dict(), allow_nan=False))
    assert (found["kind"], found["outcome"], found["file"]) == ("checks", "ok", str(tmp_path / "checks.toml"))
    assert found["outcomes"][0]["numbers"] == {"value": 600.0, "rows": 600, "min": None, "max": 700.0}
    assert found["columns"][:4] == ["check", "kind", "item", "outcome"]


def test_junit(tmp_path):
    rows = [*hour(bad=(1,)), *hour(service="\x1b<seats>")[:5]]
    root = ET.fromstring(ask(tmp_path, rows).to_junit())
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["<errors>"].find("failure").get("message").startswith("share(error) is ")
    assert cases["count: \\x1b<seats>"].find("error").get("type") == "no data"
    assert cases["count: book"].find("system-out") is not None


def test_html_escapes_what_comes_from_data(tmp_path):
    assert "<errors>" not in ask(tmp_path, hour())._repr_html_()
