"""Streams and URLs are copied into the cache, and no message contains a credential."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pandas as pd
import pytest
from fsspec.registry import _registry, known_implementations

import obskit as ok
from obskit.dataset import inputs, is_url, local_paths, redact_url
from obskit.dataset.cache import DAY
from obskit.dataset.eviction import evict
from obskit.errors import InvalidArgument, LimitExceeded, MissingDependency, NoSuchPath, ReadError

LINES = b'{"a":1}\n{"a":2}\n'
OTHER = b'{"a":3}\n'


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def entries(cache: Path, kind: str = "inputs") -> list[str]:
    return sorted(path.name for path in (cache / kind).iterdir())


# streams


def test_a_stream_is_cached_by_content(own_cache: Path) -> None:
    first = ok.load(io.BytesIO(LINES))
    assert first.to_arrow(["a"])["a"].to_pylist() == [1, 2]
    again = ok.load(io.BytesIO(LINES))
    assert (again.dataset.path, entries(own_cache)) == (
        first.dataset.path,
        [hashlib.blake2b(LINES, digest_size=16).hexdigest()],
    )
    assert ok.load(io.BytesIO(gzip.compress(OTHER))).to_arrow(["a"])["a"].to_pylist() == [3]
    assert len(entries(own_cache)) == 2
    assert first.refresh().fingerprint == first.fingerprint, "a stream can be read only once, its copy again"
    (entry,) = (own_cache / "inputs").glob(hashlib.blake2b(LINES, digest_size=16).hexdigest())
    assert entry.stat().st_mode & 0o777 == 0o700


def test_streams_and_files_together(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_bytes(OTHER)
    events = ok.load([io.BytesIO(LINES), path])
    assert sorted(events.to_arrow(["a"])["a"].to_pylist()) == [1, 2, 3]


def test_every_byte_of_a_pipe_is_read_once(tmp_path: Path) -> None:
    """`<(zcat ...)` of a shell: bytes that are read to detect the format must not be lost."""
    path, lines = tmp_path / "pipe", [b'{"a":%d}\n' % number for number in range(30_000)]
    os.mkfifo(path)
    writing = threading.Thread(target=lambda: path.write_bytes(b"".join(lines)))
    writing.start()
    events = ok.load([str(path)])
    writing.join()
    assert events.dataset.rows == len(lines)
    assert events.refresh().fingerprint == events.fingerprint, "from its copy"


def test_the_same_content_by_two_ways() -> None:
    named = io.BytesIO(LINES)
    named.name = "<stdin>"  # type: ignore[attr-defined]
    assert ok.load(io.BytesIO(LINES)).fingerprint == ok.load(named).fingerprint


def test_a_frame_with_a_column_named_read_is_not_a_stream() -> None:
    assert ok.load(pd.DataFrame({"read": [1, 2]})).dataset.rows == 2


def test_errors_name_the_stream(own_cache: Path) -> None:
    with pytest.raises(ReadError) as caught:
        ok.load(io.BytesIO(b""))
    assert str(caught.value) == (
        "stream is empty\nHint: it may be truncated: a file needs at least one event"
    )
    report = ok.load(io.BytesIO(LINES + b"{torn")).load_report
    assert str(report.rejected[0]) == "stream, line 3, byte 16: torn: the file ends within the line"
    with pytest.raises(InvalidArgument) as refused:
        ok.load(io.StringIO("{}"))  # type: ignore[arg-type]
    assert str(refused.value) == (
        "stream is a text stream, expected a binary one\nHint: use open(path, 'rb') or sys.stdin.buffer"
    )
    assert not [name for name in entries(own_cache) if name.startswith(".")]


def test_a_stream_beyond_the_limit_leaves_nothing(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE_LIMIT", "10")
    with pytest.raises(LimitExceeded) as caught:
        local_paths([io.BytesIO(LINES)])
    assert str(caught.value) == (
        "stream is larger than the cache limit of 10 bytes\n"
        "Hint: save it to a file first, or raise OBSKIT_CACHE_LIMIT (bytes)"
    )
    assert entries(own_cache) == []


def test_inputs_are_evicted_and_leftovers_are_removed(own_cache: Path) -> None:
    (path,) = local_paths([io.BytesIO(LINES)])
    left = own_cache / "inputs" / ".input.obskit-dead"
    left.mkdir()
    os.utime(left, (time.time() - 2 * DAY,) * 2)
    local_paths([io.BytesIO(OTHER)])
    assert not left.exists()
    with inputs.leased_inputs([str(path)]):
        assert path.parent not in evict(0), "it is being read"
    evict(0)
    assert entries(own_cache) == []


# URLs


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("s3://bucket/a.jsonl", "s3://bucket/a.jsonl"),
        ("s3://KEY:SECRET@bucket/a b.jsonl", "s3://bucket/a b.jsonl"),
        ("https://u:p%40@host:8443/x?X-Amz-Signature=abc&y=1#tok", "https://host:8443/x?…"),
        ("HTTPS://tok@host", "https://host"),
    ],
)
def test_credentials_are_not_shown(url: str, text: str) -> None:
    assert is_url(url)
    assert redact_url(url) == text


def test_windows_paths_and_names_are_not_urls() -> None:
    assert not any(map(is_url, ("a.jsonl", "C:\\x", "dir/s3://x", "://x", "-", "a:b")))


@pytest.fixture
def memory() -> Iterator[Any]:
    """An object store in memory."""
    system = fsspec.filesystem("memory")
    system.pipe(
        {
            "/shop/a.jsonl": LINES,
            "/shop/deep/b.jsonl.gz": gzip.compress(OTHER),
            "/shop/README.md": b"read me",
            "/shop/.hidden/c.jsonl": OTHER,
            "/shop/bad.txt": b"hello world",
        }
    )
    yield system
    system.rm("/", recursive=True)


def values(events: Any) -> list[int]:
    return sorted(events.to_arrow(["a"])["a"].to_pylist())


def test_a_file_a_folder_and_a_pattern(memory: Any, own_cache: Path) -> None:
    assert values(ok.load("memory://shop/a.jsonl")) == [1, 2]
    assert values(ok.load("memory://shop/**/*.gz")) == [3]
    folder = ok.load("memory://shop")
    assert values(folder) == [1, 2, 3]
    assert [str(one) for one in folder.load_report.rejected] == [
        "memory:///shop/bad.txt: cannot be read as events: it looks like plain text"
    ]
    assert values(ok.load(["memory://shop/a.jsonl", "memory://shop/deep/b.jsonl.gz"])) == [1, 2, 3]
    with pytest.raises(NoSuchPath) as caught:
        ok.load("memory://shop/nope.jsonl")
    assert str(caught.value) == (
        "nothing found at memory://shop/nope.jsonl\nHint: give the URL of a file, of a folder of files, or a pattern"
    )
    with pytest.raises(NoSuchPath, match=r"nothing found at memory://shop/\*\.csv"):
        ok.load("memory://shop/*.csv")


def test_a_changed_file_is_fetched_again(memory: Any, own_cache: Path) -> None:
    events = ok.load("memory://shop/a.jsonl")
    assert events.refresh().dataset.path == events.dataset.path
    assert len(entries(own_cache)) == 1
    memory.pipe("/shop/a.jsonl", LINES.replace(b"1", b"7"))
    assert values(events.refresh()) == [2, 7]


def test_a_file_url_is_a_path(tmp_path: Path, own_cache: Path) -> None:
    (tmp_path / "a b.jsonl").write_bytes(LINES)
    assert local_paths([f"file://{tmp_path}/a%20b.jsonl"]) == [tmp_path / "a b.jsonl"]
    assert not own_cache.exists()


def test_packages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(known_implementations, "s3", {"class": "no_such_s3fs.S3", "err": "x"})
    monkeypatch.delitem(_registry, "s3", raising=False)  # another test may have loaded it
    with pytest.raises(MissingDependency) as caught:
        ok.load("s3://KEY:SECRET@bucket/a.jsonl")
    assert str(caught.value) == (
        "reading s3://bucket/a.jsonl needs a package for s3://\nHint: pip install s3fs"
    )

    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(inputs.importlib, "import_module", missing)
    with pytest.raises(MissingDependency) as caught:
        ok.load("https://u:p@host/a.jsonl?sig=1")
    assert str(caught.value) == (
        "reading https://host/a.jsonl?… needs the extra 'remote'\nHint: pip install 'obskit-notebook[remote]'"
    )


class _Web(BaseHTTPRequestHandler):
    """Files with a tag, one without, one that breaks off, one that is denied."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        if body:
            self.asked.append(path)
        status = {"/tagged.jsonl": 200, "/plain": 200, "/short.jsonl": 200, "/secret.jsonl": 403}.get(
            path, 404
        )
        self.send_response(status)
        data = LINES if status == 200 else b""
        self.send_header("Content-Length", str(len(data) + 100 * (path == "/short.jsonl")))
        if path == "/tagged.jsonl":
            self.send_header("ETag", '"1"')
        self.send_header("Connection", "close")
        self.end_headers()
        if body:
            self.wfile.write(data)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


