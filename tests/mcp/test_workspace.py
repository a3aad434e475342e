"""Which files a server reads: those of its paths, and nothing else, whatever a client asks for."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from obskit.errors import InvalidArgument, NoSuchPath, ReadError
from obskit.mcp.workspace import Workspace
from tests.support.mcp_harness import open_paths


def write(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"timestamp": f"2026-05-04T10:00:{at:02}Z", "name": name, "duration_ms": at, "kind": "server"}
        for at, name in enumerate(names)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "given/a.jsonl", "a")
    write(tmp_path / "given/sub/b.jsonl", "b", "b")
    write(tmp_path / "given/.hidden.jsonl", "hidden")
    (tmp_path / "given/README.md").write_text("not events")
    write(tmp_path / "outside/secret.jsonl", "secret")
    return tmp_path


def rows_of(workspace: Workspace, path: str | None = None) -> int:
    return workspace.events(path).dataset.rows


@pytest.mark.parametrize(
    ("path", "rows"), [("a.jsonl", 1), ("sub", 2), ("sub/", 2), ("sub/b.jsonl", 2), ("./a.jsonl", 1)]
)
def test_a_call_can_be_about_a_part(folder: Path, path: str, rows: int) -> None:
    workspace = Workspace([str(folder / "given")], open_paths)
    assert rows_of(workspace) == 3
    assert rows_of(workspace, path) == rows


def test_an_absolute_path_and_the_given_folder_itself_work(folder: Path) -> None:
    workspace = Workspace([str(folder / "given")], open_paths)
    assert rows_of(workspace, str(folder / "given/a.jsonl")) == 1
    assert rows_of(workspace, "given") == 3
    assert rows_of(workspace, ".") == 3


OUTSIDE = [
    "../outside/secret.jsonl",
    "../outside",
    "..",
    "/",
    "/etc/passwd",
    "sub/../../outside/secret.jsonl",
    ".hidden.jsonl",
    "README.md",
    "~/secret.jsonl",
    "nothing.jsonl",
    "*.jsonl",
    "a.jsonl\0",
    "https://example.invalid/x.jsonl",
    "..\\outside\\secret.jsonl",
    "link.jsonl",
    "linked",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_other_paths_are_refused_whether_they_exist_or_not(folder: Path, path: str) -> None:
    workspace = Workspace([str(folder / "given")], open_paths)
    workspace.events()
    (folder / "given/.link.jsonl").symlink_to(folder / "outside/secret.jsonl")
    with pytest.raises(InvalidArgument) as caught:
        workspace.events(path)
    assert str(caught.value).startswith(
        "path must be a file or folder among those that obskit mcp was started with, got "
    )
    assert caught.value.hint == "one of 2 files: a.jsonl, sub/b.jsonl"


def test_a_link_out_of_the_given_folder_is_refused(folder: Path) -> None:
    (folder / "given/link.jsonl").symlink_to(folder / "outside/secret.jsonl")
    workspace = Workspace([str(folder / "given")], open_paths)
    with pytest.raises(InvalidArgument) as caught:
        workspace.check()
    assert str(caught.value) == (
        "link.jsonl is a link that leads out of the given paths\n"
        "Hint: remove the link, or start obskit mcp with the target as a PATH too"
    )
    Workspace([str(folder / "given"), str(folder / "outside")], open_paths).check()


def test_a_link_that_appears_later_is_refused_too(folder: Path) -> None:
    workspace = Workspace([str(folder / "given")], open_paths)
    workspace.events()
    (folder / "given/linked").symlink_to(folder / "outside")
    with pytest.raises(InvalidArgument, match="leads out of the given paths"):
        workspace.events(fresh=True)


def test_a_given_link_may_lead_anywhere(folder: Path) -> None:
    (folder / "events").symlink_to(folder / "given")
    assert rows_of(Workspace([str(folder / "events")], open_paths), "a.jsonl") == 1


def test_patterns_and_files_can_be_given(folder: Path) -> None:
    workspace = Workspace([str(folder / "given/*.jsonl"), str(folder / "given/sub/b.jsonl")], open_paths)
    assert rows_of(workspace) == 3
    assert rows_of(workspace, "b.jsonl") == 2
    assert workspace.file_names() == (["a.jsonl", "b.jsonl"], 2)


def test_files_are_read_again_only_when_asked(folder: Path) -> None:
    workspace = Workspace([str(folder / "given")], open_paths)
    before = workspace.events()
    write(folder / "given/c.jsonl", "c")
    assert workspace.events() is before
    assert workspace.events(fresh=True).dataset.rows == 4
    assert rows_of(workspace) == 4


def test_files_that_did_not_change_keep_their_indexes(folder: Path) -> None:
    workspace = Workspace([str(folder / "given")], open_paths)
    before = workspace.events()
    assert workspace.events(fresh=True) is before
    (folder / "given/a.jsonl").write_text("not an event\n" + (folder / "given/a.jsonl").read_text())
    after = workspace.events(fresh=True)
    assert after is not before, "the rows are the same, but one line was rejected"
    assert after.load_report.rejected_count == 1


def test_only_a_few_parts_stay_open(tmp_path: Path) -> None:
    opened: list[str] = []
    for name in "abcdef":
        write(tmp_path / f"{name}.jsonl", name)

    def opener(paths: object) -> object:
        opened.append(str(paths))
        return open_paths(paths)  # type: ignore[arg-type]

    workspace = Workspace([str(tmp_path)], opener)  # type: ignore[arg-type]
    workspace.events()
    for _ in range(2):
        for name in "abcdef":
            workspace.events(f"{name}.jsonl")
    workspace.events()
    assert len(opened) == 13


def test_several_threads_load_once(folder: Path) -> None:
    opened: list[object] = []

    def opener(paths: object) -> object:
        opened.append(paths)
        return open_paths(paths)  # type: ignore[arg-type]

    workspace = Workspace([str(folder / "given")], opener)  # type: ignore[arg-type]
    threads = [threading.Thread(target=workspace.events) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1


def test_paths_that_do_not_exist_are_found_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(NoSuchPath):
        Workspace([str(tmp_path / "nothing")], open_paths).check()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError):
        Workspace([str(tmp_path / "empty")], open_paths).check()
