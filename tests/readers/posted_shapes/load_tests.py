"""Results of load tests."""

from __future__ import annotations

from tests.readers.posted_shapes.made import AT, text
from tests.readers.posted_shapes.shape import Shape

START = 1_777_888_800


_VEGETA = {
    "attack": "",
    "seq": 0,
    "code": 503,
    "timestamp": "2026-05-04T12:00:00.000000000+02:00",
    "latency": 250_000_000,
    "bytes_out": 0,
    "bytes_in": 41,
    "error": "503 Service Unavailable",
    "body": None,
    "method": "GET",
    "url": "https://shop.example/cart",
    "headers": {},
}

_FAILED = {"timestamp": AT, "duration_ms": 250.0, "http.response.status_code": 503, "error": True}

_CADDY = {
    "level": "info",
    "ts": START + 0.25,
    "logger": "http.log.access.log0",
    "msg": "handled request",
    "request": {
        "remote_ip": "192.0.2.7",
        "remote_port": "41",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "shop.example",
        "uri": "/cart",
        "headers": {},
    },
    "bytes_read": 0,
    "user_id": "",
    "duration": 0.25,
    "size": 41,
    "status": 503,
    "resp_headers": {},
}

_K6 = [
    {"type": "Metric", "data": {"name": "http_req_duration", "type": "trend"}, "metric": "http_req_duration"},
    {
        "metric": "http_req_duration",
        "type": "Point",
        "data": {
            "time": "2026-05-04T10:00:00.25Z",
            "value": 250.0,
            "tags": {"method": "GET", "name": "/cart", "status": "503", "url": "https://shop.example/cart"},
        },
    },
]

_AUTOCANNON = {
    "url": "http://shop.example/cart",
    "connections": 10,
    "duration": 10.03,
    "samples": 10,
    "start": "2026-05-04T10:00:00.000Z",
    "finish": "2026-05-04T10:00:10.000Z",
    "errors": 0,
    "timeouts": 0,
    "non2xx": 0,
    "2xx": 41,
    "latency": {"average": 2.5, "p99": 12},
    "requests": {"average": 4, "total": 41},
    "throughput": {"average": 41},
}

_OHA = {
    "summary": {"successRate": 1.0, "total": 10.0, "slowest": 0.25, "fastest": 0.01, "requestsPerSec": 4.1},
    "responseTimeHistogram": {"0.25": 41},
    "latencyPercentiles": {"p50": 0.1},
    "statusCodeDistribution": {"200": 41},
    "errorDistribution": {},
}

_BOMBARDIER = {
    "spec": {"numberOfConnections": 10, "method": "GET", "url": "http://shop.example/cart"},
    "result": {"bytesRead": 41, "timeTakenSeconds": 10, "req2xx": 41, "latency": {"mean": 250.0}},
}

_ARTILLERY = {
    "aggregate": {"counters": {"http.requests": 41}, "firstMetricAt": START * 1000},
    "intermediate": [{"counters": {"http.requests": 41}, "period": str(START * 1000)}],
}

_VEGETA_REPORT = {
    "latencies": {"total": 41, "mean": 250_000_000, "50th": 1, "99th": 2, "max": 3, "min": 1},
    "bytes_in": {"total": 41, "mean": 1},
    "bytes_out": {"total": 0, "mean": 0},
    "earliest": AT,
    "latest": AT,
    "end": AT,
    "duration": 10_000_000_000,
    "requests": 41,
    "rate": 4.1,
    "success": 1,
    "status_codes": {"200": 41},
    "errors": [],
}

_K6_SUMMARY = {
    "options": {"summaryTrendStats": ["avg"]},
    "state": {"testRunDurationMs": 10_000},
    "metrics": {"http_req_duration": {"type": "trend", "contains": "time", "values": {"avg": 250.0}}},
    "root_group": {"name": "", "path": "", "groups": [], "checks": []},
}

_JTL = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,"
    "sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n"
)

_JTL_ROWS = (
    "1777888800000,250,GET /cart,503,Service Unavailable,Users 1-1,text,false,,41,120,1,1,"
    "https://shop.example/cart,240,0,5\n"
    "1777888801000,12,GET /cart,200,OK,Users 1-1,text,true,,41,120,1,1,https://shop.example/cart,10,0,0\n"
)

_JTL_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">\n'
    '<httpSample t="250" it="0" lt="240" ct="5" ts="1777888800000" s="false" lb="GET /cart" rc="503" '
    'rm="Service Unavailable" tn="Users 1-1" dt="text" by="41" sby="120" ng="1" na="1"/>\n</testResults>\n'
)

_GATLING = (
    "RUN\tshop.CartSimulation\tcartsimulation\t1777888800000\t \t3.9.5\n"
    "USER\tUsers\tSTART\t1777888800000\n"
    "REQUEST\t\tGET cart\t1777888800000\t1777888800250\tKO\tstatus.find.is(200), but actually found 503\n"
    "USER\tUsers\tEND\t1777888801000\n"
)

_K6_CSV = (
    "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,"
    "scenario,service,status,subproto,tls_version,url,extra_tags\n"
    "http_reqs,1777888800,1.000000,,,1503,false,,GET,/cart,HTTP/1.1,default,,503,,,https://shop.example/cart,\n"
    "http_req_duration,1777888800,250.000000,,,1503,false,,GET,/cart,HTTP/1.1,default,,503,,,"
    "https://shop.example/cart,\n"
)

