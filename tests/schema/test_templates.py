"""Templates of log messages: what varies is masked, whatever else was loaded with it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.schema.templates import LONGEST, templates
from tests.schema.samples import events, one
from tests.support.examples import examples


def made(*texts):
    found = templates(pa.array(texts, pa.string()))
    found.validate(full=True)
    return found.cast(pa.string()).to_pylist()


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("Lease 4711 lost after 250 ms", "Lease <*> lost after <*> ms"),
        ("no digits here", "no digits here"),
        ("", ""),
        ("  \t ", ""),
        ("  padded 7 ", "padded <*>"),
        ("from 10.0.0.1:8080 to 10.0.0.2:99", "from <*> to <*>"),
        ("10.0.0.1:8080 10.0.0.2:99 ok", "<*> ok"),
        ("id=8f3a-22 user=bob", "id=<*> user=bob"),
        ("open /var/lib/shop/a.db", "open <*>"),
        (r"open C:\shop\a.db failed", "open <*> failed"),
        ("read/write of TCP/IP", "read/write of TCP/IP"),
        ("see https://pay.shop.example/api?x=y now", "see <*> now"),
        ("see https://a1.shop.example/v2/api?x=y now", "see <*> now"),
        ("port:80 took:5", "port:<*> took:<*>"),
        ("mail to bob@shop.example", "mail to <*>"),
        ("to pay.shop.internal: refused", "to <*>: refused"),
        ("java.util.concurrent.TimeoutException: late", "java.util.concurrent.TimeoutException: late"),
        ("main.go: cannot bind", "main.go: cannot bind"),
        ("since Mon, Jan 5 10:00:00", "since <*>"),
        ("hash deadbeefcafe, cafe", "hash <*>, cafe"),
        ("Zürich café: 3 Plätze", "Zürich café: <*> Plätze"),
        ("it's 100% \\ 'quoted 5'", "it's <*> \\ 'quoted <*>'"),
        # the message within an object, logfmt or several lines
        ('{"level": "info", "msg": "seat 12A sold", "ms": 12}', "seat <*> sold"),
        ('{"event": "login", "message": "user 5 in"}', "user <*> in"),
        ('{"event": "login", "user": "bob"}', "login"),
        ('{"msg": "said \\"no\\" to 5"}', 'said "no" to <*>'),
        ('{"msg": "boom\\n\\tat x.Y(Z.java:1)", "a": 1}', "boom"),
        ('{"msg": "{\\"msg\\": \\"inner 5\\"}"}', "inner <*>"),
        ('{"user": "bob", "n": 3, "tags": ["a", "b"]}', '{"user": <*>, "n": <*>, "tags": <*>}'),
        ('ts=1 level=warn msg="retry in 30s" peer=a', "retry in <*>"),
        ("level=info event=started n=5", "started"),
        ('handling event="x" for 5', 'handling event="x" for <*>'),
        ("{not json} 5", "{not json} <*>"),
        ("payment failed\n  attempt 1\n  attempt 2", "payment failed"),
        ("\n\n  late first line 5\nmore", "late first line <*>"),
        ("Traceback (most recent call last):\n  File 'x'\nKeyError: 5", "KeyError: <*>"),
    ],
)
def test_a_template(text, template):
    assert made(text) == [template]


def test_null_stays_null_and_an_array_may_be_empty_or_a_slice():
    assert made(None, "a 5", None) == [None, "a <*>", None]
    assert made() == []
    assert templates(pa.array(["x 1", "y 2", "z 3"]).slice(1, 1)).cast(pa.string()).to_pylist() == ["y <*>"]
    assert made(None, None) == [None, None]


def test_a_slice_has_the_templates_of_its_own_rows():
    """A line break before or after the slice does not matter, one in it does; a slice may be of nulls only."""
    texts = pa.array(["a\nb", "lost 1", None, "sold 2\n3", None])
    assert [templates(texts.slice(at, 2)).to_pylist() for at in range(4)] == [
        ["a", "lost <*>"],
        ["lost <*>", None],
        [None, "sold <*>"],
        ["sold <*>", None],
    ]
    assert templates(texts.slice(2, 1)).to_pylist() == [None]
    assert templates(pa.array(["x\ny"], pa.large_string())).to_pylist() == ["x"]


def test_objects_between_other_texts_keep_their_rows():
    texts = [f"plain {n}" if n % 3 else f'{{"msg": "kind {"ab"[n % 2]} of {n}"}}' for n in range(9)]
    expected = ["plain <*>" if n % 3 else f"kind {'ab'[n % 2]} of <*>" for n in range(9)]
    assert templates(pa.array(texts)).to_pylist() == expected


def test_a_long_text_is_cut():
    assert made("word " * 10_000) == [("word " * LONGEST)[:LONGEST]]
    assert made('{"a": "' + "x" * 5_000 + '"}') == ['{"a": <*>}']


WORDS = st.sampled_from(
    ["lease", "lost", "5", "0x1f", "10.0.0.1:80", "/var/x", "a/b", "https://h.x/y", "bob@x.io", "Jan", "Mon,", "<*>",
     "db.prod.shop", "pay.internal", "deadbeef", "k=v", "msg=", 'msg="a 1"', "{", "}", '{"a":', '"b"}', '"msg": "x"', "[", "]",
     "\n", "\t", ":", "|", "-", "#", "'", '"', "\\", "\\n", "é", "%", "ts=1", "www.a", "C:\\x", "~/x", "..", "Traceback (most recent call last):"]
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(WORDS, max_size=12).map(" ".join), st.lists(WORDS, max_size=8).map("".join), st.text(max_size=40)
)


@settings(deadline=None, max_examples=examples(300))
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_a_template_is_its_own_template(texts):
    once = made(*texts)
    assert made(*once) == once


@settings(deadline=None, max_examples=examples(150))
@given(st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_a_template_depends_on_its_text_alone(texts, chance):
    """Each text alone, all together, shuffled, and many times over (then texts are coded first)."""
    alone = {text: made(text)[0] for text in texts}
    assert made(*texts) == [alone[text] for text in texts]
    many = [text for text in texts for _ in range(3)]
    chance.shuffle(many)
    assert made(*many) == [alone[text] for text in many]


@settings(deadline=None, max_examples=examples(200))
@given(
    st.integers(0, 10**12), st.integers(0, 10**12), st.sampled_from(["lease {} lost", "{}", "a={},b", "({})"])
)
def test_numbers_make_no_difference(one_number, other, form):
    assert made(form.format(one_number)) == made(form.format(other))


# The column, at load.


def test_rows_with_a_body_get_a_template():
    rows, _, schema = events({"body": "lease 5 lost"}, {"name": "GET /"}, {"body": ""})
    assert [row["log.record.template"] for row in rows] == ["lease <*> lost", None, ""]
    assert schema.field("log.record.template").type == pa.string()


def test_without_a_body_there_is_no_column():
    _, _, schema = events({"name": "GET /", "kind": "server"})
    assert "log.record.template" not in schema.names


def test_the_template_of_the_source_is_kept_and_the_rest_is_filled():
    rows, _, _ = events(
        {"body": "user 5 in", "log.record.template": "user {Id} in"},
        {"body": "user 6 in", "log.record.template": None},
        {"body": "user 7 in", "log.record.template": ""},
        {"body": None, "log.record.template": "only {Id}"},
    )
    assert [row["log.record.template"] for row in rows] == [
        "user {Id} in", "user <*> in", "user <*> in", "only {Id}",
    ]  # fmt: skip
    assert rows[3]["body"] == "only {Id}"


def test_a_template_with_a_wildcard_is_no_body():
    rows, _, _ = events({"log.record.template": "seat <*> sold"}, {"log.record.template": "seat {Id} sold"})
    assert [row["body"] for row in rows] == [None, "seat {Id} sold"]
    assert "body" not in events({"log.record.template": "seat <*> sold"})[2].names


ATTRIBUTES = ("log.body.template", "{OriginalFormat}", "message_template.text", "sentry.message.template")
FLAT = ("@mt", "MessageTemplate", "messageTemplate.text")


@pytest.mark.parametrize(
    ("name", "metadata"),
    [
        *((name, None) for name in (*ATTRIBUTES, *FLAT)),
        *((name, {"obskit.named": "1"}) for name in ATTRIBUTES),
    ],
)
def test_other_names_of_a_template(name, metadata):
    row = one({"body": "user 5 in", name: "user {} in"}, metadata=metadata)
    assert row["log.record.template"] == "user {} in"
    assert name not in row


def test_every_row_with_a_body_is_counted_under_some_template():
    rows, _, _ = events(*({"body": body} for body in ("a 1", "a 2", "", "b", None)))
    by_template = [row["log.record.template"] for row in rows]
    assert [template is None for template in by_template] == [row["body"] is None for row in rows]
