import pytest

from obskit.errors import LimitExceeded
from obskit.readers import Match, Reader, read, read_batches
from obskit.readers.registry import Registry
from obskit.schema import LoadReport


@pytest.mark.parametrize("prefix", ["", "{path}: "])
def test_a_limit_names_the_file_once(tmp_path, monkeypatch, prefix):
    path = tmp_path / "x"
    path.write_bytes(b"x")

    def limited(source, report, options):
        raise LimitExceeded(prefix.format(path=source.path) + "more than 5 names", hint="fewer")

    registry = Registry()
    registry.register(Reader("x", (), lambda _: Match.CERTAIN, limited))
    monkeypatch.setattr(read, "REGISTRY", registry)
    with pytest.raises(LimitExceeded) as caught:
        list(read_batches(path, LoadReport()))
    assert str(caught.value) == f"{path}: more than 5 names\nHint: fewer"
