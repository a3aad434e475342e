import pytest

from obskit.errors import InvalidArgument
from obskit.readers import REGISTRY, Source
from obskit.testing import encoded, incident, samples


def test_every_reader_has_a_sample() -> None:
    missing = {reader.name for reader in REGISTRY.readers()} - samples().keys()
    assert not missing, (
        f"obskit.testing.format_samples has no sample for {sorted(missing)}: "
        "add the first bytes of a file to samples() in obskit/testing/format_samples.py"
    )


@pytest.mark.parametrize("reader", sorted(samples().keys() & {reader.name for reader in REGISTRY.readers()}))
def test_a_sample_is_of_the_format_that_it_is_named_for(reader, tmp_path) -> None:
    path = tmp_path / "events"
    path.write_bytes(samples()[reader])
    assert REGISTRY.choose(Source(path)).name == reader


def test_a_format_that_is_not_written() -> None:
    with pytest.raises(InvalidArgument) as caught:
        encoded(incident(), "yaml")
    assert str(caught.value) == (
        "events cannot be written as 'yaml'\nHint: use one of parquet, arrow, jsonl, otlp-json, jaeger"
    )
