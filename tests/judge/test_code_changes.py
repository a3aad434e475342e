"""What changed between two versions: commits and files, those that failed requests name first."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit import load
from obskit.errors import InvalidArgument, NoSuchPath, ReadError
from obskit.events import Events
from obskit.judge.code_changes import kind_of
from obskit.judge.code_places import FILE, FUNCTION, CodePlace, files_in
from obskit.readers.markers.git.diff import read_commits
from tests.judge.rollouts import rollout
from tests.support.git_repository import Repository

pytestmark = pytest.mark.once

AT = datetime(2026, 5, 3, tzinfo=UTC)
TRACE = """Traceback (most recent call last):
  File "/app/booking/handlers.py", line 31, in book
  File "/app/booking/store/insert.py", line 12, in save
ValueError: mandate
"""
OLD_TRACE = TRACE.replace("store/insert.py", "old/cache.py").replace("ValueError", "KeyError")


def commit(repository: Repository, files: dict[str, str], message: str, hour: int) -> str:
    for name, text in files.items():
        path = repository.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    repository.git("add", "-A")
    return repository.commit(AT + timedelta(hours=hour), message)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Tag v2.3.7, then four commits: documentation, a migration with configuration, the store, a test."""
    made = Repository(tmp_path / "shop")
    commit(made, {"src/booking/store/insert.py": "1", "src/booking/old/cache.py": "1"}, "start", 0)
    made.tag("v2.3.7", AT)
    commit(made, {"README.md": "2"}, "Docs: how to run it", 1)
    commit(made, {"db/migrations/0007_seats.sql": "2", "deploy/values.yaml": "2"}, "Seats: a lock", 2)
    commit(made, {"src/booking/store/insert.py": "2"}, "Store: save in one statement", 3)
    commit(made, {"src/booking/old/cache.py": "2"}, "Cache: comment", 4)
    made.tag("v2.4.0", AT + timedelta(hours=5), annotated=True)
    return made


def events(**fields: list[str | None]) -> Events:
    """A canary that fails more often; failed requests of the new version throw in `store/insert.py`."""
    table = rollout(ratio=8.0, errors=0.02, share=0.5).to_arrow()
    error = table["error"].to_numpy(zero_copy_only=False)
    new = np.array(table["service.version"].to_pylist()) == "2.4.0"
    stacks = np.where(error & new, TRACE, np.where(error, OLD_TRACE, ""))
    # The old failure also happens in the new version.
    stacks[np.flatnonzero(error & new)[:20]] = OLD_TRACE
    texts = pa.array([text or None for text in stacks.tolist()], pa.string())
    table = table.append_column("exception.stacktrace", texts)
    for name, values in fields.items():
        table = table.append_column(name, pa.array([values[int(is_new)] for is_new in new], pa.string()))
    return load(table)


def test_the_file_that_new_stack_traces_name_is_first(repository: Repository) -> None:
    verdict = events().judge(candidate="2.4.0", git=repository.folder)
    assert verdict.word == "regress"
    changes = verdict.changes
    assert changes.commits[0].subject == "Store: save in one statement"
    assert len(changes.commits) == 4
    assert [(one.path, one.status, one.kind, bool(one.places)) for one in changes.files] == [
        ("src/booking/store/insert.py", "modified", "code", True),
        ("db/migrations/0007_seats.sql", "added", "migration", False),
        ("deploy/values.yaml", "added", "configuration", False),
        ("README.md", "added", "code", False),
        ("src/booking/old/cache.py", "modified", "code", False),  # the baseline fails there, too
    ]
    lines = changes.lines()
    assert lines[0].endswith(": 4 commits, 5 files")
    assert lines[1:] == [
        "named by failed or slow requests (an association, not a cause):",
        "    src/booking/store/insert.py (modified): new stack trace /app/booking/store/insert.py",
        f"    commit {changes.commits[0].revision[:10]} Store: save in one statement",
        "migration: db/migrations/0007_seats.sql (added)",
        "configuration: deploy/values.yaml (added)",
    ]
    assert lines[0] in str(verdict)
    assert "an association, not a cause" in verdict._repr_html_()
    assert "an association, not a cause" in verdict.to_markdown()
    plain = verdict.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["changes"]["files"][0]["places"] == [
        {"source": "new stack trace", "text": "/app/booking/store/insert.py"}
    ]
    assert f"git={str(repository.folder)!r}" in verdict.query


def test_the_verdict_itself_is_the_same_with_and_without_a_repository(repository: Repository) -> None:
    loaded = events()
    with_git = loaded.judge(candidate="2.4.0", git=str(repository.folder)).to_dict()
    without = loaded.judge(candidate="2.4.0").to_dict()
    assert without["changes"] is None
    for name in ("changes", "reproduce"):
        del with_git[name], without[name]
    assert with_git == without