def test_over_http(web: str, own_cache: Path) -> None:
    _Web.asked.clear()
    for _ in range(2):
        assert values(ok.load(f"http://{web}/tagged.jsonl")) == [1, 2]
    assert _Web.asked == ["/tagged.jsonl"], "the tag shows that the file is unchanged"
    for _ in range(2):
        assert values(ok.load(f"http://{web}/plain")) == [1, 2]
    assert _Web.asked.count("/plain") == 2, "only the content shows that the file is unchanged"
    assert len(entries(own_cache)) == 2
    assert len(entries(own_cache, "datasets")) == 2


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "nope.jsonl",
            "nothing found at {url}\nHint: give the URL of a file, of a folder of files, or a pattern",
        ),
        (
            "secret.jsonl",
            "cannot read {url}: HTTP 403\nHint: check the address and your permission to read it",
        ),
    ],
)
def test_errors_over_http_show_no_credential(web: str, path: str, message: str) -> None:
    with pytest.raises(ok.ObskitError) as caught:
        ok.load(f"http://us3r:pa55@{web}/{path}?X-Amz-Signature=s1gned")
    assert str(caught.value) == message.format(url=f"http://{web}/{path}?…")
    chain: BaseException | None = caught.value
    while chain is not None:
        assert (
            not any(word in str(chain) for word in ("us3r", "pa55", "s1gned")) or chain.__suppress_context__
        )
        chain = chain.__cause__


def test_a_response_that_breaks_off_is_not_cached(web: str, own_cache: Path) -> None:
    with pytest.raises(ReadError, match=rf"^(cannot read )?http://{web}/short.jsonl( ended after|: )"):
        ok.load(f"http://{web}/short.jsonl")
    assert entries(own_cache) == []


def test_a_refused_connection_is_an_error() -> None:
    with pytest.raises(ReadError, match=r"^cannot read http://127.0.0.1:1/a: \w+\n"):
        ok.load("http://u:p@127.0.0.1:1/a")


def test_the_manifest_and_the_key_hold_no_credential(web: str, own_cache: Path) -> None:
    ok.load(f"http://{web}/tagged.jsonl?sig=s1gned&user=us3r")
    for file in own_cache.rglob("*"):
        assert "s1gned" not in str(file)
        if file.is_file() and file.suffix != ".parquet":
            assert b"s1gned" not in file.read_bytes()
    assert [json.loads(p.read_text())["source"] is not None for p in own_cache.rglob("obskit.json")] == [True]
