"""Access logs of web servers, proxies and load balancers."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "nginx, combined with $request_time and $upstream_response_time labeled",
        "documentation of nginx, ngx_http_log_module; layouts of this sort are in many questions",
        '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 13 "-" "curl/8.5" rt=0.250 urt=0.200\n'
        '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /b HTTP/1.1" 200 13 "-" "curl/8.5" rt=0.150 urt=-\n',
        [
            {"client.address": "203.0.113.7", "http.response.status_code": 502, "error": True},
            {"client.address": "203.0.113.8", "http.response.status_code": 200, "error": False},
        ],
    ),
]
