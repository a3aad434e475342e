"""What nginx adds to the messages of its error log is read, on whichever line of the message it is."""

import pyarrow as pa
import pytest

from obskit.readers.app_log.messages import add_message_fields
from obskit.readers.app_log.times import Context

PAIRS = ', client: 10.0.0.7, server: _, request: "GET /cart?id=7 HTTP/1.1", upstream: "http://10.0.1.2/cart"'
FIELDS = {
    "client.address": "10.0.0.7",
    "server.address": "_",
    "http.request.method": "GET",
    "url.path": "/cart",
    "url.query": "id=7",
    "network.protocol.version": "1.1",
    "nginx.upstream": "http://10.0.1.2/cart",
}


@pytest.mark.parametrize(
    "message",
    ["upstream timed out", 'FastCGI sent in stderr: "PHP message: boom\n#0 cart.php(7)" while reading'],
)
def test_pairs_of_nginx(message):
    columns = {}
    body = pa.array([message + PAIRS, "signal process started", None])
    add_message_fields(columns, "nginx error log", body, b", client: ", Context(None, None, print))
    assert {name: values.to_pylist() for name, values in columns.items()} == {
        name: [value, None, None] for name, value in FIELDS.items()
    }
