"""Reports: what they say, and that no secret, identity or markup of the data gets into them."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest

from obskit import (
    EmptySelection,
    InvalidArgument,
    Ledger,
    NoSuchPath,
    ReadError,
    UnknownField,
    load,
    note,
    pin,
    report,
)
from obskit.report.markup import read_markup, write_markup
from obskit.report.nodes import plain_text
from obskit.report.people import People
from obskit.report.prose import prose_html

ROOT = Path(__file__).parents[2]
KEY = "a key of at least 16 bytes"
SLOW = "http.route = '/book' and duration_ms > 500"
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


def notebook(path: Path, *cells: dict) -> Path:
    path.write_text(json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def code(source: str, *outputs: dict) -> dict:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": list(outputs)}


def shown(**data: object) -> dict:
    """The output of a cell; `text_html` is "text/html"."""
    return {
        "output_type": "display_data",
        "data": {name.replace("_", "/", 1): value for name, value in data.items()},
    }


class Loads(HTMLParser):
    """Collects what a page would load, and elements that act."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("link", "iframe", "object", "embed", "base", "form", "input"):
            self.found.append(tag)
        for name, value in attrs:
            loads = name in ("src", "srcset", "data", "poster", "action") or (name == "href" and tag != "a")
            if name.startswith("on") or (loads and not (value or "").startswith("data:image/")):
                self.found.append(f"{tag} {name}={value}")
            if name == "style" and "url" in (value or ""):
                self.found.append(f"{tag} {value}")


def loads_nothing(page: str) -> bool:
    """Whether a page has no element that loads or acts, and a policy that forbids it."""
    assert "default-src 'none'" in page
    reader = Loads()
    reader.feed(page)
    assert reader.found == []
    return not re.search(r"<style>[^<]*(url\(|@import)", page)


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory):
    """The sample, with notes and an incident marker; and a ledger."""
    base = tmp_path_factory.mktemp("incident")
    note("first call of a customer", into=base / "notes", at="2026-05-04T10:20Z", phase="detected")
    note(f"rolled back, token={SECRET}", into=base / "notes", at="2026-05-04T11:00Z", phase="mitigated")
    note(HOSTILE, into=base / "notes", at="2026-05-04T11:30Z")
    (base / "notes" / "incidents.jsonl").write_text(
        json.dumps({"timestamp": "2026-05-04T12:00:00Z", "name": "incident", "kind": "event",
                    "obskit.incident.id": "7", "obskit.incident.status": "resolved"}) + "\n"
    )  # fmt: skip
    events = load([ROOT / "sample_events", base / "notes"])
    ledger = Ledger(base / "x.ledger.jsonl")
    book = events.where("http.route = '/book'")
    found = book.explain("duration_ms > 500", during="2026-05-04T10:00Z/2026-05-04T10:30Z")
    ledger.keep(found, "cause", why="only these wait", question="which bookings are slow?")
    ledger.keep(book.query("share(error)", by="cloud.region"), "ruled out", why=f"all regions fail {HOSTILE}")
    return events, ledger


def test_a_review_is_filled_from_the_events(incident, tmp_path: Path) -> None:
    events, ledger = incident
    pinned = pin(events, tmp_path / "x.pin.json")
    made = report(
        events, tmp_path / "review.html", selection=SLOW, ledger=ledger, pin=pinned, title="Slow bookings"
    )
    text = made.markdown
    affected = events.impact(SLOW)
    assert f"| user.id | at least {affected.affected:,} | at least {affected.total:,} |" in text
    size = events.query(f"count({SLOW}) as n").to_arrow()["n"][0].as_py()
    assert f"| requests | {size:,.0f} | " in text
    began = ledger.entries[0].result["findings"][0]["first_seen"]
    assert f"| began | {began} |  | the first event of the first cause in the ledger |" in text
    assert "| detected | 2026-05-04T10:20:00Z | 14.8 min | a note |" in text
    assert "| mitigated | 2026-05-04T11:00:00Z |" in text
    assert "| recovered | 2026-05-04T12:00:00Z |" in text
    assert "an incident that was resolved" in text
    assert "first call of a customer" in text
    assert "| 2026-05-04T10:00:00Z | deployment | booking 2.4.0" in text
    assert "### cause: which bookings are slow?" in text
    assert "only these wait" in text
    assert "all regions fail" in text
    assert text.count("**To be written:**") >= 5
    for fact in ("x.pin.json", events.fingerprint, pinned.fingerprint, "Made with | obskit"):
        assert fact in text
    assert (tmp_path / "review.html").read_text() == made.html
    assert loads_nothing(made.html)
    assert len(made.html) < 300_000


