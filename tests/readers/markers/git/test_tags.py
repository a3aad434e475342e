"""Tags of git from text and from a repository; a hostile repository starts nothing."""

from datetime import UTC, datetime, timedelta

import pytest

import obskit as ok
from obskit.errors import NoSuchPath, ReadError
from obskit.readers.markers.git.command import run_git
from obskit.readers.markers.git.tags import ARGUMENTS, parse_tag
from tests.support.git_repository import Repository

T = datetime(2026, 5, 4, 10, tzinfo=UTC)
SHA = "5f1c" * 10


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    return Repository(tmp_path / "repo")


def tags(path):
    found = ok.load(path).to_arrow().sort_by("timestamp").to_pylist()
    return [(row["timestamp"], row["service.version"], row["vcs.ref.head.revision"]) for row in found]


def test_the_tags_of_a_repository_packed_and_loose(repository):
    first = repository.commit(T)
    repository.tag("v1.0.0", T)
    repository.git("pack-refs", "--all")
    second = repository.commit(T + timedelta(hours=1))
    repository.tag("v1.1.0", T + timedelta(hours=2), annotated=True)
    wanted = [(T, "v1.0.0", first), (T + timedelta(hours=2), "v1.1.0", second)]
    assert tags(repository.folder / ".git") == wanted


def test_a_tag_that_moved_has_its_new_commit_once(repository):
    repository.commit(T)
    repository.tag("v1.0.0", T)
    repository.git("pack-refs", "--all")
    moved = repository.commit(T + timedelta(hours=1))
    repository.git("tag", "-f", "v1.0.0")
    assert tags(repository.folder / ".git") == [(T + timedelta(hours=1), "v1.0.0", moved)]


def test_the_output_of_the_command_gives_the_same(repository, tmp_path):
    repository.commit(T)
    repository.tag("book/v1.0.0", T, annotated=True)
    repository.tag("x;$(touch${IFS}pwned)", T)
    path = tmp_path / "tags.txt"
    path.write_bytes(run_git(repository.folder, ARGUMENTS))
    assert sorted(tags(path)) == sorted(tags(repository.folder / ".git"))
    assert len(tags(path)) == 2


@pytest.mark.parametrize(
    ("line", "service", "version", "revision"),
    [
        (f"v2.4.0 2026-05-04T12:00:00+02:00 commit {SHA} ", None, "v2.4.0", SHA),
        (f"v2.4.0 2026-05-04T12:00:00+02:00 tag {'0' * 40} {SHA}", None, "v2.4.0", SHA),
        (f"book-2.4.0 2026-05-04T12:00:00Z commit {SHA}", "book", "book-2.4.0", SHA),
        (f"nightly 2026-05-04T12:00:00Z commit {SHA}", None, "nightly", SHA),
    ],
)
def test_a_line(line, service, version, revision):
    row = parse_tag(line)
    assert (row.get("service.name"), row["service.version"]) == (service, version)
    assert (row["name"], row["vcs.ref.head.revision"]) == ("git.tag", revision)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("v1", "not a tag: name, time, type, object and the object that it is a name for"),
        (f"v1 2026-05-04T12:00:00Z blob {SHA}", "the tag names a blob, not a commit"),
    ],
)
def test_a_line_that_is_not_a_tag(line, reason):
    assert parse_tag(line) == reason


def test_a_hostile_repository_starts_nothing(repository, tmp_path):
    """Its settings name programs for every occasion; none of them runs."""
    repository.commit(T)
    repository.tag("v1.0.0", T)
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    script.chmod(0o755)
    for name in (
        "core.pager",
        "core.fsmonitor",
        "gpg.program",
        "core.sshCommand",
        "core.alternateRefsCommand",
    ):
        repository.git("config", name, str(script))
    repository.git("config", "core.hooksPath", str(tmp_path))
    repository.git("config", "log.showSignature", "true")
    assert len(tags(repository.folder / ".git")) == 1
    run_git(repository.folder, ("rev-list", "--all", "--no-commit-header", "--format=%H"))
    assert not (tmp_path / "pwned").exists()


def test_a_folder_without_a_repository_is_an_error(tmp_path):
    with pytest.raises(ReadError) as caught:
        run_git(tmp_path, ARGUMENTS)
    assert str(caught.value).startswith(f"git cannot read {tmp_path}: fatal: not a git repository")
    assert caught.value.hint == "run `git log` in that folder to see whether it is a complete repository"
    with pytest.raises(NoSuchPath) as missing:
        run_git(tmp_path / "none", ARGUMENTS)
    assert str(missing.value) == f"{tmp_path}/none is not a folder\nHint: name the folder of a git repository"
