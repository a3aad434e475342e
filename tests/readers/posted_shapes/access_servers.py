"""Access logs of web servers, proxies and frameworks."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "HAProxy, CLF",
        "https://github.com/allinurl/goaccess/issues/36",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 480 "" "" 50535 265 "cloud1" "recipes:t5" "srv01" 0 0 0 191 191 ---- 45 45 3 1 0 0 0 "" "" "www.shop.example"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 480 "" "" 50535 265 "cloud1" "recipes:t5" "srv01" 0 0 0 191 191 ---- 45 45 3 1 0 0 0 "" "" "www.shop.example"\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /a HTTP/1.1" 404 480 "" "" 50535 265 "cloud1" "recipes:t5" "srv01" 0 0 0 191 191 ---- 45 45 3 1 0 0 0 "" "" "www.shop.example"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": '50535 265 "cloud1" "recipes:t5" "srv01" 0 0 0 191 191 ---- 45 45 3 1 0 0 0 "" "" "www.shop.example"',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": '50535 265 "cloud1" "recipes:t5" "srv01" 0 0 0 191 191 ---- 45 45 3 1 0 0 0 "" "" "www.shop.example"',
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": '50535 265 "cloud1" "recipes:t5" "srv01" 0 0 0 191 191 ---- 45 45 3 1 0 0 0 "" "" "www.shop.example"',
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "HAProxy, CLF behind syslog",
        "https://github.com/allinurl/goaccess/issues/2678",
        (
            '2026-05-04T10:00:07.326492+00:00 ip-172-21-111-50 haproxy[22009]: 203.0.113.7 - - [04/May/2026:10:00:01 +0000] "POST /some/uri HTTP/1.1" 502 271 "" "" 25792 302 "ft~" "bk01" "srv01" 0 0 4 3 7 ---- 19 19 0 0 0 0 0 "" ""\n'
            '2026-05-04T10:00:08.326492+00:00 ip-172-21-111-50 haproxy[22009]: 203.0.113.8 - - [04/May/2026:10:00:02 +0000] "POST /some/uri HTTP/1.1" 200 271 "" "" 25792 302 "ft~" "bk01" "srv01" 0 0 4 3 7 ---- 19 19 0 0 0 0 0 "" ""\n'
            '2026-05-04T10:00:09.326492+00:00 ip-172-21-111-50 haproxy[22009]: 203.0.113.9 - - [04/May/2026:10:00:03 +0000] "POST /some/uri HTTP/1.1" 404 271 "" "" 25792 302 "ft~" "bk01" "srv01" 0 0 4 3 7 ---- 19 19 0 0 0 0 0 "" ""\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "service.name": "haproxy",
                "host.name": "ip-172-21-111-50",
                "observed_timestamp": "2026-05-04T10:00:07.326492Z",
                "access_log.rest": '25792 302 "ft~" "bk01" "srv01" 0 0 4 3 7 ---- 19 19 0 0 0 0 0 "" ""',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "service.name": "haproxy",
                "host.name": "ip-172-21-111-50",
                "observed_timestamp": "2026-05-04T10:00:08.326492Z",
                "access_log.rest": '25792 302 "ft~" "bk01" "srv01" 0 0 4 3 7 ---- 19 19 0 0 0 0 0 "" ""',
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "service.name": "haproxy",
                "host.name": "ip-172-21-111-50",
                "observed_timestamp": "2026-05-04T10:00:09.326492Z",
                "access_log.rest": '25792 302 "ft~" "bk01" "srv01" 0 0 4 3 7 ---- 19 19 0 0 0 0 0 "" ""',
            },
        ],
        notes=["stay in access_log.rest", "prefix (syslog)"],
    ),
    Shape(
        "HAProxy, custom log-format behind syslog",
        "https://github.com/allinurl/goaccess/issues/881",
        (
            'Mar 14 17:14:51 localhost haproxy[14887]: [14887] [1777888801.257] 10/5/2/0/3/0/0 48/0/0/624/672 ---- 203.0.113.7:35701 10.151.122.228:443 127.0.0.1:8000 logger - - "GET /v1/ HTTP/1.0" 502 fxa-nodejs:nodejs1 "-" "{||ab/2.3}" "-" "" ireq_size=592 resp_size=787\n'
            'Mar 14 17:14:51 localhost haproxy[14887]: [14887] [1777888801.258] 10/5/2/0/3/0/0 48/0/0/624/672 ---- 203.0.113.8:35701 10.151.122.228:443 127.0.0.1:8000 logger - - "GET /v1/ HTTP/1.0" 200 fxa-nodejs:nodejs1 "-" "{||ab/2.3}" "-" "" ireq_size=592 resp_size=787\n'
            'Mar 14 17:14:51 localhost haproxy[14887]: [14887] [1777888801.259] 10/5/2/0/3/0/0 48/0/0/624/672 ---- 203.0.113.9:35701 10.151.122.228:443 127.0.0.1:8000 logger - - "GET /v1/ HTTP/1.0" 404 fxa-nodejs:nodejs1 "-" "{||ab/2.3}" "-" "" ireq_size=592 resp_size=787\n'
        ),
        [
            {
                "timestamp": "2026-03-14T17:14:51Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '[14887] [1777888801.257] 10/5/2/0/3/0/0 48/0/0/624/672 ---- 203.0.113.7:35701 10.151.122.228:443 127.0.0.1:8000 logger - - "GET /v1/ HTTP/1.0" 502 fxa-nodejs:nodejs1 "-" "{||ab/2.3}" "-" "" ireq_size=592 resp_size=787',
                "service.name": "haproxy",
                "host.name": "localhost",
            },
            {
                "timestamp": "2026-03-14T17:14:51Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '[14887] [1777888801.258] 10/5/2/0/3/0/0 48/0/0/624/672 ---- 203.0.113.8:35701 10.151.122.228:443 127.0.0.1:8000 logger - - "GET /v1/ HTTP/1.0" 200 fxa-nodejs:nodejs1 "-" "{||ab/2.3}" "-" "" ireq_size=592 resp_size=787',
                "service.name": "haproxy",
                "host.name": "localhost",
            },
            {
                "timestamp": "2026-03-14T17:14:51Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '[14887] [1777888801.259] 10/5/2/0/3/0/0 48/0/0/624/672 ---- 203.0.113.9:35701 10.151.122.228:443 127.0.0.1:8000 logger - - "GET /v1/ HTTP/1.0" 404 fxa-nodejs:nodejs1 "-" "{||ab/2.3}" "-" "" ireq_size=592 resp_size=787',
                "service.name": "haproxy",
                "host.name": "localhost",
            },
        ],
        notes=["look like requests", "prefix (syslog)"],
    ),
    Shape(
        "HAProxy, TCP behind syslog",
        "documentation of HAProxy, TCP log format",
        (
            "May  4 10:00:01 localhost haproxy[14387]: 203.0.113.7:33313 [04/May/2026:10:00:01.655] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0\n"
            "May  4 10:00:01 localhost haproxy[14387]: 203.0.113.8:33313 [04/May/2026:10:00:01.655] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0\n"
            "May  4 10:00:01 localhost haproxy[14387]: 203.0.113.9:33313 [04/May/2026:10:00:01.655] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.655000Z",
                "error": False,
                "duration_ms": 5007.0,
                "http.response.status_code": None,
                "client.address": "203.0.113.7",
                "service.name": "haproxy",
                "host.name": "localhost",
                "observed_timestamp": "2026-05-04T10:00:01Z",
            },
            {
                "timestamp": "2026-05-04T10:00:01.655000Z",
                "error": False,
                "duration_ms": 5007.0,
                "http.response.status_code": None,
                "client.address": "203.0.113.8",
                "service.name": "haproxy",
                "host.name": "localhost",
                "observed_timestamp": "2026-05-04T10:00:01Z",
            },
            {
                "timestamp": "2026-05-04T10:00:01.655000Z",
                "error": False,
                "duration_ms": 5007.0,
                "http.response.status_code": None,
                "client.address": "203.0.113.9",
                "service.name": "haproxy",
                "host.name": "localhost",
                "observed_timestamp": "2026-05-04T10:00:01Z",
            },
        ],
        notes=["prefix (syslog)"],
    ),
    Shape(
        "HAProxy, connections",
        "https://github.com/allinurl/goaccess/issues/1656",
        (
            "May  4 10:00:01 localhost haproxy[14385]: Connect from 203.0.113.7:33312 to 10.0.3.31:8012 (www/HTTP)\n"
            "May  4 10:00:01 localhost haproxy[14385]: Connect from 203.0.113.8:33312 to 10.0.3.31:8012 (www/HTTP)\n"
            "May  4 10:00:01 localhost haproxy[14385]: Connect from 203.0.113.9:33312 to 10.0.3.31:8012 (www/HTTP)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "Connect from 203.0.113.7:33312 to 10.0.3.31:8012 (www/HTTP)",
                "service.name": "haproxy",
                "host.name": "localhost",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "Connect from 203.0.113.8:33312 to 10.0.3.31:8012 (www/HTTP)",
                "service.name": "haproxy",
                "host.name": "localhost",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": "Connect from 203.0.113.9:33312 to 10.0.3.31:8012 (www/HTTP)",
                "service.name": "haproxy",
                "host.name": "localhost",
            },
        ],
        notes=["prefix (syslog)"],
    ),
    Shape(
        "HAProxy, HTTP log with TLS before the request",
        "https://github.com/allinurl/goaccess/issues/1656",
        (
            '203.0.113.7:2842 [04/May/2026:10:00:07.065] frontend~ gw/end 0/0/1/6/7 502 649 - - ---- 233/233/3/2/0 0/0 {shop|curl} TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /path HTTP/1.1"\n'
            '203.0.113.8:2842 [04/May/2026:10:00:08.065] frontend~ gw/end 0/0/1/6/7 200 649 - - ---- 233/233/3/2/0 0/0 {shop|curl} TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /path HTTP/1.1"\n'
            '203.0.113.9:2842 [04/May/2026:10:00:09.065] frontend~ gw/end 0/0/1/6/7 404 649 - - ---- 233/233/3/2/0 0/0 {shop|curl} TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /path HTTP/1.1"\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "lighttpd, default",
        "documentation of lighttpd, mod_accesslog",
        (
            '203.0.113.7 shop.example - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512 "-" "curl/8"\n'
            '203.0.113.8 shop.example - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8"\n'
            '203.0.113.9 shop.example - [04/May/2026:10:00:03 +0000] "GET /a HTTP/1.1" 404 512 "-" "curl/8"\n'
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
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
            },
        ],
    ),
    Shape(
        "varnishncsa, default",
        "documentation of varnishncsa",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET http://shop.example/a HTTP/1.1" 502 512 "-" "curl/8"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET http://shop.example/a HTTP/1.1" 200 512 "-" "curl/8"\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET http://shop.example/a HTTP/1.1" 404 512 "-" "curl/8"\n'
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
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
            },
        ],
    ),
    Shape(
        "varnishncsa, hit or miss and time to first byte",
        "documentation of varnishncsa",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET http://shop.example/a HTTP/1.1" 502 512 "-" "curl/8" hit 0.000125\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET http://shop.example/a HTTP/1.1" 200 512 "-" "curl/8" hit 0.000125\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET http://shop.example/a HTTP/1.1" 404 512 "-" "curl/8" hit 0.000125\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "hit 0.000125",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "hit 0.000125",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "hit 0.000125",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "varnishncsa, %D without a name",
        "documentation of varnishncsa",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET http://shop.example/a HTTP/1.1" 502 512 "-" "curl/8" 127 miss "shop.example"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET http://shop.example/a HTTP/1.1" 200 512 "-" "curl/8" 128 miss "shop.example"\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET http://shop.example/a HTTP/1.1" 404 512 "-" "curl/8" 129 miss "shop.example"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": '127 miss "shop.example"',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": '128 miss "shop.example"',
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": '129 miss "shop.example"',
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Tomcat, common, IPv6",
        "documentation of Tomcat, AccessLogValve",
        (
            '0:0:0:0:0:0:0:7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512\n'
            '0:0:0:0:0:0:0:8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512\n'
            '0:0:0:0:0:0:0:9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "0:0:0:0:0:0:0:7",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "0:0:0:0:0:0:0:8",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "0:0:0:0:0:0:0:9",
            },
        ],
    ),
    Shape(
        "Tomcat, %D",
        "documentation of Tomcat, AccessLogValve",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 257\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 258\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 259\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "257",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "258",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "259",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Tomcat, %D and thread",
        "documentation of Tomcat, AccessLogValve",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 25 http-nio-8080-exec-7\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 25 http-nio-8080-exec-8\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 25 http-nio-8080-exec-9\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "25 http-nio-8080-exec-7",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "25 http-nio-8080-exec-8",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "25 http-nio-8080-exec-9",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Spring Boot, milliseconds in parentheses",
        "documentation of Spring Boot, server.tomcat.accesslog.pattern",
        (
            '203.0.113.7 - admin [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 "-" "curl/8" (257 ms)\n'
            '203.0.113.8 - admin [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 "-" "curl/8" (258 ms)\n'
            '203.0.113.9 - admin [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 "-" "curl/8" (259 ms)\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "(257 ms)",
                "user.name": "admin",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "(258 ms)",
                "user.name": "admin",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "(259 ms)",
                "user.name": "admin",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Jetty, extended, latency at the end",
        "documentation of Jetty, CustomRequestLog",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 "-" "curl/8" 257\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 "-" "curl/8" 258\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 "-" "curl/8" 259\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "257",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "258",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "259",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Jetty, NCSA with two spaces",
        "documentation of Jetty, NCSARequestLog",
        (
            '203.0.113.7 -  -  [04/May/2026:10:00:01 +0000] "GET //shop.example/app/x HTTP/1.1" 502 512 "-" "curl/8" "-"\n'
            '203.0.113.8 -  -  [04/May/2026:10:00:02 +0000] "GET //shop.example/app/x HTTP/1.1" 200 512 "-" "curl/8" "-"\n'
            '203.0.113.9 -  -  [04/May/2026:10:00:03 +0000] "GET //shop.example/app/x HTTP/1.1" 404 512 "-" "curl/8" "-"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": '"-"',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": '"-"',
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": '"-"',
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Undertow, %T",
        "documentation of Undertow, AccessLogHandler",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 0.257\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 0.258\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 0.259\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "0.257",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "0.258",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "0.259",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "gunicorn, %(L)s",
        "documentation of gunicorn, access_log_format",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 "-" "curl/8" 0.257123\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 "-" "curl/8" 0.258123\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 "-" "curl/8" 0.259123\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "0.257123",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "0.258123",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "0.259123",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Puma and Rack, seconds at the end",
        "documentation of Rack, CommonLogger",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 0.2571\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 0.2581\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 0.2591\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "0.2571",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "0.2581",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "0.2591",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "morgan, combined with milliseconds",
        "documentation of morgan",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 "-" "curl/8" - 257.123 ms\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 "-" "curl/8" - 258.123 ms\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 "-" "curl/8" - 259.123 ms\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "- 257.123 ms",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "- 258.123 ms",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "- 259.123 ms",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "morgan, dev, without a time",
        "documentation of morgan",
        (
            "GET /app/x 502 257.123 ms - 512\n"
            "GET /app/x 200 258.123 ms - 512\n"
            "GET /app/x 404 259.123 ms - 512\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "morgan, short, without a time",
        "documentation of morgan",
        (
            "203.0.113.7 - GET /app/x HTTP/1.1 502 512 - 257.123 ms\n"
            "203.0.113.8 - GET /app/x HTTP/1.1 200 512 - 258.123 ms\n"
            "203.0.113.9 - GET /app/x HTTP/1.1 404 512 - 259.123 ms\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "aiohttp, default",
        "documentation of aiohttp, AccessLogger",
        (
            '203.0.113.7 [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 "-" "curl/8"\n'
            '203.0.113.8 [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 "-" "curl/8"\n'
            '203.0.113.9 [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 "-" "curl/8"\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "Fiber, default, without a date",
        "documentation of Fiber, middleware logger",
        (
            "10:00:07 | 502 |  257.123ms |   203.0.113.7 | GET     | /app/x      | -\n"
            "10:00:08 | 200 |  258.123ms |   203.0.113.8 | GET     | /app/x      | -\n"
            "10:00:09 | 404 |  259.123ms |   203.0.113.9 | GET     | /app/x      | -\n"
        ),
        refused="it looks like CSV",
    ),
    Shape(
        "Squid, native",
        "documentation of Squid, logformat",
        (
            "1777888801.257    197 203.0.113.7 TCP_MISS/502 1722 GET http://www.shop.example/ - HIER_DIRECT/198.51.100.7 text/html\n"
            "1777888801.258    198 203.0.113.8 TCP_MISS/200 1722 GET http://www.shop.example/ - HIER_DIRECT/198.51.100.7 text/html\n"
            "1777888801.259    199 203.0.113.9 TCP_MISS/404 1722 GET http://www.shop.example/ - HIER_DIRECT/198.51.100.7 text/html\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.060000Z",
                "error": True,
                "duration_ms": 197.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:01.060000Z",
                "error": False,
                "duration_ms": 198.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
            },
            {
                "timestamp": "2026-05-04T10:00:01.060000Z",
                "error": False,
                "duration_ms": 199.0,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
            },
        ],
    ),
    Shape(
        "Squid, combined",
        "documentation of Squid, logformat",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET http://www.shop.example/ HTTP/1.1" 502 1722 "-" "curl/8" TCP_MISS:HIER_DIRECT\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET http://www.shop.example/ HTTP/1.1" 200 1722 "-" "curl/8" TCP_MISS:HIER_DIRECT\n'
            '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET http://www.shop.example/ HTTP/1.1" 404 1722 "-" "curl/8" TCP_MISS:HIER_DIRECT\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "TCP_MISS:HIER_DIRECT",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "TCP_MISS:HIER_DIRECT",
            },
            {
                "timestamp": "2026-05-04T10:00:03Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "access_log.rest": "TCP_MISS:HIER_DIRECT",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Echo, middleware logger",
        "documentation of Echo, middleware.Logger",
        (
            '{"time":"2026-05-04T10:00:07.123456789Z","id":"","remote_ip":"203.0.113.7","host":"shop.example","method":"GET","uri":"/app/x?y=1","user_agent":"curl/8","status":502,"error":"","latency":257123000,"latency_human":"257.123ms","bytes_in":0,"bytes_out":512}\n'
            '{"time":"2026-05-04T10:00:08.123456789Z","id":"","remote_ip":"203.0.113.8","host":"shop.example","method":"GET","uri":"/app/x?y=1","user_agent":"curl/8","status":200,"error":"","latency":258123000,"latency_human":"258.123ms","bytes_in":0,"bytes_out":512}\n'
            '{"time":"2026-05-04T10:00:09.123456789Z","id":"","remote_ip":"203.0.113.9","host":"shop.example","method":"GET","uri":"/app/x?y=1","user_agent":"curl/8","status":404,"error":"","latency":259123000,"latency_human":"259.123ms","bytes_in":0,"bytes_out":512}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07.123456Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
                "attributes.host": "shop.example",
            },
            {
                "timestamp": "2026-05-04T10:00:08.123456Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": None,
                "attributes.host": "shop.example",
            },
            {
                "timestamp": "2026-05-04T10:00:09.123456Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": None,
                "attributes.host": "shop.example",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "Apache, virtual host without a port, %D",
        "documentation of Apache httpd, mod_log_config",
        (
            'shop.example 203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512 "-" "curl/8" 257000\n'
            'shop.example 203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8" 258000\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "Apache, %T/%D between asterisks",
        "documentation of Apache httpd, mod_log_config",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512 "-" "curl/8" **0/257000**\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8" **0/258000**\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "**0/257000**",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "**0/258000**",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Apache, %D first",
        "documentation of Apache httpd, mod_log_config",
        (
            '257000 203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512\n'
            '258000 203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 512\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "Apache, fraction of a second in the time",
        "documentation of Apache httpd, mod_log_config, usec_frac",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01.123456 +0000] "GET /a HTTP/1.1" 502 512 "-" "curl/8"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02.123456 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:02.123456Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
            },
        ],
    ),
    Shape(
        "Apache, ssl_request_log, without a status",
        "documentation of Apache httpd, mod_ssl",
        (
            '[04/May/2026:10:00:01 +0000] 203.0.113.7 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /a HTTP/1.1" 512\n'
            '[04/May/2026:10:00:02 +0000] 203.0.113.8 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /a HTTP/1.1" 512\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '203.0.113.7 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /a HTTP/1.1" 512',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": '203.0.113.8 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /a HTTP/1.1" 512',
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "Caddy, console",
        "documentation of Caddy, log directive",
        (
            '2026/05/04 10:00:01.257\tINFO\thttp.log.access\thandled request\t{"request": {"remote_ip": "203.0.113.7", "method": "GET", "host": "shop.example", "uri": "/a"}, "duration": 0.257, "size": 512, "status": 502}\n'
            '2026/05/04 10:00:02.257\tINFO\thttp.log.access\thandled request\t{"request": {"remote_ip": "203.0.113.8", "method": "GET", "host": "shop.example", "uri": "/a"}, "duration": 0.258, "size": 512, "status": 200}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
                "severity_text": "INFO",
                "body": "handled request",
                "code.namespace": "http.log.access",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": None,
                "severity_text": "INFO",
                "body": "handled request",
                "code.namespace": "http.log.access",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "Envoy, time without brackets",
        "documentation of Envoy, access logging",
        (
            '2026-05-04T10:00:01.257Z GET /a HTTP/1.1 502 UF 0 91 257 - "-" "curl"\n'
            '2026-05-04T10:00:02.257Z GET /a HTTP/1.1 200 - 0 91 258 250 "-" "curl"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": 'GET /a HTTP/1.1 502 UF 0 91 257 - "-" "curl"',
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "body": 'GET /a HTTP/1.1 200 - 0 91 258 250 "-" "curl"',
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "IIS, default",
        "documentation of IIS, W3C logging",
        (
            "#Software: Microsoft Internet Information Services 10.0\n"
            "#Version: 1.0\n"
            "#Date: 2026-05-04 10:00:00\n"
            "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"
            "2026-05-04 10:00:01 10.0.0.1 GET /a x=1 443 - 203.0.113.7 curl/8 - 502 3 12002 257\n"
            "2026-05-04 10:00:02 10.0.0.1 GET /a - 443 - 203.0.113.8 curl/8 - 200 0 0 258\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "url.query": "x=1",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": 258.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
            },
        ],
    ),
    Shape(
        "HTTP.sys, error log",
        "documentation of Windows, HTTP.sys error logging",
        (
            "#Software: Microsoft HTTP API 2.0\n"
            "#Version: 1.0\n"
            "#Date: 2026-05-04 10:00:00\n"
            "#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename\n"
            "2026-05-04 10:00:01 203.0.113.7 49152 10.0.0.1 80 HTTP/1.1 GET /a - 503 1 AppOffline DefaultAppPool\n"
            "2026-05-04 10:00:02 203.0.113.8 49152 10.0.0.1 80 - - - - - - Timer_ConnectionIdle -\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 503,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": "203.0.113.8",
            },
        ],
    ),
    Shape(
        "Traefik, JSON",
        "documentation of Traefik, access logs",
        '{"ClientAddr": "203.0.113.7:5000", "ClientHost": "203.0.113.7", "DownstreamContentSize": 512, "DownstreamStatus": 502, "Duration": 257123456, "OriginDuration": 250000000, "OriginStatus": 502, "Overhead": 7123456, "RequestAddr": "shop.example", "RequestHost": "shop.example", "RequestMethod": "GET", "RequestPath": "/a?x=1", "RequestProtocol": "HTTP/2.0", "RouterName": "shop@docker", "ServiceName": "shop@docker", "ServiceURL": "http://10.0.0.2:80", "StartLocal": "2026-05-04T12:00:01.257+02:00", "StartUTC": "2026-05-04T10:00:01.257Z", "entryPointName": "websecure", "level": "info", "msg": "", "time": "2026-05-04T12:00:01+02:00"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.123456,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "severity_text": "info",
                "url.query": "x=1",
                "server.address": "shop.example",
            },
        ],
    ),
    Shape(
        "Istio, JSON",
        "documentation of Istio, Envoy access logs",
        '{"start_time": "2026-05-04T10:00:01.257Z", "method": "GET", "path": "/a?x=1", "protocol": "HTTP/1.1", "response_code": 503, "response_flags": "UF,URX", "response_code_details": "upstream_reset_before_response_started{connection_failure}", "connection_termination_details": null, "upstream_transport_failure_reason": null, "bytes_received": 0, "bytes_sent": 91, "duration": 257, "upstream_service_time": null, "x_forwarded_for": null, "user_agent": "curl", "request_id": "9f", "authority": "shop:8000", "upstream_host": "10.0.0.5:80", "upstream_cluster": "outbound|8000||shop", "upstream_local_address": null, "downstream_local_address": "10.0.0.2:8000", "downstream_remote_address": "203.0.113.7:43210", "requested_server_name": null, "route_name": "default"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 503,
                "client.address": "203.0.113.7",
                "url.query": "x=1",
                "server.address": "shop",
            },
        ],
    ),
    Shape(
        "Logstash, COMBINEDAPACHELOG",
        "documentation of Logstash, grok filter",
        '{"clientip": "203.0.113.7", "verb": "GET", "request": "/a", "httpversion": "1.1", "response": "502", "bytes": "512", "referrer": "\\"-\\"", "agent": "\\"curl/8\\"", "timestamp": "04/May/2026:10:00:01 +0000", "@timestamp": "2026-05-04T10:00:01.000Z", "@version": "1", "message": "203.0.113.7 - - [04/May/2026:10:00:01 +0000] \\"GET /a HTTP/1.1\\" 502 512", "host": "web-1"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
                "body": '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512',
                "host.name": "web-1",
            },
        ],
    ),
    Shape(
        "Filebeat, access log in ECS",
        "documentation of Elastic Common Schema",
        '{"@timestamp": "2026-05-04T10:00:01.000Z", "event": {"dataset": "nginx.access", "duration": 257000000, "outcome": "failure"}, "source": {"ip": "203.0.113.7", "address": "203.0.113.7"}, "http": {"request": {"method": "GET"}, "response": {"status_code": 502, "body": {"bytes": 512}}, "version": "1.1"}, "url": {"original": "/a?x=1", "path": "/a"}, "user_agent": {"original": "curl/8"}, "log": {"level": "info"}, "service": {"type": "nginx"}, "trace": {"id": "0af7651916cd43dd8448eb211c80319c"}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
                "severity_text": "info",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "Squid, CONNECT and a status of 000",
        "documentation of Squid, logformat",
        (
            "1777888801.257   1970 203.0.113.7 TCP_TUNNEL/200 1722 CONNECT shop.example:443 alice HIER_DIRECT/198.51.100.7 -\n"
            "1777888802.257      0 203.0.113.8 NONE_NONE/000 0 - error:transaction-end-before-headers - HIER_NONE/- -\n"
            "1777888803.257     12 203.0.113.8 TCP_DENIED/403 3900 GET http://shop.example/x?y=1 - HIER_NONE/- text/html\n"
        ),
        [
            {
                "timestamp": "2026-05-04T09:59:59.287000Z",
                "error": False,
                "duration_ms": 1970.0,
                "http.response.status_code": 200,
                "client.address": "203.0.113.7",
                "user.name": "alice",
                "server.address": "shop.example",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": 0.0,
                "http.response.status_code": None,
                "client.address": "203.0.113.8",
            },
            {
                "timestamp": "2026-05-04T10:00:03.245000Z",
                "error": False,
                "duration_ms": 12.0,
                "http.response.status_code": 403,
                "client.address": "203.0.113.8",
                "url.query": "y=1",
            },
        ],
    ),
]
