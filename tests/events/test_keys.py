"""Events with encrypted values: questions in readable words, and nothing readable on the disk."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import obskit as ok
from obskit.encryption import is_encrypted
from obskit.instrument.redaction.options import Redaction
from obskit.instrument.redaction.redactor import Redactor
from tests.support.examples import examples

PEOPLE = 20
DOMAIN = "example.org"


def rows(encrypt: bool, keys: ok.SubjectKeys) -> list[dict]:
    redactor = Redactor(Redaction(encrypt=("user.email",), subject="user.id", keys=keys))
    out = []
    for number in range(1_200):
        person = number % PEOPLE
        row = {
            "timestamp": f"2026-05-04T10:{number // 60:02}:{number % 60:02}Z",
            "trace_id": f"{number:032x}",
            "span_id": f"{number:016x}",
            "name": "GET /book",
            "kind": "server",
            "duration_ms": 900.0 if person == 7 else 40.0 + number % 9,
            "user.id": f"u{person}",
            "user.email": None if person == 3 else f"p{person}@{DOMAIN}" if person != 4 else "",
            "error": person == 7,
        }
        if encrypt:
            redactor.apply(row)
        out.append(row)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("encrypted")


@pytest.fixture(scope="module")
def keys(folder):
    return ok.SubjectKeys(folder / "keys", b"m" * 32)


@pytest.fixture(scope="module")
def both(folder, keys):
    """The same events, encrypted and not."""
    patch = pytest.MonkeyPatch()
    patch.setenv("OBSKIT_CACHE", str(folder / "cache"))
    (folder / "events").mkdir()
    (folder / "events" / "rows.jsonl").write_text("\n".join(map(json.dumps, rows(True, keys))))
    clear = folder.parent / "clear.jsonl"
    clear.write_text("\n".join(map(json.dumps, rows(False, keys))))
    encrypted = ok.load(folder / "events", keys=keys)
    patch.setenv("OBSKIT_CACHE", str(folder.parent / "clear-cache"))
    yield encrypted, ok.load(clear)
    patch.undo()


LEAVES = st.sampled_from(
    [
        f"user.email = 'p7@{DOMAIN}'",
        f"'p7@{DOMAIN}' != user.email",
        f"user.email in ('p1@{DOMAIN}', 'p2@{DOMAIN}', 'nobody')",
        f"user.email not in ('p1@{DOMAIN}')",
        "user.email like 'p1%'",
        "user.email is null",
        "user.email is not null",
        "user.email = ''",
        "lower(user.email) = 'nobody'",
        "length(user.email) > 14",
        "coalesce(user.email, 'none') = 'none'",
        "user.email > 'p3'",
        "duration_ms > 45",
        "user.id = 'u7'",
    ]
)


@settings(deadline=None, max_examples=examples(30))
@given(leaves=st.lists(LEAVES, min_size=1, max_size=4), data=st.data())
def test_a_condition_selects_what_it_selects_on_readable_values(both, leaves, data):
    text = leaves[0]
    for leaf in leaves[1:]:
        word, negated = data.draw(st.sampled_from(["and", "or"])), data.draw(st.booleans())
        text = f"not ({text}) {word} {leaf}" if negated else f"({text}) {word} {leaf}"
    encrypted, clear = both
    want = clear.where(text).query("count()").table.column(0)[0].as_py()
    assert encrypted.where(text).query("count()").table.column(0)[0].as_py() == want


def test_answers_are_readable_in_memory_and_encrypted_where_they_are_shown(both):
    encrypted, _ = both
    found = encrypted.where("user.email like 'p7%'").query("count()", by=["user.email"])
    assert found.to_pandas()["user.email"].tolist() == [f"p7@{DOMAIN}"]
    assert found.to_arrow().column("user.email").to_pylist() == [f"p7@{DOMAIN}"]
    assert is_encrypted(found.table.column("user.email")[0].as_py())
    shown = str(found) + found._repr_html_() + json.dumps(found.to_dict()) + found.query
    assert DOMAIN not in shown
    rows_of = encrypted.rows(["user.email"], limit=1_200).to_pandas()["user.email"]
    assert {*rows_of.dropna()} == {"", *(f"p{n}@{DOMAIN}" for n in range(PEOPLE) if n not in (3, 4))}


def test_explain_takes_readable_values(both):
    encrypted, clear = both
    text = f"user.email = 'p7@{DOMAIN}'"
    mine, theirs = encrypted.explain(text), clear.explain(text)
    assert mine.selection["events"] == theirs.selection["events"] == 60
    assert [f.condition for f in mine.findings if "email" not in f.condition] == [
        f.condition for f in theirs.findings if "email" not in f.condition
    ]


def test_an_encrypted_field_is_not_compared_with_another_one(both):
    encrypted, _ = both
    with pytest.raises(ok.ConditionError, match="can be compared with values, not with other fields"):
        encrypted.where("user.email = user.id")
    with pytest.raises(ok.ConditionError, match="encrypted field of other spans"):
        encrypted.where(f"any(user.email = 'p7@{DOMAIN}')")


@pytest.mark.parametrize("text", ["user.email", "lower(user.email)", f"user.email = 'p7@{DOMAIN}'"])
def test_nothing_is_computed_from_stored_values(both, text):
    """It would be false or nonsense on every row, and look like an answer."""
    encrypted, _ = both
    with pytest.raises(ok.ConditionError, match=r"computes with user\.email, which is encrypted"):
        encrypted.derive(made=text)
    with pytest.raises(ok.ConditionError, match="is encrypted"):
        encrypted.query(f"max({text})")
    people = "count_distinct(user.email)"
    found = [events.query(people).table.column(0)[0].as_py() for events in both]
    assert found[0] == found[1]
    encrypted.derive(slow="duration_ms > 500").query("share(slow)")


def test_no_query_and_no_column_has_the_readable_value(both):
    encrypted, clear = both
    text = f"user.email = 'p7@{DOMAIN}'"
    for calls in (
        {"calculations": (f"share({text})",)},
        {"calculations": (f'count({text}) as "of p""7"', f"count({text})"), "by": "user.id"},
        {"calculations": (), "where": text},
    ):
        named = {name: value for name, value in calls.items() if name != "calculations"}
        found = encrypted.query(*calls["calculations"], **named)
        wanted = clear.query(*calls["calculations"], **named)
        assert found.table.to_pandas().values.tolist() == wanted.table.to_pandas().values.tolist()
        assert DOMAIN not in found.query + str(found) + json.dumps(found.to_dict())
        again = eval(found.query, {"events": encrypted})
        assert again.table.to_pandas().values.tolist() == found.table.to_pandas().values.tolist()


def test_a_condition_with_stored_values_means_the_same_again(both):
    """Those of queries, findings and results are copied into the next question."""
    encrypted, _ = both
    for text in (
        f"user.email = 'p7@{DOMAIN}'",
        "user.email is null or user.email like 'p1%'",
        "user.email = 'x'",
    ):
        first = encrypted.where(text)
        again = encrypted.where(first.scope.where.text)
        assert again.to_arrow().equals(first.to_arrow())
    value = encrypted.where("user.id = 'u7'").rows(["user.email"]).table.column("user.email")[0].as_py()
    assert len(encrypted.where(f"user.email = '{value}'").rows(limit=100).table) == 60
    assert len(encrypted.where("user.email like 'enc:1:%'").rows(limit=2000).table) > 1000
    with pytest.raises(ok.ConditionError, match="compared with readable and with encrypted values"):
        encrypted.where(f"user.email in ('{value}', 'p1@{DOMAIN}')")


def test_keys_are_the_object_and_not_its_folder(folder):
    with pytest.raises(ok.InvalidArgument, match=r"keys must be ok\.SubjectKeys, got str"):
        ok.load(folder / "events", keys=str(folder / "keys"))


def test_having_is_not_compared_with_stored_values(both):
    with pytest.raises(ok.ConditionError, match="is encrypted"):
        both[0].query("count()", by="user.email", having=f"user.email = 'p7@{DOMAIN}'")
    assert len(both[0].query("count()", by="user.email", having='"count()" > 1').table) > 10


def test_half_a_surrogate_pair_is_readable(tmp_path, keys):
    row = {"timestamp": "2026-05-04T10:00:00Z", "user.email": keys.encrypt("u1", "a\ud800")}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    events = ok.load(tmp_path / "rows.jsonl", keys=keys)
    assert events.to_arrow(["user.email"]).to_pydict() == {"user.email": ["a?"]}
    assert len(events.where("user.email = 'a?'").rows().table) == 1


def test_nothing_readable_is_written(both, folder, tmp_path, keys):
    """Cache, codes, pins, datasets, exports and reports: every byte is searched."""
    encrypted, _ = both
    slow = encrypted.where(f"user.email like 'p%@{DOMAIN}' or duration_ms > 500")
    found = slow.explain("error")
    encrypted.fields()
    ok.pin(slow, tmp_path / "pin.json", copy=True, findings=[found])
    slow.write(tmp_path / "out.parquet")
    slow.write(tmp_path / "out.jsonl")
    ledger = ok.Ledger(tmp_path / "ledger.jsonl")
    ledger.keep(found, "cause")
    ok.report(tmp_path / "ledger.jsonl").write(tmp_path / "report.html")
    for place in (folder, tmp_path):
        files = [path for path in place.rglob("*") if path.is_file()]
        assert len(files) > 3
        assert not [path for path in files if DOMAIN.encode() in path.read_bytes()]


def test_a_pin_opens_with_keys(both, tmp_path, keys):
    encrypted, _ = both
    pinned = ok.pin(encrypted.where(f"user.email = 'p7@{DOMAIN}'"))
    again = ok.load(pinned, keys=keys)
    assert len(again.rows(limit=100).table) == 60
    assert again.where(f"user.email = 'p7@{DOMAIN}'").query("count()").table.column(0)[0].as_py() == 60
    assert DOMAIN not in json.dumps(pinned.to_dict(), default=str)