def test_no_secret_and_no_markup_of_the_data(incident) -> None:
    events, ledger = incident
    made = report(events, selection=SLOW, ledger=ledger)
    for text in (made.html, made.markdown):
        assert SECRET not in text
        assert str(Path.home()) not in text
    assert "<img src=x" not in made.html
    assert made.html.count("<script") == 3  # the page's own, and the numbers of two charts
    assert "&lt;img src=x onerror=alert(1)&gt;" in made.html
    assert "<img" not in made.markdown.replace("\\<img", "")


def test_people_appear_under_stable_pseudonyms(incident, tmp_path: Path) -> None:
    events, _ = incident
    rows = events.where(f"{SLOW} and user.id is not null").rows(["user.id", "trace_id"], limit=5)
    people = rows.to_arrow().column("user.id").to_pylist()
    ledger = Ledger(tmp_path / "l.jsonl")
    ledger.keep(
        rows, "contributing", why=f"see {people[0]} and {people[1].upper()}", question=f"is it {people[2]}?"
    )
    first = report(events, selection=SLOW, ledger=ledger, pseudonyms=["user.id"], pseudonym_key=KEY)
    again = report(events, selection=SLOW, ledger=ledger, pseudonyms=["user.id"], pseudonym_key=KEY)
    other = report(events, selection=SLOW, ledger=ledger, pseudonyms=["user.id"], pseudonym_key=KEY + "!")
    for person in set(people):
        for made in (first, other):
            assert person.lower() not in made.html.lower()
            assert person.lower() not in made.markdown.lower()
    found = re.findall(r"p-[0-9a-f]{16}", first.markdown)
    assert len(set(found)) == len(set(people))
    assert found == re.findall(r"p-[0-9a-f]{16}", again.markdown)
    assert not set(found) & set(re.findall(r"p-[0-9a-f]{16}", other.markdown))
    assert re.search(r"\d identities appear under pseudonyms, in \d+ places", first.markdown)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("user ada@example.org failed", "user P failed"),
        ("<ada@example.org>,ADA@Example.org;", "<P>,P;"),
        ("'Ada Lovelace' and Ada", "'P' and Ada"),
        (
            "id 471147 of 1,471147 and 471147.5 and x471147 and 471147.",
            "id P of 1,471147 and 471147.5 and x471147 and P.",
        ),
        ("471,147 of 1,471,147 and 471,147.5", "P of 1,471,147 and 471,147.5"),
        ("cut: ada@exam… and more", "cut: P… and more"),
        ("nada@example.orgs", "nada@example.orgs"),
        ("user_id=ada@example.org&x=1", "user_id=P&x=1"),
        ("/find?q=ada%40example.org&n=Ada%20Lovelace and Ada+Lovelace", "/find?q=P&n=P and P"),
        ("user.name = 'Zoë O''Brien' or \"Zoë O'Brien\"", "user.name = 'P' or \"P\""),
        (repr("user.name = 'Zoë O''Brien' and \"x\" = 1"), "'user.name = \\'P\\' and \"x\" = 1'"),
        ("user.name = 'Zoë O''Br…", "user.name = 'P…"),
        (json.dumps({"n": "Zoë O'Brien"}), '{"n": "P"}'),
    ],
)
def test_identities_are_found_as_a_whole(given: str, wanted: str) -> None:
    people = People({"user.id": ["ada@example.org", "Ada Lovelace", "471147", "Zoë O'Brien"]}, KEY)
    assert re.sub(r"p-[0-9a-f]{16}", "P", people.text(given)) == wanted


