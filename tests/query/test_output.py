"""The parts of results: calls that run again, statements, notes."""

from __future__ import annotations

from obskit.query.output import format_call, join_statements, merge_notes
from tests.query.scopes import small


def test_a_call_has_the_scope_first_and_only_what_was_given() -> None:
    scope = small().derive("slow", "duration_ms > 250").narrow("error")
    assert format_call("sample", 5, scope=scope, seed=0, limit=None, exact=False, by="http.route") == (
        "events.derive(**{'slow': 'duration_ms > 250'}).where('error').sample(5, by='http.route')"
    )


def test_statements_are_joined_with_a_comment_about_their_table() -> None:
    scope = small()
    assert join_statements(scope, ["", "select 1", "select 2"]) == (
        f"-- events: read_parquet('{scope.dataset.path}/*.parquet')\nselect 1;\n\nselect 2"
    )
    assert join_statements(scope, [""]) == ""


def test_notes_are_not_repeated() -> None:
    assert merge_notes(["a", "b"], [], ["a", "c"]) == ("a", "b", "c")
