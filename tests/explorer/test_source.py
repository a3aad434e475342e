"""What is sent to the page."""

from __future__ import annotations

import re
from importlib.resources import files

from obskit.display.live.source import waterfall_script
from obskit.explorer.source import script, style

MOST_JAVASCRIPT = 150_000


def test_the_javascript_of_a_widget_is_small():
    """The waterfall is a part of the Explorer's module, and a widget of its own next to a trace."""
    assert len(waterfall_script().encode()) < len(script().encode()) < MOST_JAVASCRIPT


def test_every_file_is_part_of_the_module():
    folder = files("obskit.explorer") / "front"
    for file in folder.iterdir():
        if file.name.endswith(".js"):
            assert file.read_text(encoding="utf-8") in script()


def test_nothing_is_loaded_and_no_text_becomes_html():
    for source in (script(), style()):
        assert "import(" not in source
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", source)
        assert set(re.findall(r"https?://[^\"'` )]+", source)) <= {"http://www.w3.org/2000/svg"}


def test_widgets_share_no_state():
    """At the level of the module there are constants and functions only."""
    assert not re.search(r"^(let|var) ", script(), re.MULTILINE)


def test_nothing_beyond_the_contract_of_anywidget_is_used():
    assert set(re.findall(r"\bmodel\??\.(\w+)", script())) == {"get", "on", "off", "send"}
