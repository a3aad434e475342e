from __future__ import annotations

import html.parser

import pytest

from obskit.display import chart
from obskit.display.bars import comparison, comparison_html
from obskit.errors import MissingDependency

EVIL = '<img src=x onerror="alert(1)">&amp;'


def explanation(**more):
    finding = {
        "conditions": [
            {"field": "service.version", "op": "=", "value": EVIL},
            {"field": "http.request.size", "op": "between", "low": 10, "high": None},
        ],
        "condition": "...",
        "selected": 450,
        "baseline": 21,
        "selected_share": 0.45,
        "baseline_share": 0.00021,
        "risk_ratio": 12.34,
        "risk_ratio_low": 10.0,
        "risk_ratio_high": None,
        "excess_share": 0.44,
        "traces": 430,
        "new": True,
        "note": EVIL,
        "aliases": [{"conditions": [{"field": EVIL, "op": "missing"}]}],
    }
    return {
        "kind": "explanation",
        "selection": {"condition": "duration_ms > 500", "events": 1000},
        "baseline": {"condition": "the rest", "events": 100_000},
        "history": None,
        "notes": [EVIL],
        "findings": [finding],
        "refinements": [],
        "describes": [],
        "skipped": [{"field": EVIL, "reason": "unique"}],
        **more,
    }


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.attributes, self.text = [], set(), set(), ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_static_html_is_escaped_and_balanced():
    tags = Tags(comparison_html(explanation()))
    assert not tags.open
    assert "img" not in tags.seen
    assert tags.attributes <= {"style"}
    assert tags.text.count(EVIL) == 5


def test_static_html_shows_counts_shares_and_what_is_compared():
    text = Tags(comparison_html(explanation())).text
    for part in (
        "duration_ms > 500",
        "1,000 events",
        "the rest",
        "100,000 events",
        "45.0% (450)",
        "0.021% (21)",
    ):
        assert part in text
    assert "12.3× (10–∞×) the rate elsewhere" in text
    assert "http.request.size ≥ 10" in text


def test_an_empty_answer_says_so():
    assert "No finding" in comparison_html(explanation(findings=[]))
    assert "No finding" in comparison_html({})


def test_bars_show_counts_and_shares_and_differ_in_pattern_and_colour():
    pytest.importorskip("plotly")
    figure = comparison(explanation())
    baseline, selection = figure.data
    assert (selection.name, list(selection.text)) == ("selection", ["45.0% (450)"])
    assert list(baseline.text) == ["0.021% (21)"]
    assert selection.marker.color == "#E69F00"
    assert baseline.marker.color == "#56B4E9"
    assert baseline.marker.pattern.shape != (selection.marker.pattern.shape or "")
    assert "<img" not in str(figure.to_html(include_plotlyjs=False))


def test_without_plotly_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(chart, "go", None)
    with pytest.raises(MissingDependency) as raised:
        comparison(explanation())
    assert str(raised.value) == (
        "A plotly figure needs the extra 'notebook'\nHint: pip install 'obskit-notebook[notebook]'"
    )


def test_a_figure_uploads_nothing_and_embeds_nothing():
    pytest.importorskip("plotly")
    figure = comparison(explanation())
    bundle = figure._repr_mimebundle_()
    config = bundle["application/vnd.plotly.v1+json"]["config"]
    assert config["showSendToCloud"] is False
    assert config["plotlyServerURL"] == ""
    assert config["displaylogo"] is False
    assert "text/html" not in bundle
    assert '"showSendToCloud": false' in figure.to_html(include_plotlyjs=False)


def test_a_figure_in_ipython_is_its_json_alone():
    pytest.importorskip("plotly")
    formatter = pytest.importorskip("IPython.core.formatters").DisplayFormatter()
    data, _ = formatter.format(comparison(explanation()))
    assert set(data) == {"application/vnd.plotly.v1+json", "text/plain"}
    assert data["text/plain"] == "Chart(bar)"


def test_an_answer_from_a_sample_says_so():
    label = "<b>FROM A SAMPLE of 50,000 events; the exact answer follows</b>"
    assert label in comparison_html(explanation(sampled=50_000))
    assert "SAMPLE" not in comparison_html(explanation(sampled=None))


def test_what_restates_the_selection_is_listed_apart():
    row = dict(explanation()["findings"][0], note="rises and falls with duration_ms in every slice")
    page = Tags(comparison_html(explanation(restates=[row])))
    assert "Restates the selection: 1" in page.text
    assert "rises and falls with duration_ms in every slice" in page.text