def test_numbers_that_are_identities_are_replaced_in_tables_and_charts(tmp_path: Path) -> None:
    times = pa.array([1_777_888_800_000_000 + n for n in range(8)], pa.timestamp("us", "UTC"))
    ids = pa.array([4711471 + n % 2 for n in range(8)])
    events = load(
        pa.table({"timestamp": times, "duration_ms": [float(n) for n in range(8)], "account.id": ids})
    )
    ledger = Ledger(tmp_path / "l.jsonl")
    ledger.keep(events.query("count()", by="account.id"))
    bars = {"type": "bar", "x": [4711471, 4711472], "y": [4, 4]}
    path = notebook(
        tmp_path / "x.ipynb",
        code("events", shown(text_html=events.query("count()", by="account.id")._repr_html_())),
        code(
            "figure",
            {"output_type": "display_data", "data": {"application/vnd.plotly.v1+json": {"data": [bars]}}},
        ),
    )
    for source in (path, ledger):
        made = report(source, events=events, pseudonyms=["account.id"], pseudonym_key=KEY)
        for text in (made.html, made.markdown):
            found = re.search(".{60}4,?711,?47.{20}", text)
            assert found is None, found
            assert len(set(re.findall(r"p-[0-9a-f]{16}", text))) == 2


def test_wrong_calls_of_pseudonyms(incident, tmp_path: Path) -> None:
    events, ledger = incident
    short = load(
        pa.table({"timestamp": events.to_arrow(["timestamp"])["timestamp"][:2], "user.id": ["ab", "cd"]})
    )
    for call, said in (
        (lambda: report(events, pseudonyms=["user.id"]), "pseudonyms need a pseudonym_key"),
        (lambda: report(events, pseudonyms=["user.id"], pseudonym_key="short"), "at least 16 bytes, got 5"),
        (lambda: report(ledger, pseudonyms=["user.id"], pseudonym_key=KEY), "pseudonyms need the events"),
        (lambda: report(short, selection="user.id = 'ab'", pseudonyms=["user.id"], pseudonym_key=KEY),
         "cannot be told from other text"),
        (lambda: report(events, tmp_path / "x.pdf"), "a report must end in .html or .md, got 'x.pdf'"),
        (lambda: report(ROOT / "README.md"), "is neither a notebook (.ipynb) nor a ledger"),
    ):  # fmt: skip
        with pytest.raises(InvalidArgument) as error:
            call()
        assert said in str(error.value)
    with pytest.raises(UnknownField):
        report(events, pseudonyms=["user.idd"], pseudonym_key=KEY)
    with pytest.raises(EmptySelection):
        report(events, selection="duration_ms > 1e12")
    with pytest.raises(NoSuchPath):
        report(tmp_path / "none.ipynb")


def test_an_incident_of_another_week_is_not_this_one(tmp_path: Path) -> None:
    """Its markers are in the same folder, and gave "detected" a time weeks before it began."""
    rows = [
        {"timestamp": f"2026-05-04T10:{at:02}:00Z", "name": "GET /", "kind": "server", "duration_ms": 5.0,
         "error": at % 2 == 0, "trace_id": f"{at + 1:032x}", "span_id": f"{at + 1:016x}"}
        for at in range(30)
    ]  # fmt: skip
    for day, status in (("2026-04-02", "open"), ("2026-06-01", "resolved")):
        rows.append(
            {"timestamp": f"{day}T10:00:00Z", "name": "incident", "kind": "event",
             "obskit.incident.id": "7", "obskit.incident.status": status}
        )  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    note("an old one", into=tmp_path, at="2026-04-01T10:00Z", phase="began")
    note("an old one", into=tmp_path, at="2026-04-01T11:00Z", phase="mitigated")
    text = report(load(tmp_path), selection="error").markdown
    assert "| began | 2026-05-04T10:00:00Z |  | the first affected event |" in text
    for moment in ("detected", "mitigated", "recovered"):
        assert f"| {moment} | not in the events |" in text
    note("rolled back", into=tmp_path, at="2026-05-04T10:20Z", phase="mitigated")
    assert "| mitigated | 2026-05-04T10:20:00Z |" in report(load(tmp_path), selection="error").markdown


