"""What a service masks, replaces or encrypts in addition to the defaults."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING

from obskit.errors import InvalidArgument
from obskit.instrument.redaction.rules import MASK

if TYPE_CHECKING:  # who encrypts brings the keys, and with them the package; others need not load it
    from obskit.encryption import SubjectKeys

KEY_BYTES = 16
"""Fewest bytes of a pseudonym key."""


@dataclass(frozen=True)
class Redaction:
    """What to mask in addition to the defaults, and what not to mask.

    Args:
        fields: names, or words of names, whose whole values are masked: `("ssn", "card.holder")`.
        patterns: regular expressions; matches in any text are masked.
        allow: names whose values are never masked by name.
        pseudonyms: names whose values become HMAC-SHA256 pseudonyms under `pseudonym_key`.
        pseudonym_key: the key, at least 16 bytes, kept outside the notebook.
        encrypt: names whose values are encrypted under the key of the row's subject, for `ok.load(keys=)` to
            read. A row without a subject, or one whose key was deleted, has them masked.
        subject: the name that says whose row it is, such as "user.id".
        keys: the keys of all subjects.

    Raises:
        InvalidArgument: pseudonyms without a key, `encrypt` without `subject` and `keys`, a name given twice,
            or a pattern that is not a regular expression.

    Example:
        Redaction(
            fields=("card.holder",),
            patterns=(r"BK-[0-9]{8}",),
            pseudonyms=("user.id",),
            pseudonym_key=b"16 bytes or more, kept elsewhere",
        )
    """

    fields: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    pseudonyms: tuple[str, ...] = ()
    pseudonym_key: bytes | None = None
    encrypt: tuple[str, ...] = ()
    subject: str | None = None
    keys: SubjectKeys | None = dataclass_field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.pseudonyms and len(self.pseudonym_key or b"") < KEY_BYTES:
            raise InvalidArgument(
                f"pseudonyms need a pseudonym_key of at least {KEY_BYTES} bytes",
                hint="create one with secrets.token_bytes(32), and keep it in a secret store",
            )
        if self.encrypt and (self.subject is None or self.keys is None):
            raise InvalidArgument(
                "encrypt needs a subject and keys",
                hint='Redaction(encrypt=("user.email",), subject="user.id", keys=ok.SubjectKeys("keys", '
                'master="env:OBSKIT_MASTER_KEY"))',
            )
        if both := {*self.encrypt} & {*self.pseudonyms, *self.fields, *self.allow}:
            raise InvalidArgument(
                f"{sorted(both)[0]} is to be encrypted, and masked, replaced or left alone as well",
                hint="name it once",
            )
        for pattern in self.patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise InvalidArgument(f"{pattern!r} is not a regular expression: {error}") from None


def pseudonym(field: object, key: bytes | str) -> str:
    """Return a stable pseudonym for an identity: 32 hex digits of the HMAC-SHA256 of its text under a key.

    Equal values have equal pseudonyms under one key, so `impact` still counts users. Without the key
    nobody can find the value, not even by trying all names. Never raises.

    Args:
        field: the identity, such as a user id.
        key: at least 16 bytes.

    Returns:
        The pseudonym; `[redacted]` if the key is too short.

    Example:
        pseudonym("ada@example.org", key=b"16 bytes or more, kept elsewhere")
    """
    try:
        secret = key.encode() if isinstance(key, str) else key
        if len(secret) < KEY_BYTES:
            return MASK
        return hmac.new(secret, str(field).encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]
    except Exception:
        return MASK
