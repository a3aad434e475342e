"""Access logs of load balancers, content networks and gateways in clouds."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "AWS network load balancer",
        "documentation of AWS, access logs of network load balancers",
        (
            "tls 2.0 2026-05-04T10:00:01 net/my-nlb/c6e77e28c25b2234 g3d4b5e8bb8464cd 203.0.113.7:51341 10.0.0.66:443 5 2 98 246 - arn:aws:acm:us-east-2:671290407336:certificate/2a1 - ECDHE-RSA-AES128-SHA tlsv12 - my-nlb.elb.us-east-2.amazonaws.com - - - 2026-05-04T10:00:01\n"
            "tls 2.0 2026-05-04T10:00:02 net/my-nlb/c6e77e28c25b2234 g3d4b5e8bb8464cd 203.0.113.8:51341 10.0.0.66:443 50 2 98 246 - arn:aws:acm:us-east-2:671290407336:certificate/2a1 - ECDHE-RSA-AES128-SHA tlsv12 - my-nlb.elb.us-east-2.amazonaws.com - - - 2026-05-04T10:00:02\n"
        ),
        refused="it looks like an access log of an AWS network load balancer",
    ),
    Shape(
        "AWS classic load balancer, TCP listener",
        "documentation of AWS, access logs of classic load balancers",
        (
            '2026-05-04T10:00:01.543956Z my-loadbalancer 203.0.113.7:2817 10.0.0.1:80 0.001069 0.000028 0.000041 - - 82 305 "- - - " "-" - -\n'
            '2026-05-04T10:00:02.543956Z my-loadbalancer 203.0.113.8:2817 10.0.0.1:80 0.001069 0.000028 0.000041 - - 82 305 "- - - " "-" - -\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.543956Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:02.543956Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": "203.0.113.8",
            },
        ],
    ),
    Shape(
        "CloudFront, standard log",
        "documentation of AWS, CloudFront standard logging",
        (
            "#Version: 1.0\n"
            "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end\n"
            "2026-05-04\t10:00:01\tLAX1\t2390282\t203.0.113.7\tGET\td1.cloudfront.net\t/soccer/1.mp4\t502\t-\tcurl/8\ta=b\t-\tError\tABC123\twww.example.com\thttps\t23\t0.257\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tError\tHTTP/2.0\t-\t-\t11040\t0.199\tOriginConnectError\ttext/html\t78\t-\t-\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.743000Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "url.query": "a=b",
                "server.address": "www.example.com",
            },
        ],
    ),
    Shape(
        "AWS VPC flow log",
        "documentation of AWS, VPC flow logs",
        (
            "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
            "2 123456789010 eni-1235b8ca 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1777888801 1777888861 ACCEPT OK\n"
            "2 123456789010 eni-1235b8ca 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1777888802 1777888862 REJECT OK\n"
        ),
        refused="it looks like an AWS VPC flow log",
    ),
    Shape(
        "API Gateway, JSON of the console",
        "documentation of AWS, API Gateway access logging",
        (
            '{"requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "ip": "203.0.113.7", "caller": "-", "user": "-", "requestTime": "04/May/2026:10:00:01 +0000", "httpMethod": "GET", "resourcePath": "/pets/{id}", "status": "502", "protocol": "HTTP/1.1", "responseLength": "512"}\n'
            '{"requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbef0", "ip": "203.0.113.8", "caller": "-", "user": "-", "requestTime": "04/May/2026:10:00:02 +0000", "httpMethod": "GET", "resourcePath": "/pets/{id}", "status": "200", "protocol": "HTTP/1.1", "responseLength": "512"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
                "caller": "-",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": None,
                "caller": "-",
            },
        ],
    ),
    Shape(
        "API Gateway, epoch and latency",
        "documentation of AWS, API Gateway access logging",
        (
            '{"requestId": "c6", "sourceIp": "203.0.113.7", "requestTimeEpoch": 1777888801257, "httpMethod": "GET", "path": "/pets/7", "status": 502, "responseLatency": 257, "integrationLatency": 250, "integrationErrorMessage": "-"}\n'
            '{"requestId": "c7", "sourceIp": "203.0.113.8", "requestTimeEpoch": 1777888802257, "httpMethod": "GET", "path": "/pets/8", "status": 200, "responseLatency": 258, "integrationLatency": 250, "integrationErrorMessage": "-"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": None,
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "API Gateway, CLF",
        "documentation of AWS, API Gateway access logging",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /pets/{id} HTTP/1.1" 502 512 c6af9ac6-7b61-11e6-9a41-93e8deadbeef\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /pets/{id} HTTP/1.1" 200 512 c6af9ac6-7b61-11e6-9a41-93e8deadbeef\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "Azure Application Gateway, v2",
        "documentation of Azure, Application Gateway diagnostics",
        '{"timeStamp": "2026-05-04T10:00:01+00:00", "resourceId": "/SUBSCRIPTIONS/X/RESOURCEGROUPS/PEERINGTEST/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/GW", "listenerName": "HTTP-Listener", "ruleName": "Storage-Static-Rule", "operationName": "ApplicationGatewayAccess", "category": "ApplicationGatewayAccessLog", "properties": {"instanceId": "appgw_2", "clientIP": "203.0.113.7", "clientPort": 45057, "httpMethod": "GET", "originalRequestUriWithArgs": "/", "requestUri": "/a", "requestQuery": "", "userAgent": "curl", "httpStatus": 502, "httpVersion": "HTTP/1.1", "receivedBytes": 184, "sentBytes": 466, "clientResponseTime": 0, "timeTaken": 0.257, "WAFMode": "Detection", "sslEnabled": "off", "serverRouted": "52.239.221.65:443", "serverStatus": "200", "serverResponseLatency": "0.028", "host": "20.110.30.194"}}\n',
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
        "Azure Application Gateway, v1",
        "documentation of Azure, Application Gateway diagnostics",
        '{"resourceId": "/X", "operationName": "ApplicationGatewayAccess", "time": "2026-05-04T10:00:01Z", "category": "ApplicationGatewayAccessLog", "properties": {"instanceId": "ApplicationGatewayRole_IN_0", "clientIP": "203.0.113.7", "clientPort": 46886, "httpMethod": "GET", "requestUri": "/phpmyadmin", "requestQuery": "X-AzureApplicationGateway-CACHE-HIT=0", "userAgent": "-", "httpStatus": 404, "httpVersion": "HTTP/1.0", "receivedBytes": 65, "sentBytes": 553, "timeTaken": 205, "sslEnabled": "off"}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 404,
                "client.address": None,
            },
        ],
    ),
    Shape(
        "Azure Front Door",
        "documentation of Azure, Front Door access log",
        '{"time": "2026-05-04T10:00:01.7264612Z", "resourceId": "/SUBSCRIPTIONS/X", "category": "FrontDoorAccessLog", "operationName": "Microsoft.Cdn/Profiles/AccessLog/Write", "properties": {"trackingReference": "08Q3g", "httpMethod": "GET", "httpVersion": "2.0.0.0", "requestUri": "https://shop.example:443/a", "sni": "shop.example", "requestBytes": "1234", "responseBytes": "466", "userAgent": "curl", "clientIp": "203.0.113.7", "clientPort": "36000", "socketIp": "203.0.113.7", "timeToFirstByte": "0.200", "timeTaken": "0.257", "requestProtocol": "HTTPS", "securityProtocol": "TLS 1.3", "rulesEngineMatchNames": [], "httpStatusCode": "502", "edgeActionsStatusCode": "", "httpStatusDetails": "502", "pop": "LON", "cacheStatus": "CONFIG_NOCACHE", "errorInfo": "OriginTimeout", "hostName": "shop.example"}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.726461Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
            },
        ],
    ),
    Shape(
        "Azure API Management",
        "documentation of Azure, gateway log schema",
        '{"DeploymentVersion": "0.1", "Level": 4, "isRequestSuccess": false, "time": "2026-05-04T10:00:01.1234567Z", "operationName": "Microsoft.ApiManagement/GatewayLogs", "category": "GatewayLogs", "durationMs": 257, "callerIpAddress": "203.0.113.7", "correlationId": "abc", "location": "West Europe", "properties": {"method": "GET", "url": "https://apim.example/a", "backendResponseCode": 500, "responseCode": 500, "responseSize": 512, "cache": "none", "backendTime": 250, "requestSize": 100, "apiId": "echo", "operationId": "get", "clientProtocol": "HTTP/1.1", "lastError": {"elapsed": 250, "source": "x"}}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 500,
                "client.address": None,
            },
        ],
    ),
    Shape(
        "Google Cloud load balancer",
        "documentation of Google Cloud, load balancer logging",
        '{"insertId": "1abc", "jsonPayload": {"@type": "type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry", "statusDetails": "failed_to_pick_backend", "remoteIp": "203.0.113.7"}, "httpRequest": {"requestMethod": "GET", "requestUrl": "https://shop.example/a", "requestSize": "80", "status": 502, "responseSize": "332", "userAgent": "curl", "remoteIp": "203.0.113.7", "latency": "0.257s", "serverIp": "10.0.0.1"}, "resource": {"type": "http_load_balancer", "labels": {"project_id": "p", "url_map_name": "um"}}, "timestamp": "2026-05-04T10:00:01.123456Z", "severity": "WARNING", "logName": "projects/p/logs/requests", "trace": "projects/p/traces/0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "severity_text": "WARNING",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "span_id": "b7ad6b7169203331",
                "server.address": "shop.example",
            },
        ],
    ),
    Shape(
        "Cloudflare Logpush, times as text",
        "documentation of Cloudflare, HTTP requests dataset",
        (
            '{"ClientIP": "203.0.113.7", "ClientRequestHost": "shop.example", "ClientRequestMethod": "GET", "ClientRequestURI": "/a?x=1", "EdgeEndTimestamp": "2026-05-04T10:00:01Z", "EdgeResponseBytes": 512, "EdgeResponseStatus": 502, "EdgeStartTimestamp": "2026-05-04T10:00:00Z", "OriginResponseTime": 257000000, "OriginResponseDurationMs": 257, "RayID": "8f1a"}\n'
            '{"ClientIP": "203.0.113.8", "ClientRequestHost": "shop.example", "ClientRequestMethod": "GET", "ClientRequestURI": "/a?x=1", "EdgeEndTimestamp": "2026-05-04T10:00:01Z", "EdgeResponseBytes": 512, "EdgeResponseStatus": 200, "EdgeStartTimestamp": "2026-05-04T10:00:01Z", "OriginResponseTime": 57000000, "OriginResponseDurationMs": 57, "RayID": "8f1b"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": None,
            },
        ],
    ),
    Shape(
        "Cloudflare Logpush, times as nanoseconds",
        "documentation of Cloudflare, HTTP requests dataset",
        '{"ClientIP": "203.0.113.7", "ClientRequestHost": "shop.example", "ClientRequestMethod": "GET", "ClientRequestURI": "/a", "EdgeEndTimestamp": 1777888801500000000, "EdgeResponseBytes": 512, "EdgeResponseStatus": 522, "EdgeStartTimestamp": 1777888801000000000, "RayID": "8f1a", "SampleInterval": 10}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 522,
                "client.address": None,
            },
        ],
    ),
    Shape(
        "Fastly, classic format behind syslog",
        "documentation of Fastly, log streaming",
        '<134>2026-05-04T10:00:01Z cache-lcy19230 s3logs[1234]: 203.0.113.7 "-" "-" Mon, 04 May 2026 10:00:01 GMT GET /a 502\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "client.address": None,
                "severity_text": "info",
                "body": '203.0.113.7 "-" "-" Mon, 04 May 2026 10:00:01 GMT GET /a 502',
                "service.name": "s3logs",
                "host.name": "cache-lcy19230",
            },
        ],
        notes=["prefix (syslog)"],
    ),
    Shape(
        "Fastly, format version 2",
        "documentation of Fastly, log streaming",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 512\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 512\n'
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
        "Fastly, JSON",
        "documentation of Fastly, custom log formats",
        '{"timestamp": "2026-05-04T10:00:01", "client_ip": "203.0.113.7", "geo_country": "france", "host": "shop.example", "url": "/a", "request_method": "GET", "request_protocol": "HTTP/1.1", "request_referer": "", "request_user_agent": "curl", "response_state": "ERROR", "response_status": 502, "response_reason": "Bad Gateway", "response_body_size": 512, "fastly_server": "cache-cdg20750", "fastly_is_edge": true, "time_elapsed": 257123}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
                "attributes.host": "shop.example",
            },
        ],
    ),
    Shape(
        "Kong, file-log plugin",
        "documentation of Kong, log serialization",
        (
            '{"request": {"method": "GET", "uri": "/get", "url": "http://shop.example:8000/get", "size": "75", "querystring": {}, "headers": {"host": "shop.example", "user-agent": "curl/7"}}, "upstream_uri": "/", "response": {"status": 502, "size": "434", "headers": {"content-length": "197", "via": "kong/3.4"}}, "tries": [{"balancer_latency": 0, "port": 80, "balancer_start": 1777888801250, "ip": "10.0.0.1"}], "service": {"host": "httpbin.example", "name": "orders", "port": 80}, "route": {"name": "r1"}, "latencies": {"proxy": 143, "kong": 9, "request": 257}, "client_ip": "203.0.113.7", "started_at": 1777888801257}\n'
            '{"request": {"method": "GET", "uri": "/get", "url": "http://shop.example:8000/get", "size": "75", "querystring": {}, "headers": {"host": "shop.example", "user-agent": "curl/7"}}, "upstream_uri": "/", "response": {"status": 200, "size": "434", "headers": {"content-length": "197"}}, "tries": [], "service": {"host": "httpbin.example", "name": "orders", "port": 80}, "latencies": {"proxy": 143, "kong": 9, "request": 258}, "client_ip": "203.0.113.8", "started_at": 1777888802257}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
                "service.name": "orders",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": None,
                "service.name": "orders",
            },
        ],
    ),
    Shape(
        "Kong, access log",
        "documentation of Kong, nginx log format",
        (
            '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /get HTTP/1.1" 502 434 "-" "curl/7.68" kong_request_id: "a1b2c3"\n'
            '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /get HTTP/1.1" 200 434 "-" "curl/7.68" kong_request_id: "a1b2c4"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "access_log.rest": 'kong_request_id: "a1b2c3"',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "access_log.rest": 'kong_request_id: "a1b2c4"',
            },
        ],
        notes=["stay in access_log.rest"],
    ),
    Shape(
        "APISIX, http-logger",
        "documentation of APISIX, http-logger",
        '{"service_id": "", "apisix_latency": 100.99, "start_time": 1777888801257, "latency": 257.5, "response": {"size": 412, "headers": {"server": "APISIX"}, "status": 502}, "upstream_latency": 150, "route_id": "1", "request": {"method": "GET", "uri": "/get", "url": "http://127.0.0.1:9080/get", "querystring": {}, "headers": {"host": "127.0.0.1:9080"}, "size": 85}, "server": {"version": "3.4.0", "hostname": "gw-1"}, "client_ip": "203.0.113.7", "upstream": "10.0.0.1:80"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "client.address": None,
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "Heroku, router",
        "documentation of Heroku, HTTP routing",
        (
            '2026-05-04T10:00:07.123456+00:00 heroku[router]: at=info method=GET path="/app/x" host=shop.herokuapp.example request_id=8601b555-6a83-4c12-8269-97c8e32cdb27 fwd="203.0.113.7" dyno=web.1 connect=1ms service=257ms status=502 bytes=512 protocol=https\n'
            '2026-05-04T10:00:08.123456+00:00 heroku[router]: at=info method=GET path="/app/x" host=shop.herokuapp.example request_id=8601b555-6a83-4c12-8269-97c8e32cdb28 fwd="203.0.113.8" dyno=web.1 connect=1ms service=258ms status=200 bytes=512 protocol=https\n'
            '2026-05-04T10:00:09.123456+00:00 heroku[router]: at=info method=GET path="/app/x" host=shop.herokuapp.example request_id=8601b555-6a83-4c12-8269-97c8e32cdb29 fwd="203.0.113.9" dyno=web.1 connect=1ms service=259ms status=404 bytes=512 protocol=https\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07.123456Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "client.address": None,
                "severity_text": "info",
                "observed_timestamp": "2026-05-04T10:00:07.123456Z",
                "server.address": "shop.herokuapp.example",
            },
            {
                "timestamp": "2026-05-04T10:00:08.123456Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": None,
                "severity_text": "info",
                "observed_timestamp": "2026-05-04T10:00:08.123456Z",
                "server.address": "shop.herokuapp.example",
                "duration_ms": 258.0,
            },
            {
                "timestamp": "2026-05-04T10:00:09.123456Z",
                "error": False,
                "http.response.status_code": 404,
                "client.address": None,
                "severity_text": "info",
                "observed_timestamp": "2026-05-04T10:00:09.123456Z",
                "server.address": "shop.herokuapp.example",
                "duration_ms": 259.0,
            },
        ],
        notes=["prefix (Heroku)"],
    ),
    Shape(
        "Heroku, router, H12",
        "documentation of Heroku, error codes",
        (
            '2026-05-04T10:00:01.257123+00:00 heroku[router]: at=error code=H12 desc="Request timeout" method=GET path="/a" host=shop.example request_id=86 fwd="203.0.113.7" dyno=web.1 connect=1ms service=30001ms status=503 bytes=0 protocol=https\n'
            '2026-05-04T10:00:02.257123+00:00 heroku[router]: at=info method=GET path="/b" host=shop.example request_id=87 fwd="203.0.113.7" dyno=web.1 connect=0ms service=12ms status=200 bytes=12 protocol=https\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "http.response.status_code": 503,
                "client.address": None,
                "severity_text": "error",
                "observed_timestamp": "2026-05-04T10:00:01.257123Z",
                "server.address": "shop.example",
                "duration_ms": 30001.0,
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": None,
                "severity_text": "info",
                "observed_timestamp": "2026-05-04T10:00:02.257123Z",
                "server.address": "shop.example",
                "duration_ms": 12.0,
            },
        ],
        notes=["prefix (Heroku)"],
    ),
]