def test_arguments_that_say_something_else_or_nothing(incident, tmp_path: Path) -> None:
    events, ledger = incident
    events.where("error").write(tmp_path / "other.parquet")
    other = pin(load(tmp_path / "other.parquet"))
    (tmp_path / "notes.jsonl").write_text('{"a": 1}\n')
    for call, said in (
        (
            lambda: report(events, selection="error", ledger=tmp_path / "typo.jsonl"),
            "typo.jsonl does not exist",
        ),
        (lambda: report(events, selection="error", ledger=tmp_path / "notes.jsonl"), "is not a ledger"),
        (lambda: report(events, selection="error", pin=other), "but the events are of dataset"),
        (lambda: report(ledger, selection="error"), "a review of a ledger needs the events"),
        (lambda: report("HTTPS://u:hidden@host/x.ipynb"), "^the source must be the file of a [^/]*$"),
        (lambda: report(events, ledger="s3://u:hidden@host/x.jsonl"), "^the source must be the file of a "),
        (lambda: report(ledger, impact=["user.id"]), "selection and impact are for a review"),
    ):
        with pytest.raises((InvalidArgument, NoSuchPath), match=said):
            call()
    assert "| user.id |" in report(events, selection=SLOW, impact="user.id").markdown
    pin(events, tmp_path / "same.pin.json")
    assert (
        "same.pin.json, of dataset" in report(events, selection=SLOW, pin=tmp_path / "same.pin.json").markdown
    )


def test_a_report_says_that_a_part_of_its_ledger_is_missing(incident, tmp_path: Path) -> None:
    events, ledger = incident
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(ledger.path.read_bytes() + b'{"obskit_ledger": 1, "id"')
    for made in (report(torn), report(events, selection=SLOW, ledger=torn)):
        assert "- 1 line of the ledger could not be read" in made.markdown.splitlines()


def test_a_ledger_alone(incident, tmp_path: Path) -> None:
    _, ledger = incident
    made = report(ledger.path, tmp_path / "x.md")
    assert (tmp_path / "x.md").read_text() == made.markdown
    assert "| cause | which bookings are slow? |" in made.markdown
    assert 'class="choice"' in made.html
    assert SECRET not in made.html


