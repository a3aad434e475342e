"""Checks as JUnit XML, which continuous integration shows next to the tests."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from obskit.checks.outcome import Outcome
from obskit.text import is_safe


def junit_xml(outcomes: Sequence[Outcome], suite: str) -> str:
    """Return outcomes as JUnit XML.

    Args:
        outcomes: what the checks found.
        suite: the name of the suite: the file of checks.

    Returns:
        XML: a violated check is a failure, one without data an error.
    """
    violated = sum(one.word == "violated" for one in outcomes)
    missing = sum(one.word == "no data" for one in outcomes)
    counts = {"tests": str(len(outcomes)), "failures": str(violated), "errors": str(missing)}
    root = ET.Element("testsuites", counts)
    found = ET.SubElement(root, "testsuite", {"name": _clean(suite), **counts})
    for one in outcomes:
        name = f"{one.check}: {one.item}" if one.item else one.check
        case = ET.SubElement(found, "testcase", {"classname": f"obskit.{one.kind}", "name": _clean(name)})
        if one.word == "ok":
            ET.SubElement(case, "system-out").text = _clean(one.sentence)
        else:
            tag = "failure" if one.word == "violated" else "error"
            details = {"message": _clean(one.sentence), "type": one.word}
            shown = f"{one.value} ({one.bound})" if one.value else one.bound
            ET.SubElement(case, tag, details).text = _clean(shown)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    """Return text that XML can hold: control characters are shown, not written."""
    return "".join(c if is_safe(c) else f"\\x{ord(c):02x}" for c in text)