_LOCUST_HISTORY = (
    '"Timestamp","User Count","Type","Name","Requests/s","Failures/s","50%","66%","Total Request Count",'
    '"Total Failure Count"\n'
    "1777888800,1,,Aggregated,0.000000,0.000000,N/A,N/A,0,0\n"
    "1777888801,1,,Aggregated,4.100000,1.000000,12,250,4,1\n"
)

_AB_GNUPLOT = (
    "starttime\tseconds\tctime\tdtime\tttime\twait\n"
    "Mon May 04 10:00:00 2026\t1777888800\t5\t245\t250\t240\n"
    "Mon May 04 10:00:01 2026\t1777888801\t0\t12\t12\t10\n"
)

SHAPES = [
    Shape(
        "vegeta, encode to JSON",
        "documentation of vegeta, encode",
        text(_VEGETA) * 2,
        [_FAILED, _FAILED],
    ),
    Shape(
        "vegeta, results in a JSON list",
        "results of vegeta behind jq -s",
        text([_VEGETA, {**_VEGETA, "code": 200, "error": ""}], 2),
        [_FAILED, _FAILED | {"http.response.status_code": 200, "error": False}],
    ),
    Shape(
        "vegeta, report as JSON", "documentation of vegeta, report", text(_VEGETA_REPORT), refused="vegeta"
    ),
    Shape(
        "Caddy, in a JSON list", "logs of Caddy behind jq -s", text([_CADDY, _CADDY], 2), [_FAILED, _FAILED]
    ),
    Shape("k6, points as JSON lines", "documentation of k6, json output", "".join(map(text, _K6)), [_FAILED]),
    Shape("k6, points in a JSON list", "results of k6 behind jq -s", text(_K6, 2), [_FAILED]),
    Shape(
        "k6, CSV",
        "documentation of k6, csv output",
        _K6_CSV,
        [{"duration_ms": 250.0, "http.response.status_code": 503, "error": True}],
    ),
    Shape("k6, handleSummary", "documentation of k6, handleSummary", text(_K6_SUMMARY, 4), refused="k6"),
    Shape(
        "hey, CSV",
        "https://pkg.go.dev/github.com/vvidic/hey/requester",
        "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
        "0.2500,0.0050,0.0010,0.0000,0.2400,0.0050,503,0.0000\n",
        refused="hey",
    ),
    Shape(
        "oha, CSV",
        "https://github.com/hatoo/oha",
        "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n"
        "0.0000,0.0010,0.0050,0.2400,0.2500,41,503\n0.2500,0,0,0.01,0.0125,41,200\n",
        refused="oha",
    ),
    Shape(
        "oha, JSON",
        "https://raw.githubusercontent.com/hatoo/oha/master/schema.json",
        text(_OHA, 2),
        refused="oha",
    ),
    Shape("oha, JSON on one line", "https://github.com/hatoo/oha", text(_OHA), refused="oha"),
    Shape("autocannon, -j", "documentation of autocannon", text(_AUTOCANNON), refused="autocannon"),
    Shape(
        "bombardier, JSON", "documentation of bombardier, -o json", text(_BOMBARDIER), refused="bombardier"
    ),
    Shape("Artillery, report", "documentation of Artillery, --output", text(_ARTILLERY), refused="Artillery"),
    Shape(
        "JMeter, CSV",
        "documentation of JMeter, CSV log format",
        _JTL + _JTL_ROWS,
        [_FAILED, {"timestamp": "2026-05-04T10:00:01Z", "duration_ms": 12.0, "error": False}],
        file="results.jtl",
    ),
    Shape(
        "JMeter, CSV without a header",
        "documentation of JMeter, jmeter.save.saveservice.print_field_names=false",
        _JTL_ROWS,
        refused="JMeter",
        file="results.jtl",
    ),
    Shape("JMeter, XML", "documentation of JMeter, XML log format", _JTL_XML, [_FAILED], file="results.jtl"),
    Shape(
        "Gatling, simulation.log",
        "https://github.com/gatling/gatling/issues/3636",
        _GATLING,
        refused="Gatling",
    ),
    Shape(
        "Locust, history of statistics",
        "documentation of Locust, --csv",
        _LOCUST_HISTORY,
        refused="Locust",
        file="run_stats_history.csv",
    ),
    Shape(
        "Locust, statistics",
        "documentation of Locust, --csv",
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time\n"
        "GET,/cart,41,1,12,25.0,1\n,Aggregated,41,1,12,25.0,1\n",
        refused="Locust",
        file="run_stats.csv",
    ),
    Shape(
        "ab -g",
        "documentation of ApacheBench, -g",
        _AB_GNUPLOT,
        [
            {"timestamp": AT, "duration_ms": None, "ttime": 250, "seconds": 1777888800},
            {"timestamp": "2026-05-04T10:00:01Z"},
        ],
        file="ab.tsv",
    ),
    Shape(
        "ab -e",
        "documentation of ApacheBench, -e",
        "Percentage served,Time in ms\n0,12.000\n50,25.000\n99,250.000\n",
        refused="ApacheBench",
    ),
]
