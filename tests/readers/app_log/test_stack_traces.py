"""Stack traces of each language: body, type, message and trace; and the record that they belong to."""

import pytest

from tests.readers.app_log.rows import rows_of

CASES = {
    "Python, chained": (
        (
            "2026-05-04 10:00:00,123 ERROR boom\n"
            "Traceback (most recent call last):\n"
            '  File "/a.py", line 1, in f\n'
            "    g()\n"
            "KeyError: 'a'\n"
            "\n"
            "During handling of the above exception, another exception occurred:\n"
            "\n"
            "Traceback (most recent call last):\n"
            '  File "/a.py", line 3, in h\n'
            '    raise NoCard("no card")\n'
            "shop.errors.NoCard: no card\n"
            "second line\n"
            "2026-05-04 10:00:00,124 INFO next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "no card\nsecond line",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/a.py", line 1, in f\n    g()\nKeyError: \'a\'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "/a.py", line 3, in h\n    raise NoCard("no card")\nshop.errors.NoCard: no card\nsecond line',
                "exception.type": "shop.errors.NoCard",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "next",
                "severity_text": "INFO",
                "severity_number": 9,
            },
        ],
        [],
    ),
    "Python, caused": (
        (
            "2026-05-04 10:00:00,123 ERROR boom\n"
            "Traceback (most recent call last):\n"
            '  File "/a.py", line 1, in f\n'
            "KeyError: 'a'\n"
            "\n"
            "The above exception was the direct cause of the following exception:\n"
            "\n"
            "Traceback (most recent call last):\n"
            '  File "/a.py", line 3, in h\n'
            "KeyboardInterrupt\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/a.py", line 1, in f\nKeyError: \'a\'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File "/a.py", line 3, in h\nKeyboardInterrupt',
                "exception.type": "KeyboardInterrupt",
            },
        ],
        [],
    ),
    "Python, a group": (
        (
            "2026-05-04 10:00:00,123 ERROR boom\n"
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "/a.py", line 1, in f\n'
            "  | ExceptionGroup: two (2 sub-exceptions)\n"
            "  +-+---------------- 1 ----------------\n"
            "    | ValueError: a\n"
            "    +---------------- 2 ----------------\n"
            "    | TypeError: b\n"
            "    +------------------------------------\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "two (2 sub-exceptions)",
                "exception.stacktrace": '  + Exception Group Traceback (most recent call last):\n  |   File "/a.py", line 1, in f\n  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: a\n    +---------------- 2 ----------------\n    | TypeError: b\n    +------------------------------------',
                "exception.type": "ExceptionGroup",
            },
        ],
        [],
    ),
    "Python, a syntax error": (
        (
            "2026-05-04 10:00:00,123 ERROR boom\n"
            "Traceback (most recent call last):\n"
            '  File "/a.py", line 1, in f\n'
            "    exec(x)\n"
            '  File "<string>", line 1\n'
            "    a b\n"
            "      ^\n"
            "SyntaxError: invalid syntax\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "invalid syntax",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/a.py", line 1, in f\n    exec(x)\n  File "<string>", line 1\n    a b\n      ^\nSyntaxError: invalid syntax',
                "exception.type": "SyntaxError",
            },
        ],
        [],
    ),
    "Python, markers below the line": (
        (
            "2026-05-04 10:00:00,123 ERROR boom\n"
            "Traceback (most recent call last):\n"
            '  File "/a.py", line 1, in f\n'
            "    g(1/0)\n"
            "      ~^~\n"
            "ZeroDivisionError: division by zero\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "division by zero",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/a.py", line 1, in f\n    g(1/0)\n      ~^~\nZeroDivisionError: division by zero',
                "exception.type": "ZeroDivisionError",
            },
        ],
        [],
    ),
    "Java, caused and suppressed": (
        (
            "2026-05-04 10:00:00.123 [main] ERROR c.s.Pay - pay failed\n"
            "c.s.NoCard: no\n"
            "  card\n"
            "\tat c.s.Pay.run(Pay.java:7) ~[app.jar:1.0]\n"
            "\tat java.base/java.lang.Thread.run(Thread.java:1)\n"
            "\tSuppressed: java.io.IOException: close\n"
            "\t\tat c.s.Net.close(Net.java:3)\n"
            "Caused by: java.io.IOException: reset\n"
            "\tat c.s.Net.read(Net.java:3)\n"
            "\t... 12 more\n"
            "Caused by: java.net.SocketException\n"
            "\t... 13 common frames omitted\n"
            "2026-05-04 10:00:00.124 [main] INFO  c.s.Pay - next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "pay failed",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "c.s.Pay",
                "exception.message": "no\n  card",
                "exception.stacktrace": "c.s.NoCard: no\n  card\n\tat c.s.Pay.run(Pay.java:7) ~[app.jar:1.0]\n\tat java.base/java.lang.Thread.run(Thread.java:1)\n\tSuppressed: java.io.IOException: close\n\t\tat c.s.Net.close(Net.java:3)\nCaused by: java.io.IOException: reset\n\tat c.s.Net.read(Net.java:3)\n\t... 12 more\nCaused by: java.net.SocketException\n\t... 13 common frames omitted",
                "exception.type": "c.s.NoCard",
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "next",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.s.Pay",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Java, nothing but the exception": (
        (
            "2026-05-04 10:00:00.123 [main] ERROR c.s.Pay - \n"
            "java.lang.NullPointerException\n"
            "\tat c.s.Pay.run(Pay.java:7)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "java.lang.NullPointerException",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "c.s.Pay",
                "exception.stacktrace": "java.lang.NullPointerException\n\tat c.s.Pay.run(Pay.java:7)",
                "exception.type": "java.lang.NullPointerException",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Java, an inner class": (
        (
            "2026-05-04 10:00:00.123 [main] ERROR c.s.Pay - boom\n"
            "c.s.Outer$Inner: no card\n"
            "\tat c.s.Pay.run(Pay.java:7)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "c.s.Pay",
                "exception.message": "no card",
                "exception.stacktrace": "c.s.Outer$Inner: no card\n\tat c.s.Pay.run(Pay.java:7)",
                "exception.type": "c.s.Outer$Inner",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Java, uncaught": (
        (
            "2026-05-04 10:00:00.123 [main] INFO  c.s.Pay - hello\n"
            'Exception in thread "main" java.lang.IllegalStateException: no seats\n'
            "\tat c.s.Pay.run(Pay.java:7)\n"
            "2026-05-04 10:00:00.124 [main] INFO  c.s.Pay - next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.s.Pay",
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": 'Exception in thread "main" java.lang.IllegalStateException: no seats',
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "no seats",
                "exception.stacktrace": 'Exception in thread "main" java.lang.IllegalStateException: no seats\n\tat c.s.Pay.run(Pay.java:7)',
                "exception.type": "java.lang.IllegalStateException",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "next",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.s.Pay",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Java, after the message in its line": (
        (
            "2026-05-04 10:00:00.123 [main] WARN  c.s.Pay - retry: java.io.IOException: reset\n"
            "\tat c.s.Pay.run(Pay.java:7)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "retry: java.io.IOException: reset",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.namespace": "c.s.Pay",
                "exception.message": "reset",
                "exception.stacktrace": "java.io.IOException: reset\n\tat c.s.Pay.run(Pay.java:7)",
                "exception.type": "java.io.IOException",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Go, uncaught": (
        (
            "2026/05/04 10:00:00 hello\n"
            "panic: runtime error: index out of range [3] with length 3\n"
            "\n"
            "goroutine 1 [running]:\n"
            "main.main()\n"
            "\t/app/main.go:12 +0x1d\n"
            "exit status 2\n"
        ),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "hello"},
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "panic: runtime error: index out of range [3] with length 3",
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "runtime error: index out of range [3] with length 3",
                "exception.stacktrace": "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d\nexit status 2",
                "exception.type": "panic",
            },
        ],
        [],
    ),
    "Go, recovered": (
        (
            "2026/05/04 10:00:00 http: panic serving 10.0.0.7:5123: no card\n"
            "goroutine 7 [running]:\n"
            "net/http.(*conn).serve.func1()\n"
            "\t/go/server.go:1 +0xb\n"
            "2026/05/04 10:00:01 next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "http: panic serving 10.0.0.7:5123: no card",
                "exception.stacktrace": "goroutine 7 [running]:\nnet/http.(*conn).serve.func1()\n\t/go/server.go:1 +0xb",
            },
            {"timestamp": "2026-05-04T10:00:01Z", "body": "next"},
        ],
        [],
    ),
    "Go, in a record of glog": (
        (
            "E0504 10:00:00.123456       7 runtime.go:78] Observed a panic: no card\n"
            "goroutine 7 [running]:\n"
            "shop/pay.Run(0x1)\n"
            "\t/go/pay.go:12 +0x1\n"
            "I0504 10:00:01.123456       7 a.go:78] next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "error": True,
                "body": "Observed a panic: no card",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.file.path": "runtime.go",
                "code.line.number": 78,
                "exception.stacktrace": "goroutine 7 [running]:\nshop/pay.Run(0x1)\n\t/go/pay.go:12 +0x1",
                "thread.id": 7,
            },
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "body": "next",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.file.path": "a.go",
                "code.line.number": 78,
                "thread.id": 7,
            },
        ],
        [],
    ),
    "Node.js, with properties": (
        (
            "2026-05-04 10:00:00.123 [error] request failed\n"
            "TypeError: Cannot read properties of undefined (reading 'id')\n"
            "    at pay (/app/pay.js:3:9)\n"
            "    at async run (/app/a.js:1:1) {\n"
            "  code: 'E_X',\n"
            "  [cause]: Error: inner\n"
            "      at f (/a.js:1:1)\n"
            "}\n"
            "2026-05-04 10:00:00.124 [info] next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "request failed",
                "severity_text": "error",
                "severity_number": 17,
                "exception.message": "Cannot read properties of undefined (reading 'id')",
                "exception.stacktrace": "TypeError: Cannot read properties of undefined (reading 'id')\n    at pay (/app/pay.js:3:9)\n    at async run (/app/a.js:1:1) {\n  code: 'E_X',\n  [cause]: Error: inner\n      at f (/a.js:1:1)\n}",
                "exception.type": "TypeError",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "next",
                "severity_text": "info",
                "severity_number": 9,
            },
        ],
        [],
    ),
    "Node.js, uncaught": (
        (
            "2026-05-04 10:00:00.123 INFO hello\n"
            "/app/pay.js:3\n"
            "    throw new Error('no card');\n"
            "    ^\n"
            "\n"
            "Error: no card\n"
            "    at pay (/app/pay.js:3:9)\n"
            "\n"
            "Node.js v20.1.0\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "/app/pay.js:3\n    throw new Error('no card');\n    ^",
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "no card",
                "exception.stacktrace": "Error: no card\n    at pay (/app/pay.js:3:9)\n\nNode.js v20.1.0",
                "exception.type": "Error",
            },
        ],
        [],
    ),
    ".NET, an inner exception": (
        (
            "2026-05-04 10:00:00.123 +00:00 [ERR] boom\n"
            "System.AggregateException: One or more (no seats)\n"
            " ---> System.InvalidOperationException: no seats\n"
            "   at Shop.Pay.Run() in /Pay.cs:line 3\n"
            "   --- End of inner exception stack trace ---\n"
            "   at Shop.Cart.Run()\n"
            "2026-05-04 10:00:00.124 +00:00 [INF] next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "One or more (no seats)",
                "exception.stacktrace": "System.AggregateException: One or more (no seats)\n ---> System.InvalidOperationException: no seats\n   at Shop.Pay.Run() in /Pay.cs:line 3\n   --- End of inner exception stack trace ---\n   at Shop.Cart.Run()",
                "exception.type": "System.AggregateException",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "next",
                "severity_text": "INFO",
                "severity_number": 9,
            },
        ],
        [],
    ),
    ".NET, uncaught": (
        (
            "2026-05-04 10:00:00.123 +00:00 [INF] hello\n"
            "Unhandled exception. System.InvalidOperationException: no seats\n"
            "   at Shop.Pay.Run() in /Pay.cs:line 3\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "Unhandled exception. System.InvalidOperationException: no seats",
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "no seats",
                "exception.stacktrace": "Unhandled exception. System.InvalidOperationException: no seats\n   at Shop.Pay.Run() in /Pay.cs:line 3",
                "exception.type": "System.InvalidOperationException",
            },
        ],
        [],
    ),
    "Ruby, type before the message": (
        (
            "E, [2026-05-04T10:00:00.123456 #41] ERROR -- : NoMethodError: undefined method `x' for nil\n"
            "pay.rb:3:in `pay'\n"
            "cart.rb:7:in `<main>'\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "error": True,
                "body": "NoMethodError: undefined method `x' for nil",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "undefined method `x' for nil",
                "exception.stacktrace": "NoMethodError: undefined method `x' for nil\npay.rb:3:in `pay'\ncart.rb:7:in `<main>'",
                "exception.type": "NoMethodError",
                "process.pid": 41,
            },
        ],
        [],
    ),
    "Ruby, type after the message": (
        (
            "E, [2026-05-04T10:00:00.123456 #41] ERROR -- : no card (Shop::NoCard)\n"
            "pay.rb:3:in 'Shop#pay'\n"
            "cart.rb:7:in '<main>'\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "error": True,
                "body": "no card (Shop::NoCard)",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "no card",
                "exception.stacktrace": "no card (Shop::NoCard)\npay.rb:3:in 'Shop#pay'\ncart.rb:7:in '<main>'",
                "exception.type": "Shop::NoCard",
                "process.pid": 41,
            },
        ],
        [],
    ),
    "Ruby, uncaught": (
        (
            "I, [2026-05-04T10:00:00.123456 #41]  INFO -- : pay.rb:3:in `pay': no card (ArgumentError)\n"
            "\tfrom cart.rb:7:in `<main>'\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": "pay.rb:3:in `pay': no card (ArgumentError)",
                "severity_text": "INFO",
                "severity_number": 9,
                "exception.message": "no card",
                "exception.stacktrace": "pay.rb:3:in `pay': no card (ArgumentError)\n\tfrom cart.rb:7:in `<main>'",
                "exception.type": "ArgumentError",
                "process.pid": 41,
            },
        ],
        [],
    ),
    "Rust": (
        (
            "[2026-05-04T10:00:00Z INFO  shop] hello\n"
            "thread 'main' panicked at src/main.rs:3:5:\n"
            "no card\n"
            "note: run with `RUST_BACKTRACE=1` to display a backtrace\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "thread 'main' panicked at src/main.rs:3:5:\nno card",
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "no card",
                "exception.stacktrace": "thread 'main' panicked at src/main.rs:3:5:\nno card\nnote: run with `RUST_BACKTRACE=1` to display a backtrace",
                "exception.type": "panic",
            },
        ],
        [],
    ),
    "Rust, before 1.73": (
        (
            "[2026-05-04T10:00:00Z INFO  shop] hello\n"
            "thread 'tokio-1' panicked at 'no card', src/main.rs:3:5\n"
            "stack backtrace:\n"
            "   0: shop::pay\n"
            "             at src/main.rs:3\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "thread 'tokio-1' panicked at 'no card', src/main.rs:3:5",
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "no card",
                "exception.stacktrace": "thread 'tokio-1' panicked at 'no card', src/main.rs:3:5\nstack backtrace:\n   0: shop::pay\n             at src/main.rs:3",
                "exception.type": "panic",
            },
        ],
        [],
    ),
    "PHP, chained": (
        (
            "[04-May-2026 10:00:01 UTC] PHP Fatal error:  Uncaught Shop\\Bad: no card in /pay.php:3\n"
            "Stack trace:\n"
            "#0 /cart.php(3): pay()\n"
            "#1 {main}\n"
            "\n"
            "Next Shop\\Worse: more in /pay.php:9\n"
            "Stack trace:\n"
            "#0 {main}\n"
            "  thrown in /pay.php on line 3\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "body": "Uncaught Shop\\Bad: no card in /pay.php:3",
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "no card",
                "exception.stacktrace": "Stack trace:\n#0 /cart.php(3): pay()\n#1 {main}\n\nNext Shop\\Worse: more in /pay.php:9\nStack trace:\n#0 {main}\n  thrown in /pay.php on line 3",
                "exception.type": "Shop\\Bad",
            },
        ],
        [],
    ),
    "lines that are not a trace": (
        (
            "2026-05-04 10:00:00,123 INFO a table\n"
            "| a | b |\n"
            "| 1 | 2 |\n"
            "\n"
            "end: of table\n"
            "2026-05-04 10:00:00,124 INFO next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "a table\n| a | b |\n| 1 | 2 |\n\nend: of table",
                "severity_text": "INFO",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "next",
                "severity_text": "INFO",
                "severity_number": 9,
            },
        ],
        [],
    ),
}


@pytest.mark.parametrize(("text", "rows", "rejected"), CASES.values(), ids=CASES)
def test_every_field_of_every_record(text, rows, rejected, tmp_path):
    loaded = rows_of(tmp_path, text)
    assert loaded.rows == rows
    assert loaded.rejected == rejected
