"""Access logs whose layout is given as `log_format`."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "nginx, $time_iso8601",
        "documentation of nginx, ngx_http_log_module",
        (
            '203.0.113.7 [2026-05-04T10:00:01+02:00] "GET /a HTTP/1.1" 502 0.250\n'
            '203.0.113.7 [2026-05-04T10:00:02+02:00] "GET /a HTTP/1.1" 200 0.250\n'
        ),
        [
            {
                "timestamp": "2026-05-04T08:00:00.750000Z",
                "error": True,
                "duration_ms": 250.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T08:00:01.750000Z",
                "error": False,
                "duration_ms": 250.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.7",
            },
        ],
        options={"log_format": '$remote_addr [$time_iso8601] "$request" $status $request_time'},
    ),
    Shape(
        "nginx, fields between pipes",
        "https://github.com/allinurl/goaccess/issues/1681",
        (
            '(502) | [04/May/2026:10:00:01 +0000] | 203.0.113.7 | RequestTime: 3.057 | UpstreamConnect: 0.000 | UpstreamResponse: 3.060 | Request: "GET /comments/ HTTP/1.1" | Referrer: "-"\n'
            '(200) | [04/May/2026:10:00:02 +0000] | 203.0.113.7 | RequestTime: 3.057 | UpstreamConnect: 0.000 | UpstreamResponse: 3.060 | Request: "GET /comments/ HTTP/1.1" | Referrer: "-"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T09:59:57.943000Z",
                "error": True,
                "duration_ms": 3057.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T09:59:58.943000Z",
                "error": False,
                "duration_ms": 3057.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.7",
            },
        ],
        options={
            "log_format": '($status) | [$time_local] | $remote_addr | RequestTime: $request_time | UpstreamConnect: $upstream_connect_time | UpstreamResponse: $upstream_response_time | Request: "$request" | Referrer: "$http_referer"'
        },
    ),
    Shape(
        "Nginx Proxy Manager",
        "https://github.com/allinurl/goaccess/issues/2449",
        (
            '[04/May/2026:10:00:01 +0000] - 502 502 - GET https shop.example "/a?b=c" [Client 203.0.113.7] [Length 166] [Gzip -] [Sent-to dokuwiki] "Mozilla/5.0" "-"\n'
            '[04/May/2026:10:00:02 +0000] - 200 200 - GET https shop.example "/a?b=c" [Client 203.0.113.8] [Length 166] [Gzip -] [Sent-to dokuwiki] "Mozilla/5.0" "-"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "url.query": "b=c",
                "server.address": "shop.example",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "url.query": "b=c",
                "server.address": "shop.example",
            },
        ],
        options={
            "log_format": '[$time_local] $upstream_cache_status $upstream_status $status - $request_method $scheme $host "$request_uri" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server] "$http_user_agent" "$http_referer"'
        },
    ),
    Shape(
        "APISIX, two variables end to end",
        "documentation of APISIX, access_log_format",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] shop.example:9080 "GET /anything HTTP/1.1" 502 1341 1.317 "-" "curl/8.5" 10.0.0.2:80 200 1.211 "http://shop.example:9080"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] shop.example:9080 "GET /anything HTTP/1.1" 200 1341 1.317 "-" "curl/8.5" 10.0.0.2:80 200 1.211 "http://shop.example:9080"\n'
        ),
        refused="log_format has nothing between $upstream_host and $upstream_uri: where the first value ends cannot be found",
        options={
            "log_format": '$remote_addr - $remote_user [$time_local] $http_host "$request" $status $body_bytes_sent $request_time "$http_referer" "$http_user_agent" $upstream_addr $upstream_status $upstream_response_time "$upstream_scheme://$upstream_host$upstream_uri"'
        },
    ),
    Shape(
        "Apache, %D first",
        "documentation of Apache httpd, mod_log_config",
        (
            '257000 203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512\n'
            '258000 203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 512\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": 258.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
            },
        ],
        options={"log_format": '%D %h %l %u %t "%r" %>s %b'},
    ),
    Shape(
        "Apache, %v without a port",
        "documentation of Apache httpd, mod_log_config",
        (
            'shop.example 203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512 "-" "curl/8" 257000\n'
            'shop.example 203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8" 258000\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "server.address": "shop.example",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": 258.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "server.address": "shop.example",
            },
        ],
        options={"log_format": '%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D'},
    ),
    Shape(
        "Apache, usec_frac",
        "documentation of Apache httpd, mod_log_config",
        (
            '203.0.113.7 [04/May/2026:10:00:01.123456 +0000] "GET /a HTTP/1.1" 502 512\n'
            '203.0.113.7 [04/May/2026:10:00:02.123456 +0000] "GET /a HTTP/1.1" 200 512\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:02.123456Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "203.0.113.7",
            },
        ],
        options={"log_format": '%h [%{%d/%b/%Y:%T}t.%{usec_frac}t %{%z}t] "%r" %>s %b'},
    ),
    Shape(
        "Tomcat, %I",
        "documentation of Tomcat, AccessLogValve",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512 257 http-nio-1\n'
            '203.0.113.7 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 512 258 http-nio-2\n'
        ),
        refused="has no access log line (line 1, byte 0: the line does not match log_format at %I)",
        options={"log_format": '%h %l %u %t "%r" %s %b %D %I'},
    ),
]
