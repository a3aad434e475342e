"""Layouts that the caller gives, in the syntax of nginx, Apache and gunicorn."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import InvalidArgument, ReadError
from obskit.readers import REGISTRY
from obskit.readers.access_log.custom.layout import compile_layout
from obskit.readers.io.source import Source
from obskit.schema import ReadOptions
from tests.support.examples import examples

COMBINED = '10.0.0.1 - ann [04/May/2026:10:00:01 +0000] "GET /cart?a=1 HTTP/1.1" 502 512 "-" "curl/8.0"'
APACHE = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
NGINX = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent"'
)
AT = datetime(2026, 5, 4, 10, 0, 1, tzinfo=UTC)
EARLIER = datetime(2026, 5, 4, 10, 0, 0, 750_000, tzinfo=UTC)
ROW = {
    "timestamp": AT,
    "name": "GET",
    "kind": "server",
    "error": True,
    "client.address": "10.0.0.1",
    "http.request.method": "GET",
    "http.response.body.size": 512,
    "http.response.status_code": 502,
    "network.protocol.version": "1.1",
    "url.path": "/cart",
    "url.query": "a=1",
    "user.name": "ann",
    "user_agent.original": "curl/8.0",
}


@pytest.mark.parametrize(
    ("layout", "more", "fields"),
    [
        (APACHE, "", {}),
        ("combined", "", {}),
        (f"{APACHE} %D", " 250000", {"duration_ms": 250.0}),
        (f"{APACHE} %T", " 2", {"duration_ms": 2000.0}),
        (f"{APACHE} %T/%D", " 0/250000", {"duration_ms": 250.0, "access_log.duration_s": 0}),
        (f"{APACHE} **%T/%D**", " **0/250000**", {"duration_ms": 250.0, "access_log.duration_s": 0}),
        (f"{APACHE} %{{ms}}T", " 250", {"duration_ms": 250.0}),
        (f"{APACHE} %{{us}}T", " 250", {"duration_ms": 0.25}),
        (f"{APACHE} %I %O", " 430 8970", {"http.request.size": 430, "http.response.size": 8970}),
        ("combinedio", " 430 8970", {"http.request.size": 430, "http.response.size": 8970}),
        (f"{APACHE} %X %k", " + 3", {"access_log.connection_status": "+", "access_log.keepalive_requests": "3"}),
        (f'{APACHE} "%{{X-Cache}}o" "%{{balancer}}n" "%{{HOME}}e"',
         ' "HIT" "one two" "-"',
         {"http.response.header.x-cache": "HIT", "access_log.note.balancer": "one two"}),
        (f'{APACHE} "%{{X-Forwarded-For}}i"', ' "203.0.113.7, 10.0.0.9"',
         {"client.address": "203.0.113.7", "network.peer.address": "10.0.0.1",
          "http.request.header.x-forwarded-for": "203.0.113.7, 10.0.0.9"}),
        (f"{APACHE} %v:%p", " shop.example:443", {"server.address": "shop.example", "server.port": 443}),
        (f"{APACHE} %P %{{tid}}P", " 17 4711", {"process.pid": 17, "thread.id": 4711}),
        (f"{APACHE} %{{Foo}}^ti %!200,304{{X-A}}i", " t a",
         {"access_log.trailer.foo": "t", "http.request.header.x-a": "a"}),
        (NGINX, "", {}),
        (f"{NGINX} $request_time $upstream_response_time", " 0.250 0.100, 0.048",
         {"timestamp": EARLIER, "duration_ms": 250.0, "nginx.upstream_response_time": 0.148}),
        (f'{NGINX} rt=$request_time ua="$upstream_addr" us="$upstream_status"',
         ' rt=0.250 ua="10.0.0.3:80" us="502"',
         {"timestamp": EARLIER, "duration_ms": 250.0, "nginx.upstream_addr": "10.0.0.3:80",
          "nginx.upstream_status": "502"}),
        (f"log_format main '{NGINX} '\n    '$msec ${{gzip_ratio}}';", " 1777888801.000 1.23",
         {"nginx.gzip_ratio": "1.23"}),
        (f'{NGINX} "$http_x_trace" $sent_http_x_cache', ' "t1" HIT',
         {"http.request.header.x-trace": "t1", "http.response.header.x-cache": "HIT"}),
        (f"{NGINX} $host $server_name", " shop.example _",
         {"server.address": "shop.example", "access_log.server_name": "_"}),
        ('%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(D)s', " 250000",
         {"timestamp": EARLIER, "duration_ms": 250.0}),
        ('%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(L)s %({x-id}i)s', " 0.250000 7",
         {"timestamp": EARLIER, "duration_ms": 250.0, "http.request.header.x-id": "7"}),
        ('LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\" %D" timed', " 250000",
         {"duration_ms": 250.0}),
    ],
)  # fmt: skip
def test_a_layout_says_what_the_values_are(read, layout, more, fields):
    got = read(f"{COMBINED}{more}\n".encode() * 3, log_format=layout)
    assert got.reasons == []
    assert got.rows == [ROW | fields] * 3
    assert got.report.notes == []


@pytest.mark.parametrize(
    ("layout", "line", "fields"),
    [
        ("$time_iso8601|$remote_addr|$request_method|$request_uri|$status|$request_time|$upstream_cache_status",
         "2026-05-04T12:00:01+02:00|10.0.0.1|GET|/cart?a=1|502|0.250|MISS",
         {"timestamp": EARLIER, "duration_ms": 250.0, "url.query": "a=1", "nginx.upstream_cache_status": "MISS"}),
        ("$msec\\t$remote_addr\\t$scheme://$host$request_uri\\t$status",
         "1777888801.250\t10.0.0.1\thttps://shop.example/cart?a=1\t502",
         {"server.address": "shop.example", "url.path": "/cart", "url.scheme": "https",
          "timestamp": AT.replace(microsecond=250_000)}),
        ("%h %m %U%q %H %s %t", "10.0.0.1 GET /cart?a=1 HTTP/1.1 502 [04/May/2026:12:00:01 +0200]",
         {"timestamp": AT, "url.path": "/cart", "url.query": "a=1", "network.protocol.version": "1.1"}),
        ("%h [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] %s", "10.0.0.1 [04/May/2026 12:00:01.250 +0200] 502",
         {"timestamp": AT.replace(microsecond=250_000)}),
        ("%{usec}t %h %s", "1777888801250000 10.0.0.1 502", {"timestamp": AT.replace(microsecond=250_000)}),
        ("%{end:%F %T}t %h %s %D", "2026-05-04 10:00:01 10.0.0.1 502 7", {"timestamp": AT, "duration_ms": 0.007}),
        ("$request_uri$is_args$args $status", "/cart?a=1 502", {"url.path": "/cart", "url.query": "a=1"}),
        ("%h: %s", "10.0.0.1: 502", {"client.address": "10.0.0.1"}),
    ],
)  # fmt: skip
def test_layouts_of_other_shapes(read, layout, line, fields):
    got = read(f"{line}\n".encode(), log_format=layout)
    assert got.reasons == []
    (row,) = got.rows
    assert row["http.response.status_code"] == 502
    assert {name: row.get(name) for name in fields} == fields


def test_json_with_escapes(read):
    """nginx's log_format with escape=json, and Apache's JSON by hand."""
    layout = '{"t":"$time_iso8601","r":"$request","s":$status,"rt":$request_time,"ua":"$http_user_agent","up":"$upstream_response_time"}'
    line = r'{"t":"2026-05-04T10:00:01+00:00","r":"GET /\"\u0061\" HTTP/1.1","s":502,"rt":0.250,"ua":"\\","up":""}'
    got = read(f"{line}\n".encode(), log_format=layout)
    assert got.reasons == []
    (row,) = got.rows
    assert row["timestamp"] == EARLIER
    assert row["url.path"] == '/"a"'
    assert row["user_agent.original"] == "\\"
    assert (row["duration_ms"], row["http.response.status_code"]) == (250.0, 502)


def test_the_time_zone_of_times_without_one(read):
    layout, line = "%h %{%d/%b/%Y:%H:%M:%S}t %s", b"10.0.0.1 04/May/2026:12:00:01 502\n"
    assert read(line, log_format=layout, tz="Europe/Berlin").rows[0]["timestamp"] == AT
    assert read(line, log_format=layout).rows[0]["timestamp"] == AT.replace(hour=12)


def test_a_line_that_does_not_match_is_rejected_with_the_variable(read):
    lines = [
        f"{COMBINED} 250000",
        f"{COMBINED} never",
        COMBINED.replace("04/May", "32/May") + " 1",
        COMBINED.replace(" 502 ", " x ") + " 1",
        f"{COMBINED} 250000 more",
        "",
        "nginx: [emerg] no",
    ]
    got = read("\n".join([*lines, ""]).encode(), log_format=f"{APACHE} %D")
    assert len(got.rows) == 1
    assert got.reasons == [
        ("line 2, byte 99", "the line does not match log_format at %D"),
        ("line 3, byte 197", "access log line has an invalid time"),
        ("line 4, byte 291", "the line does not match log_format at %>s"),
        ("line 5, byte 383", "the line goes on after the end of log_format"),
        ("line 7, byte 488", "the line does not match log_format at %u"),
    ]


def test_no_line_matches(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(b"one\ntwo\n", log_format=NGINX)
    assert str(caught.value) == (
        f"{tmp_path}/events has no access log line (line 1, byte 0: the line does not match log_format at "
        "$remote_user)\nHint: write log_format as the server's configuration has it"
    )


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (
            "combined with time",
            "log_format has no variable: 'combined with time'\nHint: write it as the server has it, such as "
            "'$remote_addr [$time_local] \"$request\" $status $request_time' or '%h %t \"%r\" %>s %D'",
        ),
        (
            "$foo$bar",
            "log_format has nothing between $foo and $bar: where the first value ends cannot be found\n"
            "Hint: put a space or another character between them, as the log has it",
        ),
        (
            "%{%Q}t",
            "log_format has an unknown time format %Q in %{%Q}t\n"
            "Hint: use letters that Python's strptime reads, such as %{%Y-%m-%dT%H:%M:%S%z}t",
        ),
    ],
)
def test_a_layout_that_cannot_be_read(read, layout, message):
    with pytest.raises(InvalidArgument) as caught:
        read(f"{COMBINED}\n".encode(), log_format=layout)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("data", "layout", "name"),
    [
        (COMBINED, NGINX, "access log"),
        ("a plain text\nof two lines", NGINX, "access log"),
        ('{"timestamp": "2026-05-04T10:00:00Z", "name": "x"}', NGINX, "flat JSONL"),
        ('{"s":502,"r":"GET / HTTP/1.1"}', '{"s":$status,"r":"$request"}', "access log"),
        (
            "timestamp,name,duration_ms\n2026-05-04T10:00:00Z,book,1\n2026-05-04T10:00:01Z,book,2",
            NGINX,
            "CSV",
        ),
        (
            '[2026-05-04T08:00:01Z] "GET / HTTP/2" 200 - 1 1 1 1 "-" "-" "-" "-" "-"',
            NGINX,
            "Envoy access log",
        ),
    ],
)
def test_it_applies_to_text_that_is_of_no_other_format(tmp_path, data, layout, name):
    path = tmp_path / "x"
    path.write_text(data + "\n")
    assert REGISTRY.choose(Source(path), ReadOptions(log_format=layout)).name == name


_PARTS = st.sampled_from(
    [
        *("$status", "$remote_addr", "$request", "$foo", "$upstream_addr", "$request_time", "$time_local"),
        *("%h", "%D", "%{X}i", '"', " ", "[", "]", "-", "|", "\\", "(a+)+", "{", "\t"),
    ]
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(_PARTS, min_size=1, max_size=10), st.text(st.sampled_from('a1 "[]-|.,:\\/'), max_size=60))
def test_any_layout_compiles_or_is_refused(parts, line):
    try:
        custom = compile_layout("".join(parts))
    except InvalidArgument:
        return
    if custom.layout.pattern.fullmatch(line) is None:
        assert custom.mismatch(line)


@pytest.mark.parametrize(
    "layout",
    [NGINX, f'{NGINX} $upstream_addr "$upstream_status"', "$a $b $c $d", "$a|$b|$request_uri$is_args$args"],
)
def test_matching_takes_time_in_proportion_to_the_line(layout):
    custom = compile_layout(layout)
    for unit in ('"', " ", "a ", '" "', "[", "\\", "1, ", "|", "a:80, ", "?"):
        line = unit * (200_000 // len(unit))
        begin = time.process_time()
        custom.layout.pattern.fullmatch(line)
        custom.mismatch(line)
        assert time.process_time() - begin < 1.0
