"""Fingerprints of stack traces: the same fault has one name, another place has another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.schema.stack_fingerprint import stack_fingerprint
from tests.schema.samples import events, one
from tests.support.examples import examples


def java(n):
    return (
        f"java.lang.IllegalStateException: seat {n} is taken\n"
        f"\tat com.shop.Cart.add(Cart.java:{n})\n"
        f"\tat com.shop.Api.lambda$put${n}(Api.java:{n + 9})\n"
        f"\tat com.shop.Api$$Lambda/0x{n:08x}.run(Unknown Source)\n"
        f"\tat java.base/java.lang.Thread.run(Thread.java:{n})\n"
    )


JAVA = (
    "java.lang.IllegalStateException",
    ("com.shop.Cart.add < com.shop.Api.put < com.shop.Api.run < java.lang.Thread.run"),
)

# What n changes must not change the fingerprint.
TRACES = {
    "java": (java, JAVA),
    "java, caused by": (
        lambda n: f"com.shop.Outer: {n}\n\tat com.shop.X.y(X.java:{n})\nCaused by: {java(n)}\t... {n} more\n",
        JAVA,
    ),
    "java, in a thread": (lambda n: f'Exception in thread "pool-{n}" {java(n)}', JAVA),
    "python": (
        lambda n: (
            f'Traceback (most recent call last):\n  File "/app/v{n}/api.py", line {n}, in handle\n    pay(x)\n'
            f'  File "/app/v{n}/pay.py", line {n}, in pay\n    raise TimeoutError(x)\n    ^^^^^\n'
            f"TimeoutError: after {n} s\n"
        ),
        ("TimeoutError", "pay.pay < api.handle"),
    ),
    "python, chained": (
        lambda n: (
            f'Traceback (most recent call last):\n  File "/app/db.py", line {n}, in get\n    x\nKeyError: {n}\n\n'
            "During handling of the above exception, another exception occurred:\n\n"
            f'Traceback (most recent call last):\n  File "/app/api.py", line {n}, in handle\n    x\nshop.Gone: {n}'
        ),
        ("KeyError", "db.get"),
    ),
    "node": (
        lambda n: (
            f"TypeError: cannot read 'x{n}'\n    at pay (/app/src/pay.js:{n}:12)\n"
            f"    at async handle (/app/src/api.js:{n}:3)\n    at new Cart (/app/src/cart.js:{n}:1)\n"
            f"    at /app/src/main.{n}.js:{n}:2\n    at process.task (node:internal/task:{n}:5)"
        ),
        ("TypeError", "pay < handle < Cart < main < process.task"),
    ),
    "node, cause": (
        lambda n: (
            f"Error: outer {n}\n    at handle (/app/api.js:{n}:3) {{\n  [cause]: RangeError: inner {n}\n"
            f"      at pay (/app/pay.js:{n}:12)\n}}"
        ),
        ("RangeError", "pay"),
    ),
    "browser": (
        lambda n: f"pay@https://shop.example/app.js:{n}:5\n@https://shop.example/boot.js:{n}:5",
        (None, "pay < boot"),
    ),
    "go": (
        lambda n: (
            f"panic: index {n} out of range\n\ngoroutine {n} [running]:\npanic({{0x{n:x}, 0x2}})\n"
            f"\t/go/src/runtime/panic.go:{n} +0x1\ngithub.com/shop/api/pay.(*Server).Pay(0xc0{n:x})\n"
            f"\t/app/pay.go:{n} +0x{n:x}\nmain.main()\n\t/app/main.go:{n} +0x1d\n\n"
            f"goroutine {n + 1} [select]:\nmain.other()\n\t/app/other.go:{n}\n"
        ),
        ("panic", "pay.(*Server).Pay < main.main"),
    ),
    ".NET": (
        lambda n: (
            f"System.InvalidOperationException: bad {n}\n   at Shop.Cart.Add(Int32 n) in /src/Cart.cs:line {n}\n"
            f"   at Shop.Api.<PutAsync>d__{n}.MoveNext() in /src/Api.cs:line {n}\n"
            f"   at Shop.Api.<>c__DisplayClass{n}_0.<Run>b__0()"
        ),
        ("System.InvalidOperationException", "Shop.Cart.Add < Shop.Api.PutAsync < Shop.Api.Run"),
    ),
    ".NET, inner": (
        lambda n: (
            f"System.AggregateException: errors ({n})\n ---> System.TimeoutException: late {n}\n"
            "   at Shop.Pay.Call(String s, List`1 x)\n   --- End of inner exception stack trace ---\n"
            "   at Shop.Api.Put()"
        ),
        ("System.TimeoutException", "Shop.Pay.Call"),
    ),
    "ruby": (
        lambda n: (
            f"app/pay.rb:{n}:in `pay': no card {n} (Shop::CardError)\n"
            f"\tfrom app/api.rb:{n}:in `block (2 levels) in handle'\n\tfrom app/api.rb:{n}:in 'Shop::Api#run'"
        ),
        ("Shop::CardError", "pay.pay < api.handle < Shop::Api#run"),
    ),
    "php": (
        lambda n: (
            f"PHP Fatal error:  Uncaught Shop\\CardError: no {n} in /app/pay.php:{n}\nStack trace:\n"
            f"#0 /app/api.php({n}): Shop\\Cart->pay(Object(X))\n#1 {{main}}\n  thrown in /app/pay.php on line {n}"
        ),
        ("Shop\\CardError", "Shop\\Cart->pay"),
    ),
}


@pytest.mark.parametrize(("trace", "expected"), TRACES.values(), ids=TRACES)
def test_the_same_fault_has_one_name(trace, expected):
    assert {stack_fingerprint(trace(n)) for n in (11, 237, 4096)} == {expected}


@pytest.mark.parametrize(("trace", "expected"), TRACES.values(), ids=TRACES)
def test_another_method_is_another_fingerprint(trace, expected):
    first = expected[1].split(" < ")[0]
    method = first.rpartition(".")[2].rpartition(">")[2]
    other = stack_fingerprint(trace(11).replace(method, "somewhere"))
    assert other is not None
    assert other != expected


def test_five_frames_and_recursion_is_one():
    lines = [f"\tat a.B.f{letter}(B.java:1)\n" for letter in "xxxxyzuvw"]
    assert stack_fingerprint("a.E: m\n" + "".join(lines)) == (
        "a.E",
        "a.B.fx < a.B.fy < a.B.fz < a.B.fu < a.B.fv",
    )


@pytest.mark.parametrize(
    "text",
    ["", "no seats", "Error: x", "mail bob@shop.example:25", "one\n   at noon (12:00) we left", "a\nb\nc",
     "at the end (of the day)\n  at work", "Caused by: nothing", "goroutine 5 [running]:"],
)  # fmt: skip
def test_text_without_frames_has_none(text):
    assert stack_fingerprint(text) is None


@settings(deadline=None, max_examples=examples(200))
@given(st.lists(st.sampled_from(["\n", "\tat ", "a.b", "(", ")", "X.java:1", "File \"", "---> ", "Caused by: ", "@", ":5",
                                 "goroutine 1 [x]:", "#0 a(1): ", "in `", "'", "Traceback (most recent call last):"])))  # fmt: skip
def test_any_text_gives_frames_or_none(parts):
    found = stack_fingerprint("".join(parts))
    assert found is None or (found[1] and "\n" not in found[1])


# The column, at load.


def test_the_column_has_type_and_frames():
    row = one({"body": "failed", "exception.stacktrace": java(7)})
    assert row["obskit.exception.fingerprint"] == " at ".join(JAVA)


def test_the_type_of_the_exception_stands_in_for_one_that_the_trace_does_not_say():
    stack = "app/pay.rb:5:in `pay'\napp/api.rb:9:in `handle'"
    rows, _, schema = events(
        {"exception.stacktrace": stack, "exception.type": "Shop::CardError"},
        {"exception.stacktrace": stack},
        {"exception.stacktrace": "some\nprose"},
        {"name": "x"},
    )
    assert [row["obskit.exception.fingerprint"] for row in rows] == [
        "Shop::CardError at pay.pay < api.handle", "pay.pay < api.handle", None, None,
    ]  # fmt: skip
    assert "obskit.exception.fingerprint" in schema.names


def test_a_fingerprint_of_the_source_is_kept():
    row = one({"exception.stacktrace": java(7), "obskit.exception.fingerprint": "mine"})
    assert row["obskit.exception.fingerprint"] == "mine"