def test_events_that_name_no_code_say_so(repository: Repository) -> None:
    table = events().to_arrow()
    bare = [name for name in table.column_names if "exception" in name or name.startswith("code.")]
    loaded = load(table.drop_columns(bare))
    changes = loaded.judge(candidate="2.4.0", git=repository.folder).changes
    assert changes.lines()[1] == (
        "no failed or slow request has code.file.path, code.function.name or a stack trace that is new"
    )
    elsewhere = events(**{FILE: ["x.py", "src/other.py"]})
    other = load(elsewhere.to_arrow().drop_columns(bare))
    changes = other.judge(candidate="2.4.0", git=repository.folder).changes
    assert changes.lines()[1] == "failed and slow requests name none of these files"


def test_code_fields_name_files(repository: Repository) -> None:
    loaded = events(**{FILE: ["x.py", "booking/old/cache.py"], FUNCTION: ["x", "booking.store.insert.save"]})
    files = loaded.judge(candidate="2.4.0", git=repository.folder).changes.files
    named = {one.path: [place.source for place in one.places] for one in files if one.places}
    assert named == {
        "src/booking/old/cache.py": [FILE],
        "src/booking/store/insert.py": [FUNCTION, "new stack trace"],
    }


def test_the_revision_of_the_events_wins_over_a_tag(repository: Repository) -> None:
    start = repository.git("rev-parse", "v2.3.7")
    second = repository.git("rev-parse", "v2.4.0~3")
    loaded = events(**{"vcs.ref.head.revision": [start, second]})
    changes = loaded.judge(candidate="2.4.0", git=repository.folder).changes
    assert (changes.baseline, changes.candidate) == (start, second)
    assert [one.subject for one in changes.commits] == ["Docs: how to run it"]


def test_a_tag_of_the_service_is_its_version(repository: Repository) -> None:
    repository.git("tag", "-d", "v2.3.7", "v2.4.0")
    repository.tag("booking-2.3.7", AT, target="main~4")
    repository.tag("booking-2.4.0", AT, target="main~1")
    repository.tag("payment-2.4.0", AT, target="main~2")
    changes = events().judge(candidate="2.4.0", git=repository.folder).changes
    assert changes.candidate == repository.git("rev-parse", "main~1")


def test_a_rollback_says_what_it_lacks(repository: Repository) -> None:
    repository.git("tag", "-f", "v2.3.7", "main")
    repository.git("tag", "-f", "v2.4.0", "main~4")
    changes = events().judge(candidate="2.4.0", git=repository.folder).changes
    assert (len(changes.commits), changes.missing) == (0, 4)
    assert changes.lines()[1] == "the candidate lacks 4 commits of the baseline"


def test_a_version_without_a_commit_is_a_note_and_nothing_is_guessed(repository: Repository) -> None:
    repository.git("tag", "-d", "v2.3.7")
    verdict = events().judge(candidate="2.4.0", git=repository.folder)
    assert (verdict.word, verdict.changes) == ("regress", None)
    assert (
        "no code changes: the repository has no commit for the baseline 2.3.7: no tag has that name, and no "
        "event of it has a vcs.ref.head.revision that is there"
    ) in verdict.notes


def test_a_condition_is_not_a_version(repository: Repository) -> None:
    verdict = events().judge(candidate_where="service.version = '2.4.0'", git=repository.folder)
    assert verdict.changes is None
    assert (
        "no code changes: the candidate is a condition, not a version; give one version as candidate"
        in verdict.notes
    )


def test_what_is_not_a_repository_is_an_error(tmp_path: Path) -> None:
    loaded = events()
    with pytest.raises(NoSuchPath, match="is not a folder"):
        loaded.judge(candidate="2.4.0", git=tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match="git cannot read"):
        loaded.judge(candidate="2.4.0", git=tmp_path / "empty")
    with pytest.raises(InvalidArgument) as error:
        loaded.judge(candidate="2.4.0", git=7)
    assert str(error.value) == 'git must be the path of a repository, got 7\nHint: git="."'


