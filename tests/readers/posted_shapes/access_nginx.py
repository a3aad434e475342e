"""Access logs of nginx and what is built on it, in layouts that people chose."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "nginx, time first, status in parentheses",
        "https://github.com/Onelinerhub/onelinerhub/issues/62",
        (
            '[04/May/2026:10:00:01 +0000] 203.0.113.7: "GET /a7 HTTP/1.1" (502) 512 bytes 0.257 s 0.207 s\n'
            '[04/May/2026:10:00:02 +0000] 203.0.113.8: "GET /a8 HTTP/1.1" (200) 512 bytes 0.258 s 0.208 s\n'
            '[04/May/2026:10:00:03 +0000] 203.0.113.9: "GET /a9 HTTP/1.1" (404) 512 bytes 0.259 s 0.209 s\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '203.0.113.7: "GET /a7 HTTP/1.1" (502) 512 bytes 0.257 s 0.207 s',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '203.0.113.8: "GET /a8 HTTP/1.1" (200) 512 bytes 0.258 s 0.208 s',
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '203.0.113.9: "GET /a9 HTTP/1.1" (404) 512 bytes 0.259 s 0.209 s',
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "nginx, request time first, request without quotation marks",
        "https://github.com/allinurl/goaccess/issues/637",
        (
            '0.257 0.207 [04/May/2026:10:00:01 +0000] GET /app/x.js HTTP/1.1 502 0 "shop.example" "https://ref.example/" "Mozilla/5.0 (X11)" "-" 988 - 203.0.113.7 -  4710110 31 10.1.2.3 -\n'
            '0.258 0.208 [04/May/2026:10:00:02 +0000] GET /app/x.js HTTP/1.1 200 0 "shop.example" "https://ref.example/" "Mozilla/5.0 (X11)" "-" 988 - 203.0.113.8 -  4710110 31 10.1.2.3 -\n'
            '0.259 0.209 [04/May/2026:10:00:03 +0000] GET /app/x.js HTTP/1.1 404 0 "shop.example" "https://ref.example/" "Mozilla/5.0 (X11)" "-" 988 - 203.0.113.9 -  4710110 31 10.1.2.3 -\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "nginx, combined, then cookies, msec and labels",
        "https://github.com/allinurl/goaccess/issues/885",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a?x=1 HTTP/1.1" 502 206 "-" "python-requests/2.13.0" "-" "-" 1777888801.257 adfr="-" dv="-" rt=0.257 ut="0.151" cs=MISS ua="10.16.20.25:8084" us="200"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a?x=1 HTTP/1.1" 200 206 "-" "python-requests/2.13.0" "-" "-" 1777888801.258 adfr="-" dv="-" rt=0.258 ut="0.151" cs=MISS ua="10.16.20.25:8084" us="200"\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /a?x=1 HTTP/1.1" 404 206 "-" "python-requests/2.13.0" "-" "-" 1777888801.259 adfr="-" dv="-" rt=0.259 ut="0.151" cs=MISS ua="10.16.20.25:8084" us="200"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": '"-" "-" 1777888801.257 adfr="-" dv="-" rt=0.257 ut="0.151" cs=MISS ua="10.16.20.25:8084" us="200"',
                "url.query": "x=1",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": '"-" "-" 1777888801.258 adfr="-" dv="-" rt=0.258 ut="0.151" cs=MISS ua="10.16.20.25:8084" us="200"',
                "url.query": "x=1",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": '"-" "-" 1777888801.259 adfr="-" dv="-" rt=0.259 ut="0.151" cs=MISS ua="10.16.20.25:8084" us="200"',
                "url.query": "x=1",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "nginx, main, then four quoted times",
        "https://github.com/allinurl/goaccess/issues/1794",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 206 "-" "curl/8" "-" "0.257" "0.001" "0.200" "0.240"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 206 "-" "curl/8" "-" "0.258" "0.001" "0.200" "0.240"\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /a HTTP/1.1" 404 206 "-" "curl/8" "-" "0.259" "0.001" "0.200" "0.240"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": '"-" "0.257" "0.001" "0.200" "0.240"',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": '"-" "0.258" "0.001" "0.200" "0.240"',
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": '"-" "0.259" "0.001" "0.200" "0.240"',
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "nginx, fields between pipes",
        "https://github.com/allinurl/goaccess/issues/1681",
        (
            '(502) | [04/May/2026:10:00:01 +0000] | 203.0.113.7 | RequestTime: 3.057 | UpstreamConnect: 0.000 | UpstreamResponse: 3.060 | Request: "GET /comments/ HTTP/1.1" | Referrer: "-"\n'
            '(200) | [04/May/2026:10:00:02 +0000] | 203.0.113.8 | RequestTime: 3.058 | UpstreamConnect: 0.000 | UpstreamResponse: 3.060 | Request: "GET /comments/ HTTP/1.1" | Referrer: "-"\n'
            '(404) | [04/May/2026:10:00:03 +0000] | 203.0.113.9 | RequestTime: 3.059 | UpstreamConnect: 0.000 | UpstreamResponse: 3.060 | Request: "GET /comments/ HTTP/1.1" | Referrer: "-"\n'
        ),
        refused="it looks like CSV",
    ),
    Shape(
        "nginx, JSON with names of its own",
        "https://github.com/allinurl/goaccess/issues/2589",
        (
            '{"timestamp":"2026-05-04T10:00:07+00:00","source":"-","host":"10.0.0.1","clientip":"203.0.113.7","size":512,"responsetime":0.257,"upstreamtime":"0.240","upstreamhost":"10.0.0.2:80","http_host":"shop.example","referer":"-","agent":"curl/8","request":"GET /a HTTP/1.1","request_body":"-","status":"502"}\n'
            '{"timestamp":"2026-05-04T10:00:08+00:00","source":"-","host":"10.0.0.1","clientip":"203.0.113.8","size":512,"responsetime":0.258,"upstreamtime":"0.240","upstreamhost":"10.0.0.2:80","http_host":"shop.example","referer":"-","agent":"curl/8","request":"GET /a HTTP/1.1","request_body":"-","status":"200"}\n'
            '{"timestamp":"2026-05-04T10:00:09+00:00","source":"-","host":"10.0.0.1","clientip":"203.0.113.9","size":512,"responsetime":0.259,"upstreamtime":"0.240","upstreamhost":"10.0.0.2:80","http_host":"shop.example","referer":"-","agent":"curl/8","request":"GET /a HTTP/1.1","request_body":"-","status":"404"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
                "attributes.host": "10.0.0.1",
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": None,
                "attributes.host": "10.0.0.1",
            },
            {
                "timestamp": "2026-05-04T10:00:09Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": None,
                "attributes.host": "10.0.0.1",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "nginx, without a time in brackets",
        "https://github.com/allinurl/goaccess/issues/238",
        (
            '203.0.113.7 - GET /ready HTTP/1.1 - /ready - 502 "u status" - "U Response" - "MSec" 1777888801.280\n'
            '203.0.113.8 - GET /ready HTTP/1.1 - /ready - 200 "u status" - "U Response" - "MSec" 1777888801.280\n'
            '203.0.113.9 - GET /ready HTTP/1.1 - /ready - 404 "u status" - "U Response" - "MSec" 1777888801.280\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "nginx, time first, labels in words",
        "https://github.com/elisescu/tty-proxy/issues/4",
        (
            "[04/May/2026:10:00:01 +0000] 203.0.113.7 - - - shop.example  to: 10.0.0.2:80: GET /a HTTP/1.1 upstream_response_time 0.207 msec 1777888801.250 request_time 0.257\n"
            "[04/May/2026:10:00:02 +0000] 203.0.113.8 - - - shop.example  to: 10.0.0.2:80: GET /a HTTP/1.1 upstream_response_time 0.208 msec 1777888801.250 request_time 0.258\n"
            "[04/May/2026:10:00:03 +0000] 203.0.113.9 - - - shop.example  to: 10.0.0.2:80: GET /a HTTP/1.1 upstream_response_time 0.209 msec 1777888801.250 request_time 0.259\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "203.0.113.7 - - - shop.example  to: 10.0.0.2:80: GET /a HTTP/1.1 upstream_response_time 0.207 msec 1777888801.250 request_time 0.257",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "203.0.113.8 - - - shop.example  to: 10.0.0.2:80: GET /a HTTP/1.1 upstream_response_time 0.208 msec 1777888801.250 request_time 0.258",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "203.0.113.9 - - - shop.example  to: 10.0.0.2:80: GET /a HTTP/1.1 upstream_response_time 0.209 msec 1777888801.250 request_time 0.259",
            },
        ],
    ),
    Shape(
        "nginx, time first, arrow and pipes",
        "https://github.com/allinurl/goaccess/issues/1518",
        (
            "[04/May/2026:10:00:01 +0000] 203.0.113.7 -> 10.0.0.2:80 | https POST /api/post HTTP/1.1 | urt: 0.016 msec | rt: 0.257 msec | status: 502\n"
            "[04/May/2026:10:00:02 +0000] 203.0.113.8 -> 10.0.0.2:80 | https POST /api/post HTTP/1.1 | urt: 0.016 msec | rt: 0.258 msec | status: 200\n"
            "[04/May/2026:10:00:03 +0000] 203.0.113.9 -> 10.0.0.2:80 | https POST /api/post HTTP/1.1 | urt: 0.016 msec | rt: 0.259 msec | status: 404\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "203.0.113.7 -> 10.0.0.2:80 | https POST /api/post HTTP/1.1 | urt: 0.016 msec | rt: 0.257 msec | status: 502",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "203.0.113.8 -> 10.0.0.2:80 | https POST /api/post HTTP/1.1 | urt: 0.016 msec | rt: 0.258 msec | status: 200",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "203.0.113.9 -> 10.0.0.2:80 | https POST /api/post HTTP/1.1 | urt: 0.016 msec | rt: 0.259 msec | status: 404",
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "nginx, arrow to the upstream and ISO time",
        "https://github.com/allinurl/goaccess/issues/395",
        (
            '203.0.113.7 -> 10.0.0.2:80 [2026-05-04T10:00:07+0200] "GET /my-app?k=v HTTP/1.1" 502 154 "-" "Java/1.6.0_38" 0.257 0.004\n'
            '203.0.113.8 -> 10.0.0.2:80 [2026-05-04T10:00:08+0200] "GET /my-app?k=v HTTP/1.1" 200 154 "-" "Java/1.6.0_38" 0.258 0.004\n'
            '203.0.113.9 -> 10.0.0.2:80 [2026-05-04T10:00:09+0200] "GET /my-app?k=v HTTP/1.1" 404 154 "-" "Java/1.6.0_38" 0.259 0.004\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "Nginx Proxy Manager",
        "https://github.com/allinurl/goaccess/issues/2449",
        (
            '[04/May/2026:10:00:01 +0000] - 502 502 - GET https shop.example "/a?b=c" [Client 203.0.113.7] [Length 166] [Gzip -] [Sent-to dokuwiki] "Mozilla/5.0" "-"\n'
            '[04/May/2026:10:00:02 +0000] - 200 200 - GET https shop.example "/a?b=c" [Client 203.0.113.8] [Length 166] [Gzip -] [Sent-to dokuwiki] "Mozilla/5.0" "-"\n'
            '[04/May/2026:10:00:03 +0000] - 404 404 - GET https shop.example "/a?b=c" [Client 203.0.113.9] [Length 166] [Gzip -] [Sent-to dokuwiki] "Mozilla/5.0" "-"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '- 502 502 - GET https shop.example "/a?b=c" [Client 203.0.113.7] [Length 166] [Gzip -] [Sent-to dokuwiki] "Mozilla/5.0" "-"',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '- 200 200 - GET https shop.example "/a?b=c" [Client 203.0.113.8] [Length 166] [Gzip -] [Sent-to dokuwiki] "Mozilla/5.0" "-"',
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '- 404 404 - GET https shop.example "/a?b=c" [Client 203.0.113.9] [Length 166] [Gzip -] [Sent-to dokuwiki] "Mozilla/5.0" "-"',
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "nginx, main, then labeled values in quotation marks",
        "https://github.com/allinurl/goaccess/issues/669",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET / HTTP/1.1" 502 6050 "-" "Siege/4.0.2" "-" rt=0.257 ua="10.0.0.2:80" us="200" ut="0.240" ul="512" cs=-\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET / HTTP/1.1" 200 6050 "-" "Siege/4.0.2" "-" rt=0.258 ua="10.0.0.2:80" us="200" ut="0.240" ul="512" cs=-\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET / HTTP/1.1" 404 6050 "-" "Siege/4.0.2" "-" rt=0.259 ua="10.0.0.2:80" us="200" ut="0.240" ul="512" cs=-\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": '"-" rt=0.257 ua="10.0.0.2:80" us="200" ut="0.240" ul="512" cs=-',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": '"-" rt=0.258 ua="10.0.0.2:80" us="200" ut="0.240" ul="512" cs=-',
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": '"-" rt=0.259 ua="10.0.0.2:80" us="200" ut="0.240" ul="512" cs=-',
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "APISIX, default",
        "https://github.com/apache/apisix/pull/12555",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] shop.example:9080 "GET /anything HTTP/1.1" 502 1341 1.317 "-" "curl/8.5" 10.0.0.2:80 200 1.211 "http://shop.example:9080"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] shop.example:9080 "GET /anything HTTP/1.1" 200 1341 1.318 "-" "curl/8.5" 10.0.0.2:80 200 1.211 "http://shop.example:9080"\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] shop.example:9080 "GET /anything HTTP/1.1" 404 1341 1.319 "-" "curl/8.5" 10.0.0.2:80 200 1.211 "http://shop.example:9080"\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "APISIX, all fields in brackets",
        "https://github.com/apache/apisix/issues/1482",
        (
            "[route_id:1][service_id:2][host:shop.example][/release][https][rsp_st:502][ups_st:200][cip:203.0.113.7][uip:10.0.0.5:7999][rsp_len:570][req_t:0.039][ups_rsp_t:0.039][04/May/2026:10:00:01 +0000][req_id:cf7c3ed06065bfac123448c67745c019]\n"
            "[route_id:1][service_id:2][host:shop.example][/release][https][rsp_st:200][ups_st:200][cip:203.0.113.8][uip:10.0.0.5:7999][rsp_len:570][req_t:0.039][ups_rsp_t:0.039][04/May/2026:10:00:02 +0000][req_id:cf7c3ed06065bfac123448c67745c019]\n"
            "[route_id:1][service_id:2][host:shop.example][/release][https][rsp_st:404][ups_st:200][cip:203.0.113.9][uip:10.0.0.5:7999][rsp_len:570][req_t:0.039][ups_rsp_t:0.039][04/May/2026:10:00:03 +0000][req_id:cf7c3ed06065bfac123448c67745c019]\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "ingress-nginx, two upstreams",
        "documentation of ingress-nginx, log format",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/2.0" 502 150 "-" "curl/8" 79 0.257 [default-shop-80] [] 10.0.0.7:8080, 10.0.0.8:8080 0, 150 0.002, 0.255 502, 502 9a2b\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/2.0" 200 150 "-" "curl/8" 79 0.258 [default-shop-80] [] 10.0.0.7:8080 150 0.258 200 9a2c\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.743000Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:01.742000Z",
                "error": False,
                "duration_ms": 258.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
            },
        ],
    ),
    Shape(
        "nginx, $time_iso8601 in brackets",
        "documentation of nginx, ngx_http_log_module",
        (
            '203.0.113.7 - - [2026-05-04T10:00:01+00:00] "GET /a HTTP/1.1" 502 512 "-" "curl/8"\n'
            '203.0.113.8 - - [2026-05-04T10:00:02+00:00] "GET /a HTTP/1.1" 200 512 "-" "curl/8"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
            },
        ],
    ),
    Shape(
        "nginx, $time_iso8601 first",
        "documentation of nginx, ngx_http_log_module",
        (
            '2026-05-04T10:00:01+00:00 203.0.113.7 GET /a 502 0.257 "curl/8"\n'
            '2026-05-04T10:00:02+00:00 203.0.113.8 GET /a 200 0.258 "curl/8"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '203.0.113.7 GET /a 502 0.257 "curl/8"',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '203.0.113.8 GET /a 200 0.258 "curl/8"',
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "nginx, tabs",
        "documentation of nginx, ngx_http_log_module",
        (
            "2026-05-04T10:00:01+00:00\t203.0.113.7\tGET\t/a\t502\t0.257\n"
            "2026-05-04T10:00:02+00:00\t203.0.113.8\tGET\t/a\t200\t0.258\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "203.0.113.7\tGET\t/a\t502\t0.257",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "203.0.113.8\tGET\t/a\t200\t0.258",
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "nginx, LTSV",
        "documentation of LTSV (ltsv.org)",
        (
            "time:04/May/2026:10:00:01 +0000\thost:203.0.113.7\tforwardedfor:-\treq:GET /a HTTP/1.1\tstatus:502\tsize:512\treferer:-\tua:curl/8\treqtime:0.257\tapptime:0.250\tvhost:shop.example\n"
            "time:04/May/2026:10:00:02 +0000\thost:203.0.113.8\tforwardedfor:-\treq:GET /a HTTP/1.1\tstatus:200\tsize:512\treferer:-\tua:curl/8\treqtime:0.258\tapptime:0.250\tvhost:shop.example\n"
        ),
        refused="it looks like CSV",
    ),
    Shape(
        "nginx, pairs",
        "documentation of nginx, ngx_http_log_module",
        (
            'time="2026-05-04T10:00:01+00:00" remote_addr=203.0.113.7 method=GET uri="/a" status=502 bytes=512 request_time=0.257 upstream_time=0.250\n'
            'time="2026-05-04T10:00:02+00:00" remote_addr=203.0.113.8 method=GET uri="/a" status=200 bytes=512 request_time=0.258 upstream_time=0.250\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": None,
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "nginx, JSON with the names of variables",
        "documentation of nginx, escape=json",
        '{"time": "2026-05-04T10:00:01+00:00", "remote_addr": "203.0.113.7", "request_method": "GET", "request_uri": "/a", "status": 502, "body_bytes_sent": 512, "request_time": 0.257, "upstream_response_time": "0.250", "http_user_agent": "curl/8"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:00.743000Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
        ],
    ),
    Shape(
        "nginx, JSON in an object",
        "documentation of Elastic, Filebeat module for nginx",
        '{"nginx": {"remote_addr": "203.0.113.7", "request": "GET /a HTTP/1.1", "status": "502", "request_time": "0.257", "time_local": "04/May/2026:10:00:01 +0000"}}\n',
        [
            {
                "timestamp": None,
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
            },
        ],
        notes=["no row has a timestamp", "no row has an HTTP status"],
    ),
    Shape(
        "nginx, JSON with the names of Datadog",
        "documentation of Datadog, nginx integration",
        '{"timestamp": "2026-05-04T10:00:01+00:00", "network": {"client": {"ip": "203.0.113.7"}}, "http": {"method": "GET", "status_code": "502", "url": "/a", "request_time": "0.257"}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
            },
        ],
    ),
    Shape(
        "nginx, ISO time with a fraction",
        "documentation of nginx",
        (
            '203.0.113.7 - - [2026-05-04T10:00:01.123Z] "GET /a HTTP/1.1" 502 12 "-" "c" 0.250\n'
            '203.0.113.7 - - [2026-05-04T10:00:02.123Z] "GET /a HTTP/1.1" 200 12 "-" "c" 0.250\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.873000Z",
                "error": True,
                "duration_ms": 250.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:01.873000Z",
                "error": False,
                "duration_ms": 250.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.7",
            },
        ],
    ),
]
