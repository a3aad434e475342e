"""What the readers of load tests share: fields of a URL, and numbers that may be missing."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlsplit


def url_fields(row: dict[str, Any], url: Any) -> None:
    """Add `url.full`, `url.path`, `url.query`, `server.address` and `server.port` to a row.

    Args:
        row: of an event.
        url: whatever is in the place of a URL.

    Example:
        row = {}
        url_fields(row, "http://shop.example/cart?a=1")
        print(row["url.path"])
    """
    if type(url) is not str or not url:
        return
    row["url.full"] = url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return
    if not host:
        return
    row["server.address"] = host
    row["url.path"] = parts.path or "/"
    if parts.query:
        row["url.query"] = parts.query
    if port or parts.scheme in ("http", "https"):
        row["server.port"] = port or (443 if parts.scheme == "https" else 80)


def request_name(method: Any, row: dict[str, Any]) -> str | None:
    """Return the name of a request's event: its method, and its path without the query.

    Args:
        method: whatever is in the place of a method.
        row: of the event, after `url_fields`.

    Returns:
        Such as "GET /cart"; None if neither is known.

    Example:
        print(request_name("GET", {"url.path": "/cart"}))
    """
    parts = [part for part in (method, row.get("url.path")) if type(part) is str and part]
    return " ".join(parts) or None


def number(value: Any) -> float | None:
    """Return a number, None for anything else and for what is not finite.

    Args:
        value: from JSON.

    Returns:
        The number.

    Example:
        print(number(250.5), number("x"), number(True))
    """
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def status(row: dict[str, Any], value: Any) -> None:
    """Add an HTTP status to a row; 0 and -1 mean that there was no answer.

    Args:
        row: of an event.
        value: a number, or its text.

    Example:
        row = {}
        status(row, "502")
        print(row)
    """
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 4:
        value = int(value)
    if type(value) is int and 100 <= value <= 599:
        row["http.response.status_code"] = value
