"""Records of application logs are traced back to the line that they begin in, whose prefix they get."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.readers.app_log.layouts import LAYOUTS
from obskit.readers.app_log.records import cut_records, first_lines

LOGBACK = next(layout for layout in LAYOUTS if layout.name == "logback")
TWO_LINES = next(layout for layout in LAYOUTS if layout.name == "java.util.logging")
RECORD = "2026-05-04 10:00:00.123 [main] INFO  shop.Cart - order 7"
TRACE = ["java.io.IOException: reset", "\tat shop.Cart.add(Cart.java:7)", ""]
OTHER = "2026-05-04 10:00:00,123 - shop.pay - ERROR - boom"
JUL = ["May 04, 2026 10:00:00 AM shop.Cart add", "INFO: order 7"]

PIECES = {
    "record": [RECORD],
    "traced": [RECORD, *TRACE],
    "other": [OTHER],
    "object": ['{"level": "info", "msg": "ready"}'],
    "object and text": ['{"level": "info", "msg": "ready"}', "  more"],
    "two lines": JUL,
}


@pytest.mark.parametrize("layout", [LOGBACK, TWO_LINES])
@given(st.lists(st.sampled_from([*PIECES]), min_size=1, max_size=12))
def test_each_record_knows_its_line(layout, kinds):
    lines, records, objects = [], [], []
    for kind in kinds:
        (objects if kind.startswith("object") else records).append(len(lines))
        if kind == "object and text":
            records.append(len(lines) + 1)
        lines += PIECES[kind]
    text = "\n".join([*lines, ""]).encode()
    cut = cut_records(text, layout)
    found, found_objects = first_lines(text, cut)
    assert (found.tolist(), found_objects.tolist()) == (records, objects)