def test_names_and_subjects_are_text_and_start_nothing(repository: Repository, tmp_path: Path) -> None:
    """A subject with markup and escapes; a file name with a line break; programs in the configuration."""
    proof = tmp_path / "started"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {proof}\n")
    program.chmod(0o755)
    for name in ("diff.external", "diff.evil.command", "diff.evil.textconv", "core.pager", "gpg.program"):
        repository.git("config", name, str(program))
    repository.git("config", "log.showSignature", "true")
    odd = "src/booking/store/in\nsert.py"
    files = {".gitattributes": "* diff=evil\n", odd: "1", "src/booking/store/insert.py": "3"}
    commit(repository, files, "<img src=x onerror=alert(1)> \x1b[31m | `x`", 6)
    repository.git("tag", "-f", "v2.4.0")
    verdict = events().judge(candidate="2.4.0", git=repository.folder)
    assert not proof.exists()
    assert odd in {one.path for one in verdict.changes.files}
    subjects = {one.subject: one.files for one in verdict.changes.commits}
    assert subjects["<img src=x onerror=alert(1)> \x1b[31m | `x`"] == (
        ".gitattributes",
        odd,
        "src/booking/store/insert.py",
    )
    assert "<img" not in verdict._repr_html_() + verdict.to_markdown()
    assert "\x1b" not in str(verdict) + verdict._repr_html_() + verdict.to_markdown()


def test_a_version_that_looks_like_an_option_never_reaches_git(repository: Repository) -> None:
    with pytest.raises(InvalidArgument) as error:
        read_commits(repository.folder, "--output=x", "v2.4.0")
    assert str(error.value) == (
        "a commit must be given by its whole hash, got '--output=x'\nHint: git rev-parse NAME prints it"
    )


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("db/migrate/20260503_seats.rb", "migration"),
        ("booking/migrations/0007_seats.py", "migration"),
        ("sql/V7__seats.sql", "migration"),
        ("src/migrations.py", "code"),
        ("deploy/values.yaml", "configuration"),
        ("Dockerfile", "configuration"),
        (".env.production", "configuration"),
        ("config/routes.rb", "configuration"),
        ("src/booking/insert.py", "code"),
        ("queries/report.sql", "code"),
    ],
)
def test_the_kind_of_a_file(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("source", "text", "path", "same"),
    [
        (FILE, "/app/booking/insert.py", "services/booking/insert.py", True),
        (FILE, "insert.py", "services/booking/insert.py", True),  # all that the events say
        (FILE, "/srv/insert.py", "insert.py", True),  # all that the repository has
        (FILE, "/app/index.js", "web/index.js", False),  # a common name in another folder
        (FILE, "C:\\app\\booking\\insert.cs", "booking/insert.cs", True),
        (FUNCTION, "com.shop.booking.Insert.save", "src/main/java/com/shop/booking/Insert.java", True),
        (FUNCTION, "booking.insert.save", "src/booking/insert.py", True),
        (FUNCTION, "insert.save", "src/booking/insert.py", False),
        (FUNCTION, "save", "save.py", False),
        (FUNCTION, "Shop\\Booking\\Insert::save", "src/Shop/Booking/Insert.php", True),
    ],
)
def test_which_file_a_place_is(source: str, text: str, path: str, same: bool) -> None:
    assert CodePlace(source, text).matches(path) is same


@pytest.mark.parametrize(
    ("stack", "files"),
    [
        (TRACE, ["/app/booking/handlers.py", "/app/booking/store/insert.py"]),
        ("java.lang.X: no\n\tat com.shop.Insert.save(Insert.java:12)\n", ["Insert.java"]),
        ("Error: no\n    at save (/app/src/insert.js:12:3)\n", ["/app/src/insert.js"]),
        (
            "goroutine 1 [running]:\nmain.save(0x1)\n\t/app/store/insert.go:12 +0x1\n",
            ["/app/store/insert.go"],
        ),
        ("app/insert.rb:12:in `save': no (X)\n", ["app/insert.rb"]),
        ("#0 /app/src/Insert.php(12): save()\n", ["/app/src/Insert.php"]),
        ("   at Shop.Insert.Save() in /src/Insert.cs:line 12\n", ["/src/Insert.cs"]),
        ("no stack", []),
    ],
)
def test_the_files_of_a_stack_trace(stack: str, files: list[str]) -> None:
    assert files_in(stack) == files


def test_a_hostile_stack_trace_is_read_in_linear_time() -> None:
    """With a search from every character, the first one would take minutes."""
    assert files_in("a.a" * 1_000_000) == []
    assert files_in("\n".join(["a." * 200] * 400)) == []
    assert len(files_in("\n".join(f"/app/f{n}.py:1" for n in range(5_000)))) == 100


@given(st.text(max_size=400))
def test_any_text_has_files_or_none(text: str) -> None:
    assert all(name in text for name in files_in(text))
    for source in (FILE, FUNCTION):
        assert CodePlace(source, text).matches("src/a.py") in (True, False)
