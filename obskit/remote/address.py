"""Where a table is: an address such as `clickhouse://host:8123/otel`, and the name of a table there.

An address may hold a password or a token. `shown` never does, and neither does any error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from obskit.errors import InvalidArgument
from obskit.names import nearest

SCHEMES = ("clickhouse", "sc", "duckdb")
TIMEOUT = 300.0  # seconds that a statement may take
_OPTIONS = {"clickhouse": ("secure", "timeout", "verify"), "sc": ("timeout",), "duckdb": ("timeout",)}
_NAME_PART = re.compile(r"`((?:[^`]|``)+)`|\"((?:[^\"]|\"\")+)\"|([^.`\"]+)")


@dataclass(frozen=True)
class Address:
    """The address of an engine.

    Attributes:
        scheme: "clickhouse", "sc" (Spark Connect) or "duckdb".
        host: name of the host; "" for DuckDB.
        port: the port; None for the usual one.
        path: the database, or the file of DuckDB; "" if it is not given.
        user: name of the user; None if it is not given.
        password: password of the user; None if it is not given.
        options: the part after `?`, by name.
        parameters: the part of a Spark address after the first `;`, such as `token=...`.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    parameters: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The address without user, password and token."""
        port = "" if self.port is None else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        path = self.path if self.scheme == "duckdb" else f"/{self.path}" if self.path else ""
        return f"{self.scheme}://{host}{port}{path}"

    @property
    def timeout(self) -> float:
        """Seconds that a statement may take."""
        text = self.options.get("timeout", str(TIMEOUT))
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < 1e6:
            raise InvalidArgument(
                f"timeout must be a number of seconds above 0, got {text!r}", hint="for example ?timeout=60"
            )
        return seconds

    def flag(self, name: str, default: bool) -> bool:
        """Return an option that is true or false."""
        text = self.options.get(name)
        if text is None:
            return default
        if text.lower() not in ("true", "false", "1", "0"):
            raise InvalidArgument(f"{name} must be true or false, got {text!r}", hint=f"write ?{name}=true")
        return text.lower() in ("true", "1")

    def redact(self, text: str) -> str:
        """Return a text in which the password and the parameters of the address are replaced by ***."""
        secrets = [self.password or "", self.parameters]
        secrets += [part.partition("=")[2] for part in self.parameters.split(";")]
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def is_address(text: str) -> bool:
    """Return whether a text begins as the address of an engine does, whatever follows."""
    scheme, found, _ = text.partition("://")
    return bool(found) and scheme.lower() in SCHEMES


def parse_address(url: str) -> Address:
    """Parse the address of an engine.

    Args:
        url: `clickhouse://user:password@host:8123/database?secure=true&timeout=60`,
            `sc://host:15002/;token=...` or `duckdb://FILE`. Without a user, `CLICKHOUSE_USER` and
            `CLICKHOUSE_PASSWORD` of the environment count.

    Returns:
        The address.

    Raises:
        InvalidArgument: the text is not such an address; the error does not quote it, for it may hold a
            password.
    """
    if not isinstance(url, str):
        raise InvalidArgument(
            f"the address of an engine must be text, got {type(url).__name__}", hint=_hint()
        )
    scheme, found, rest = url.partition("://")
    scheme = scheme.lower()
    if not found or scheme not in SCHEMES:
        shown = scheme if found and re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) else ""
        raise InvalidArgument(f"{shown + '://' if shown else 'this'} is not an engine", hint=_hint())
    if scheme == "duckdb":
        path, _, query = rest.partition("?")
        return Address(scheme, "", None, unquote(path), options=_options(scheme, query))
    rest, _, query = rest.partition("?")
    rest, _, parameters = rest.partition(";")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise InvalidArgument(f"the {scheme}:// address has no valid host and port", hint=_hint())
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    if scheme == "clickhouse" and user is None:
        user, password = os.environ.get("CLICKHOUSE_USER"), os.environ.get("CLICKHOUSE_PASSWORD")
    if scheme == "sc" and user is not None:
        raise InvalidArgument(
            "a Spark Connect address has no user before the host", hint="write sc://host:15002/;user_id=NAME"
        )
    path = unquote(parts.path.strip("/"))
    return Address(scheme, host, port, path, user, password, _options(scheme, query), parameters)


def _options(scheme: str, query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS[scheme]:
            near = nearest(name, _OPTIONS[scheme]) or list(_OPTIONS[scheme])
            raise InvalidArgument(
                f"a {scheme}:// address has no option {name[:80]!r}", hint=f"options are {', '.join(near)}"
            )
    return options


def _hint() -> str:
    return "write clickhouse://host:8123/database, sc://host:15002 or duckdb://FILE"


@dataclass(frozen=True)
class TableName:
    """The name of a table or a view, or a folder of Parquet files where the engine reads files.

    Attributes:
        parts: catalog, database and table; only the table, if nothing else is given. Of files: their path.
        files: whether it is a path.
    """

    parts: tuple[str, ...]
    files: bool = False

    def __str__(self) -> str:
        return ".".join(self.parts)


def parse_table(text: str) -> TableName:
    """Parse the name of a table.

    Args:
        text: "table", "database.table" or "catalog.database.table", where a part in `...` or "..." may
            contain dots; or a path that has a slash.

    Returns:
        The name.

    Raises:
        InvalidArgument: the text is not such a name.
    """
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise InvalidArgument(
            f"table must be the name of a table, got {text!r}", hint="for example table='otel.otel_traces'"
        )
    if "/" in text and "`" not in text and '"' not in text:
        return TableName((text,), files=True)
    parts: list[str] = []
    at = 0
    while at < len(text):
        found = _NAME_PART.match(text, at)
        if found is None:
            break
        quoted = found[1].replace("``", "`") if found[1] else found[2].replace('""', '"') if found[2] else ""
        parts.append(quoted or found[3])
        at = found.end()
        if at < len(text) and text[at] == ".":
            at += 1
            if at == len(text):
                break
        elif at < len(text):
            break
    else:
        if len(parts) <= 3:
            return TableName(tuple(parts))
    raise InvalidArgument(
        f"{text!r} is not the name of a table",
        hint="write table, database.table or catalog.database.table; quote a part that has dots: db.`a.b`",
    )
