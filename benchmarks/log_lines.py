"""Log lines as applications write them, made up: 1,600 messages, some frequent and most rare.

    Failed to commit offset for partition 14 of topic orders: broker closed the connection
    [Consumer clientId=billing-7, groupId=billing] Revoked lease of replica 10.3.7.91:9092 after 512 ms
    Could not resolve host db-3.shop.internal (attempt 2 of 5)

Many messages of a program begin alike, with one of a few dozen words or with the same context in brackets. What
varies is mostly numbers and ids, but also names without a digit, quoted texts, lists and reasons of several
words.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable

import numpy as np

KINDS = 1_600
_PLAIN = 0.6  # share of the messages without a context in front
_OPENINGS = [
    "Failed to {verb}", "Received", "Starting to {verb}", "Could not {verb}", "Finished {doing}",
    "Error while {doing}", "Sending", "Skipping", "Retrying to {verb}", "Request to {verb}",
    "Unable to {verb}", "Closing", "No", "User {name}", "Successfully {done}", "Connection to",
    "Updated", "Slow", "Rejected", "Using", "Loaded", "Timed out {doing}", "Invalid", "Registered",
    "Processing", "Created", "Unexpected", "Cache miss for", "Removing", "Handler for", "Job {name}",
    "Waiting for",
]  # fmt: skip
_CONTEXTS = [
    "[Consumer clientId={name}-{small}, groupId={name}]", "[req {id}]", "[instance: {id}]",
    "[{name}-worker-{small}]", "HTTP {number}:", "{name}.service:", "tx {hex}:", "({name})",
    "session={hex}",
]  # fmt: skip
_VERBS = [
    "commit", "fetch", "resolve", "publish", "renew", "parse", "load", "store", "validate", "refresh",
    "acquire", "release", "send", "read", "write", "flush",
]  # fmt: skip
_NOUNS = [
    "offset", "partition", "lease", "replica", "connection", "session", "request", "response", "message",
    "batch", "snapshot", "segment", "index", "shard", "order", "cart", "payment", "invoice", "refund",
    "seat", "ticket", "user", "token", "certificate", "key", "secret", "config", "route", "cluster",
    "leader", "follower", "broker", "topic", "queue", "consumer", "producer", "schema", "table", "row",
    "column", "transaction", "lock", "file", "bucket", "upload", "download", "thumbnail", "report",
    "job", "task", "worker", "thread", "pool", "timer", "webhook", "callback", "event", "metric", "span",
    "trace", "heartbeat", "checkpoint", "migration", "backup", "cache", "entry", "page",
]  # fmt: skip
_ADJECTIVES = [
    "stale", "pending", "remote", "local", "empty", "duplicate", "expired", "missing", "primary", "new",
    "old", "partial", "unknown", "default", "idle",
]  # fmt: skip
_TAILS = [
    "for user {name}", "of topic {name}", "in {number} ms", "after {number} ms",
    "(attempt {small} of {small})", "to {address}", "from {address}", "at {path}", "with id {id}",
    "with status {number}", "because {reason}", ": {reason}", "on host {host}", "via {url}",
    "size={number}", "offset={number}, lag={number}", "[{list}]", "'{quoted}'", "since {time}",
    "by {name}", "key={hex}", "table {name}", "took {small}.{number}s", "({number} bytes)",
    "version {small}.{small}.{small}", "using {doing}", "before {doing} the {noun}",
    "without {adjective} {noun}", "while {doing} {adjective} {noun}",
]  # fmt: skip
_REASONS = [
    "connection reset by peer", "broker closed the connection", "deadline exceeded",
    "no such file or directory", "access denied", "the lease is held by another worker",
    "read timed out", "not a leader", "unexpected end of stream", "too many open files",
    "payload is not valid JSON", "certificate has expired", "the account is suspended",
    "disk quota exceeded",
]  # fmt: skip
_QUOTED = [
    "night train", "window seat", "not set", "Summer sale", "bike", "default", "first class",
    "main menu", "guest",
]  # fmt: skip
_NAMES = [
    "orders", "payments", "billing", "seats", "search", "catalog", "users", "accounts", "sessions",
    "inventory", "shipping", "returns", "audit", "mail", "pricing", "stock", "alice", "bob", "carol",
    "dave", "erin", "frank", "grace", "heidi",
]  # fmt: skip
_NAMES_OF_A_KIND = 4  # a message has the tables and topics of its own service


def lines(count: int, seed: int = 3) -> list[str]:
    """Return lines of messages whose frequency falls with their rank.

    Args:
        count: how many lines.
        seed: the same seed gives the same lines.

    Returns:
        The lines; nearly all of them are different.
    """
    chance = random.Random(seed)
    kinds = [_kind(chance) for _ in range(KINDS)]
    share = 1 / np.arange(1, KINDS + 1)
    picked = np.random.default_rng(seed).choice(KINDS, count, p=share / share.sum())
    return ["".join(p if isinstance(p, str) else p(chance) for p in kinds[at]) for at in picked]


def whole_lines(messages: list[str], seed: int = 5) -> list[str]:
    """Return lines of a file that was not parsed: time, level and thread before each message."""
    chance = random.Random(seed)
    return [
        f"2026-05-04 10:{chance.randrange(60):02}:{chance.randrange(60):02},{chance.randrange(1000):03} INFO "
        f"[pool-{chance.randrange(9)}-thread-{chance.randrange(40)}] {text}"
        for text in messages
    ]


Value = Callable[[random.Random], str]


def _kind(chance: random.Random) -> list[str | Value]:
    """Return a message: its texts, and functions that make the values."""
    rank = 1 / np.arange(1, len(_OPENINGS) + 1)
    parts = [] if chance.random() < _PLAIN else [chance.choice(_CONTEXTS)]
    parts.append(chance.choices(_OPENINGS, rank)[0])
    parts += ["{adjective} {noun}" if chance.random() < 0.4 else "{noun}"]
    if chance.random() < 0.4:
        parts.append("{noun}")
    parts += chance.sample(_TAILS, chance.choices((1, 2, 3), (5, 4, 1))[0])
    text = " ".join(parts).replace(" :", ":")
    verb = chance.choice(_VERBS)
    fixed = {
        "verb": [verb],
        "doing": [verb.removesuffix("e") + "ing"],
        "done": [verb.removesuffix("e") + "ed"],
    }
    fixed |= {"noun": _NOUNS, "adjective": _ADJECTIVES}
    names = chance.sample(_NAMES, _NAMES_OF_A_KIND)
    made: list[str | Value] = []
    for number, part in enumerate(text.replace("}", "{").split("{")):
        if number % 2 == 0:
            made.append(part)
        elif part in fixed:
            made.append(chance.choice(fixed[part]))
        elif part == "name":
            made.append(lambda chance: chance.choice(names))
        else:
            made.append(_VALUES[part])
    return made


def _list(chance: random.Random) -> str:
    return ", ".join(f"{chance.choice(_NAMES)}-{chance.randrange(64)}" for _ in range(chance.randint(1, 5)))


def _address(chance: random.Random) -> str:
    port = chance.choice((80, 443, 5432, 9092))
    return f"10.{chance.randrange(8)}.7.{chance.randrange(250)}:{port}"


def _time(chance: random.Random) -> str:
    return f"2026-05-0{chance.randint(1, 4)}T{chance.randrange(24):02}:{chance.randrange(60):02}:07Z"


_VALUES: dict[str, Value] = {
    "number": lambda chance: str(int(10 ** chance.uniform(0, 6))),
    "small": lambda chance: str(chance.randrange(12)),
    "hex": lambda chance: f"{chance.getrandbits(48):012x}",
    "id": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "host": lambda chance: f"{chance.choice(_NAMES)}-{chance.randrange(40)}.shop.internal",
    "path": lambda chance: f"/var/lib/shop/{chance.choice(_NAMES)}/{chance.randrange(10**6):06}.db",
    "url": lambda chance: f"https://api.shop.example/v1/{chance.choice(_NAMES)}/{chance.randrange(10**6)}",
    "quoted": lambda chance: chance.choice(_QUOTED),
    "reason": lambda chance: chance.choice(_REASONS),
    "address": _address,
    "list": _list,
    "time": _time,
}
