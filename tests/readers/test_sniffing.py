import pytest

from obskit.readers.sniffing import OTLP_REQUEST, json_start


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (b'{"a":1}', b'{"a":1}'),
        (b"\xef\xbb\xbf \n[1]\n", b"[1]\n"),
        (b"a {", b""),
        (b"", b""),
    ],
)
def test_where_json_starts(head, text):
    assert json_start(head) == text


@pytest.mark.parametrize("key", ["resourceSpans", "resource_spans", "resourceLogs", "resourceMetrics"])
def test_the_key_of_an_otlp_request(key):
    assert OTLP_REQUEST.search(b'{ "%s" : [' % key.encode())


def test_a_value_is_not_the_key_of_an_otlp_request():
    assert not OTLP_REQUEST.search(b'{"a": "resourceSpans", "resource": {}}')
