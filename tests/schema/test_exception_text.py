"""The exception's type and message in the text of a field such as `stack_trace`."""

import pytest

from obskit.schema.exception_text import describe_exception

FRAMES = 'Traceback (most recent call last):\n  File "/pay.py", line 1, in pay\n    charge()\n'


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "java.lang.IllegalStateException: no seats\n\tat Shop.main(Shop.java:7)",
            "java.lang.IllegalStateException",
            "no seats",
        ),
        (
            "java.lang.NullPointerException\n\tat Shop.main(Shop.java:7)",
            "java.lang.NullPointerException",
            None,
        ),
        (
            'Exception in thread "main" java.io.IOException: reset\n\tat A.b(A.java:1)',
            "java.io.IOException",
            "reset",
        ),
        ("shop.NoCard: no card\n\tat Shop.main(Shop.java:7)", "shop.NoCard", "no card"),
        ("NoCard: no card\n    at pay (/app/pay.js:1:1)", "NoCard", "no card"),
        ("Error: x\n    at pay (/app/pay.js:1:1)", "Error", "x"),
        ("Error [ERR_X]: bad\n    at pay (/app/pay.js:1:1)", "Error", "bad"),
        (
            "Uncaught TypeError: x is not a function\n    at pay (/app/pay.js:1:1)",
            "TypeError",
            "x is not a function",
        ),
        (
            "System.InvalidOperationException: no seats\n   at Shop.Pay.Run()",
            "System.InvalidOperationException",
            "no seats",
        ),
        (FRAMES + "ValueError: no card", "ValueError", "no card"),
        (FRAMES + "KeyboardInterrupt", "KeyboardInterrupt", None),
        (FRAMES + "shop.NoCard: no card", "shop.NoCard", "no card"),
        (FRAMES + "ValueError: first\nsecond\n", "ValueError", "first\nsecond"),
        (FRAMES + "ValueError: first\nfailed", "ValueError", "first\nfailed"),
        (
            FRAMES
            + "KeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\n"
            + FRAMES
            + "shop.NoCard: b",
            "shop.NoCard",
            "b",
        ),
        (FRAMES, None, None),
        ("Traceback (most recent call last):\n", None, None),
        ("panic: no card", "panic", "no card"),
        ("ValueError: no card", "ValueError", "no card"),
        ("no card", None, None),
        ("retry: no card\nsecond line", None, None),
        ("Status: fine\nat noon", None, None),
        ("", None, None),
        ("\n\n", None, None),
    ],
)
def test_type_and_message(text, kind, message):
    assert describe_exception(text) == (kind, message)
    assert describe_exception(text.replace("\n", "\r\n")) == (kind, message)