def test_a_notebook_with_hostile_outputs(tmp_path: Path) -> None:
    html = (
        f"<style>p{{color:red}}</style><style>@import 'http://evil.example/x.css'</style><script>steal()</script>"
        f"<p onclick='x()' style='background:url(http://evil.example)'>{HOSTILE}token {SECRET}</p>"
        "<img src='http://evil.example/x.png'><a href='javascript:x()'>a</a><iframe src='http://evil.example'></iframe>"
        "<table><tr><th>password</th><th>n</th></tr><tr><td>correct horse battery</td><td>1</td></tr></table>"
    )
    path = notebook(
        tmp_path / "x.ipynb",
        {"cell_type": "markdown", "source": f"# Title\n\n<script>x()</script> ![p](http://evil.example/p.png) **bold** {SECRET}"},
        code(f"password = '{SECRET}'\nprint(1)", shown(text_html=html, text_plain="plain"),
             {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m ", f"Bearer {SECRET}"]},
             {"output_type": "error", "traceback": [f"Error: {SECRET}"]}),
        code("figure", {"output_type": "display_data", "data": {"application/vnd.plotly.v1+json": {
            "data": [{"type": "scatter", "name": HOSTILE, "x": ["2026-05-04T10:00:00", "2026-05-04T10:01:00"], "y": [1, 2]},
                     {"type": "pie", "values": [1]}],
            "layout": {"title": {"text": f"key {SECRET}"}}}}}),
    )  # fmt: skip
    made = report(path)
    for text in (made.html, made.markdown):
        assert SECRET not in text
        assert "correct horse battery" not in text
    assert loads_nothing(made.html)
    assert made.html.count("<script") == 2
    for bad in ("steal()", "onclick", "javascript:", "evil.example/x"):
        assert bad not in made.html
    assert "red" in made.markdown
    assert "(not drawn in a report: pie)" in made.markdown
    assert any("elements of outputs left out" in line for line in made.document.notes)
    assert re.search(r"[4-9] secrets were masked", " ".join(made.document.notes))
    assert "![p]" not in made.markdown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not a notebook"),
        ("[]", "is not a notebook of nbformat 4"),
        ('{"nbformat": 3}', "nbformat 4"),
    ],
)
def test_what_is_not_a_notebook(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text(content)
    with pytest.raises(ReadError, match=said):
        report(tmp_path / "x.ipynb")


def test_charts_are_numbers_and_say_what_they_leave_out(tmp_path: Path) -> None:
    def chart(*traces: dict) -> dict:
        data = {"application/vnd.plotly.v1+json": {"data": list(traces)}}
        return {"output_type": "display_data", "data": data}

    many = list(range(25_000))
    cells = [
        code("a", chart({"type": "bar", "x": ["one", "two"], "y": [123_456, 10**400]})),
        code("b", chart({"type": "scatter", "x": [1, 2], "y": ["low", "high"]})),
        code("c", chart({"type": "scatter", "name": "all", "x": many, "y": many})),
        {"cell_type": "code", "source": "d", "outputs": 5},
        code("e", {"output_type": "error", "traceback": 5}),
    ]
    made = report(notebook(tmp_path / "x.ipynb", *cells))
    assert "| one | 123,456 |" in made.markdown  # all digits of a count
    assert "(not drawn in a report: scatter)" in made.markdown
    for text in (made.markdown, made.html):
        assert "all (the first 20,000 of 25,000 points)" in text


@pytest.mark.parametrize(
    "markup",
    [
        f"<p>see {SECRET[:20]}<b>{SECRET[20:]}</b> here</p>",
        f"see <i>{SECRET[:20]}</i>{SECRET[20:]}",
        "<p>asked by <i>ada@exa</i><b>mple.org</b></p>",
        "<table><tr><th colspan=2>all</th></tr><tr><th>n</th><th>password</th></tr>"
        "<tr><td>1</td><td>hunter2hunter2</td></tr></table>",
        "<table><tr><th colspan=2>password</th></tr><tr><th>a</th><th>b</th></tr>"
        "<tr><td>1</td><td>hunter2hunter2</td></tr></table>",
        "<table><tr><td><b>pass</b>word</td><td>hunter2hunter2</td></tr><tr><td>n</td><td>1</td></tr></table>",
    ],
)
def test_markup_hides_nothing_from_the_rules(markup: str, tmp_path: Path) -> None:
    people = load(
        pa.table({"timestamp": pa.array([0], pa.timestamp("us", "UTC")), "user.id": ["ada@example.org"]})
    )
    kept = "<p>one <b>two</b> three</p><table><tr><th>password</th><th>count</th></tr></table>"
    path = notebook(tmp_path / "x.ipynb", code("x", shown(text_html=markup + kept)))
    made = report(path, events=people, pseudonyms=["user.id"], pseudonym_key=KEY)
    for text in (plain_text(read_markup(made.html)[0].nodes), made.markdown):
        assert SECRET[20:] not in text
        assert "mple.org" not in text
        assert "hunter2" not in text
        assert "password" in text
    assert "<p>one <b>two</b> three</p>" in made.html
    said = "[12] secrets? w" if "ada" not in markup else "1 identity appears under pseudonyms, in 1 place"
    assert re.search(said, made.markdown)


def test_markup_is_kept_by_a_list_and_closed() -> None:
    markup, left_out = read_markup("<div><b>x<i>y</b><table><tr><td>1<td>2</table>" + "<div>" * 5000)
    text = write_markup(markup.nodes, set())
    assert text.count("<div") == text.count("</div>")
    assert (left_out, plain_text(markup.nodes).split()) == (0, ["xy", "1", "2"])


def test_prose_is_text() -> None:
    assert prose_html("# A <b>\n\n- *one*\n- `<two>`\n\n[x](javascript:y) [z](https://a.example/?q=1)") == (
        "<h1>A &lt;b&gt;</h1>\n<ul><li><i>one</i></li><li><code>&lt;two&gt;</code></li></ul>\n"
        '<p>[x](javascript:y) <a href="https://a.example/?q=1" rel="noopener noreferrer nofollow">z</a></p>'
    )


def test_an_empty_ledger_and_an_empty_notebook(tmp_path: Path) -> None:
    made = report(Ledger(tmp_path / "none.jsonl"))
    assert "| Questions | 0 |" in made.markdown
    made = report(notebook(tmp_path / "x.ipynb"))
    assert "the notebook has no outputs: run it before making a report" in made.document.notes


def test_events_without_people_or_markers(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    shutil.copy(ROOT / "sample_events" / "search.jsonl.gz", folder)
    made = report(load(folder, where="name != 'deployment'"), selection="duration_ms > 100", impact=[])
    assert "no deployment, flag, migration or experiment of the day before" in made.markdown or (
        "What changed before" in made.markdown
    )
