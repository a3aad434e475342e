import pytest

from obskit.dataset import convert
from obskit.errors import NoSuchPath, ReadError
from obskit.readers import Match, Reader, discovery, expand
from obskit.readers.registry import Registry


@pytest.fixture
def tree(tmp_path):
    for name in (
        "b.jsonl",
        "a.jsonl",
        "sub/c.jsonl",
        ".hidden/d.jsonl",
        ".e.jsonl",
        ".codes/x",
        "obskit.json",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"a":1}\n')
    return tmp_path


def test_folders_files_and_patterns(tree):
    found = [tree / "a.jsonl", tree / "b.jsonl", tree / "sub/c.jsonl"]
    assert expand(tree) == found
    assert expand(str(tree / "*.jsonl")) == found[:2]
    assert expand(tree / "**" / "*.jsonl") == found
    assert expand([tree / "b.jsonl", tree]) == [found[1], found[0], found[2]]  # each once
    assert expand(tree / ".e.jsonl") == [tree / ".e.jsonl"]  # named itself


def test_documents_next_to_events_are_skipped(tree):
    for name in ("README.md", "sub/LICENSE", "sub/shape.png", "planted.json", "notes.txt"):
        (tree / name).write_text("Booking, seats, payment\n")
    passed = []
    found = [tree / name for name in ("a.jsonl", "b.jsonl", "notes.txt", "sub/c.jsonl")]
    assert expand(tree, passed) == found
    assert passed == [
        tree / "README.md",
        tree / "sub/LICENSE",
        tree / "sub/shape.png",
    ]  # own files are not listed
    assert expand(tree / "README.md") == [tree / "README.md"]  # named itself
    (tree / "obskit.json").unlink()
    report = convert(tree).load_report
    assert report.notes[0] == "skipped 3 files that hold no events: README.md, LICENSE, shape.png"
    assert [(one.file, one.reason) for one in report.rejected] == [
        (str(tree / "notes.txt"), "cannot be read as events: it looks like plain text")
    ]


def test_links_that_lead_back_are_entered_once(tree):
    (tree / "sub" / "back").symlink_to(tree)
    (tree / "dangling").symlink_to(tree / "nowhere")
    assert [path.name for path in expand(tree)] == ["a.jsonl", "b.jsonl", "c.jsonl"]


def test_patterns_of_any_depth(tree, monkeypatch):
    (tree / "sub" / "deep").mkdir()
    for name in ("sub/deep/d.jsonl", "sub/deep/README.md", "sub/e.csv"):
        (tree / name).write_text("x")
    found = ["a.jsonl", "b.jsonl", "sub/c.jsonl", "sub/deep/d.jsonl"]
    assert [str(path.relative_to(tree)) for path in expand(tree / "**" / "*.jsonl")] == found
    monkeypatch.chdir(tree)
    assert list(map(str, expand("**/*.jsonl"))) == found
    assert list(map(str, expand("s*/**/d*.jsonl"))) == ["sub/deep/d.jsonl"]
    assert list(map(str, expand("**/deep"))) == [
        "sub/deep/d.jsonl"
    ]  # a folder: all files that may hold events
    assert list(map(str, expand("sub/**"))) == [
        "sub/c.jsonl",
        "sub/deep/README.md",
        "sub/deep/d.jsonl",
        "sub/e.csv",
    ]
    assert list(map(str, expand("**/deep/**/*.md"))) == ["sub/deep/README.md"]
    with pytest.raises(NoSuchPath):
        expand("**/*.parquet")


def test_links_that_lead_back_do_not_multiply_files(tree):
    for name in ("back", "again", "third"):
        (tree / "sub" / name).symlink_to(tree)
    assert [path.name for path in expand(tree / "**" / "*.jsonl")] == ["a.jsonl", "b.jsonl", "c.jsonl"]


def test_an_existing_file_with_brackets_is_not_a_pattern(tree):
    (tree / "x[1].jsonl").write_text("{}")
    assert expand(tree / "x[1].jsonl") == [tree / "x[1].jsonl"]


def test_a_path_that_does_not_exist(tree):
    with pytest.raises(NoSuchPath) as caught:
        expand(tree / "a.json")
    assert str(caught.value) == f"{tree}/a.json does not exist\nHint: did you mean {tree}/a.jsonl?"
    with pytest.raises(FileNotFoundError, match="nothing matches"):
        expand(tree / "*.csv")


def test_a_folder_without_files(tmp_path):
    with pytest.raises(ReadError) as caught:
        expand(tmp_path)
    assert (
        str(caught.value)
        == f"the folder {tmp_path} has no file to read\nHint: name a folder that holds events"
    )


def test_a_file_and_a_link_to_it_are_one_file(tmp_path):
    (tmp_path / "app-2026-05-04.jsonl").write_text('{"a":1}\n')
    (tmp_path / "current.jsonl").symlink_to(tmp_path / "app-2026-05-04.jsonl")
    assert [path.name for path in expand(tmp_path)] == ["app-2026-05-04.jsonl"]
    (tmp_path / "gone.jsonl").symlink_to("/nowhere/at/all")
    with pytest.raises(NoSuchPath) as caught:
        expand(tmp_path / "gone.jsonl")
    assert str(caught.value) == (
        f"{tmp_path}/gone.jsonl does not exist\nHint: it is a link to /nowhere/at/all, which does not exist"
    )


def test_a_name_that_is_too_long_does_not_exist():
    with pytest.raises(NoSuchPath, match=r"^a{300}… does not exist"):
        expand("a" * 5000)


def test_a_reader_selects_the_files_of_its_own_folders(tmp_path, monkeypatch):
    """A table is a folder with `_index`. Only 1.part is read, and only `old` is entered."""

    def select(folder, names):
        return [folder / "1.part", folder / "old"] if "_index" in names else None

    for name in ("table/_index", "table/1.part", "table/2.part", "table/old/3.part", "table/tmp/4.part"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    registry = Registry()
    registry.register(Reader("table", (), lambda _: Match.NO, lambda *_: iter(()), select_files=select))
    monkeypatch.setattr(discovery, "REGISTRY", registry)
    assert expand(tmp_path) == [tmp_path / "table/1.part", tmp_path / "table/old/3.part"]


def test_a_reader_may_select_nothing_of_its_own_folder(tmp_path, monkeypatch):
    (tmp_path / "table").mkdir()
    (tmp_path / "table/_index").write_text("x")
    (tmp_path / "a.jsonl").write_text("x")

    def select(folder, names):
        return [] if "_index" in names else None

    registry = Registry()
    registry.register(Reader("table", (), lambda _: Match.NO, lambda *_: iter(()), select_files=select))
    monkeypatch.setattr(discovery, "REGISTRY", registry)
    assert expand(tmp_path) == [tmp_path / "a.jsonl"]
