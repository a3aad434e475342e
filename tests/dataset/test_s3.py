"""`s3://` through s3fs, with a local server that lists, describes and returns objects like S3."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import obskit as ok
from obskit.cli import main
from obskit.errors import NoSuchPath, ReadError

s3fs = pytest.importorskip("s3fs", reason="needs s3fs")

KEY, SECRET = "AKIDOBSKITTEST", "s3cr3t-of-a-test"
HINT = "\nHint: check the address and your permission to read it"
NOTHING = "\nHint: give the URL of a file, of a folder of files, or a pattern"


def _parquet(*values: int) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": list(values)}), out)
    return out.getvalue()


class _S3(BaseHTTPRequestHandler):
    """ListObjectsV2 (two keys per page), HeadObject and GetObject, for one key id; signatures are not checked."""

    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]] = {}
    got: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        signed = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
        if signed is None or signed[1] != KEY:
            self._refuse(403, "InvalidAccessKeyId", signed[1] if signed else "nobody")
        elif bucket != "shop":
            self._refuse(404, "NoSuchBucket", bucket)
        elif not key:
            self._list({name: values[0] for name, values in parse_qs(parts.query).items()})
        elif key not in self.objects:
            self._refuse(404, "NoSuchKey", key)
        else:
            self._object(key)

    def _object(self, key: str) -> None:
        data = self.objects[key]
        tag, status = hashlib.md5(data).hexdigest(), 200
        if part := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            status, data = 206, data[int(part[1]) : int(part[2] or len(data)) + 1]
        if self.command == "GET":
            self.got.append(key)
        modified = "Mon, 04 May 2026 10:00:00 GMT"
        self._answer(status, data, {"ETag": f'"{tag}"', "Last-Modified": modified})

    def _list(self, asked: dict[str, str]) -> None:
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        items: dict[str, str] = {}
        for key, data in sorted(self.objects.items()):
            if not key.startswith(prefix):
                continue
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if found:
                folder = prefix + head + delimiter
                items[folder] = f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
            else:
                items[key] = (
                    f"<Contents><Key>{escape(key)}</Key><LastModified>2026-05-04T10:00:00.000Z</LastModified>"
                    f'<ETag>"{hashlib.md5(data).hexdigest()}"</ETag><Size>{len(data)}</Size>'
                    "<StorageClass>STANDARD</StorageClass></Contents>"
                )
        names = [name for name in items if name > asked.get("continuation-token", "")]
        page = names[: min(2, int(asked.get("max-keys", "2")))]
        more = len(page) < len(names)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        self._answer(
            200,
            (
                f"<ListBucketResult><Name>shop</Name><KeyCount>{len(page)}</KeyCount>"
                f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}"
                f"{''.join(items[name] for name in page)}</ListBucketResult>"
            ).encode(),
            {"Content-Type": "application/xml"},
        )

    def _refuse(self, status: int, code: str, what: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>refused: {escape(what)}</Message></Error>"
        self._answer(status, body.encode(), {"Content-Type": "application/xml"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _S3) as server:
        server.daemon_threads = True
        server.block_on_close = False  # s3fs keeps its connections
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture(autouse=True)
def bucket(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "OBSKIT_CACHE": str(tmp_path / "cache"),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    _S3.got.clear()
    _S3.objects.clear()
    _S3.objects |= {
        "events/1.parquet": _parquet(1),
        "events/2.parquet": _parquet(2),
        "events/3.parquet": _parquet(3),
        "events/README.md": b"read me",
        "events/deep/4.jsonl": b'{"a":4}\n',
        "lines.jsonl.gz": gzip.compress(b'{"a":8}\n{"a":9}\n'),
    }
    yield
    s3fs.S3FileSystem.clear_instance_cache()


def values(url: str) -> list[int]:
    return sorted(ok.load(url).to_arrow(["a"])["a"].to_pylist())


def test_a_pattern_a_folder_and_a_file() -> None:
    assert values("s3://shop/events/*.parquet") == [1, 2, 3], "more than a page of keys"
    assert values("s3://shop/events/") == values("s3://shop/events") == [1, 2, 3, 4]
    assert values("s3://shop/lines.jsonl.gz") == [8, 9]
    assert "events/README.md" not in _S3.got


def test_the_same_objects_are_not_fetched_again() -> None:
    for _ in range(2):
        values("s3://shop/events/*.parquet")
        values("s3://shop/lines.jsonl.gz")
    assert sorted(_S3.got) == ["events/1.parquet", "events/2.parquet", "events/3.parquet", "lines.jsonl.gz"]


@pytest.mark.parametrize(
    "url", ["s3://shop/events/*.parquet", "s3://shop/events", "s3://shop/events/1.parquet"]
)
def test_a_changed_object_is_fetched_again(url: str) -> None:
    old = _S3.objects["events/1.parquet"]
    before = values(url)
    new = _S3.objects["events/1.parquet"] = _parquet(7)
    assert len(new) == len(old), "only the tag changed"
    _S3.got.clear()
    assert values(url) == sorted([7, *before[1:]])
    assert _S3.got == ["events/1.parquet"]


@pytest.mark.parametrize("url", ["s3://shop/events/*.parquet", "s3://shop/events"])
def test_new_and_deleted_objects_are_seen(url: str) -> None:
    before = values(url)
    del _S3.objects["events/1.parquet"]
    _S3.objects["events/5.parquet"] = _parquet(5)
    assert values(url) == sorted([*before[1:], 5])


@pytest.mark.parametrize(
    "url",
    [
        "s3://shop/nope.jsonl",
        "s3://shop/nope/*.jsonl",
        "s3://nope/events/1.parquet",
        "s3://nope",
        "s3://nope/*",
    ],
)
def test_a_missing_object_is_an_error(url: str) -> None:
    with pytest.raises(NoSuchPath) as caught:
        ok.load(url)
    assert str(caught.value) == f"nothing found at {url}{NOTHING}"


@pytest.mark.parametrize("path", ["lines.jsonl.gz", "events", "events/*.parquet"])
def test_refused_credentials(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDREFUSED")
    with pytest.raises(ReadError) as caught:
        ok.load(f"s3://shop/{path}")
    assert str(caught.value) == f"cannot read s3://shop/{path}: PermissionError{HINT}"
    assert caught.value.__suppress_context__, "the store's own message contains the key"


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ReadError) as caught:
        ok.load("s3://shop/lines.jsonl.gz")
    assert str(caught.value) == f"cannot read s3://shop/lines.jsonl.gz: NoCredentialsError{HINT}"


def test_on_the_command_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["info", "s3://shop/events/*.parquet"]) == 0
    assert "3 rows" in capsys.readouterr().out
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDREFUSED")
    s3fs.S3FileSystem.clear_instance_cache()
    assert main(["info", "s3://shop/events/*.parquet"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        f"obskit: cannot read s3://shop/events/*.parquet: PermissionError{HINT}\n",
    )
