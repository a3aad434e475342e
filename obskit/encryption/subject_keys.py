"""A folder of keys, one for each subject, wrapped by the master key.

    keys/3f/3f9a...e1.key        AES-256-SIV key of a subject, wrapped (RFC 3394) under the master key
    keys/3f/3f9a...e1.shredded   the key was deleted; none is ever made for this subject again

File names are HMACs of the subjects, so the folder does not say who is in it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import importlib
import itertools
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from obskit.encryption.master import MasterKey, read_master
from obskit.encryption.values import PREFIX, TOKEN, is_encrypted
from obskit.errors import InvalidArgument, MissingDependency

_KEY_BYTES = 64  # AES-256-SIV uses two keys of 256 bits
_MOST_CACHED = 10_000
_MOST_TRIED = 20  # keys, some of which may be damaged, that are read to check the master key
_FRESH_SECONDS = 60.0  # after which a running process notices that a key was deleted


class SubjectKeys:
    """The keys of all subjects, kept in a folder under a master key.

    Several processes may use a folder at once: the first one that meets a subject makes the key.

    Args:
        folder: where the wrapped keys are; it is made when the first key is. Keep it apart from the events
            and their backups: whoever deletes a key must delete all its copies.
        master: 32 bytes; "env:NAME" or "file:PATH"; or a function that returns them, from a KMS for example.

    Raises:
        InvalidArgument: the master key cannot be read, or is not 32 bytes.
        MissingDependency: the extra `crypto` is not installed.

    Example:
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            keys = ok.SubjectKeys(folder, master=lambda: b"32 bytes of your key service ...")
            keys.shred("user-17")
    """

    def __init__(self, folder: str | os.PathLike[str], master: MasterKey) -> None:
        self.folder = Path(folder)
        self._aead, self._wrap, self._unwrap = _cryptography()
        key = read_master(master)
        self._wrapping = hmac.new(key, b"obskit: wrapping key", hashlib.sha256).digest()
        self._naming = hmac.new(key, b"obskit: subject token", hashlib.sha256).digest()
        self._ciphers: dict[str, tuple[float, Any]] = {}
        self._synced: set[str] = set()

    def __repr__(self) -> str:
        return f"SubjectKeys({str(self.folder)!r})"

    def __reduce__(self) -> Any:
        raise TypeError("SubjectKeys cannot be pickled: that would write the master key")

    def encrypt(self, subject: object, value: Any) -> str | None:
        """Encrypt a value under the key of a subject.

        Equal values of a subject have equal ciphertexts (AES-SIV, RFC 5297, without a nonce), so that they
        still group and join. Those of two subjects differ, even if the values are equal.

        Args:
            subject: whose key; a new subject gets one, which is synced to the disk.
            value: text, number, bool, or lists and maps of them.

        Returns:
            The text to write; None if the key of the subject was deleted.

        Raises:
            OSError: the key cannot be read or made.
            InvalidArgument: the key was wrapped by another master key.
        """
        token = self.token(subject)
        cipher = self.cipher(token, create=True)
        if cipher is None:
            return None
        plain = f"s{value}" if type(value) is str else "j" + json.dumps(value, sort_keys=True, default=str)
        sealed = cipher.encrypt(plain.encode("utf-8", "surrogatepass"), None)
        return f"{PREFIX}{token}:{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"

    def decrypt(self, value: str) -> str | None:
        """Decrypt a value.

        Args:
            value: a text for which `is_encrypted`.

        Returns:
            The value, numbers and others as JSON; None if the key was deleted or the text was changed.

        Raises:
            OSError: the key cannot be read.
            InvalidArgument: the key was wrapped by another master key.
        """
        _, _, rest = value.partition(PREFIX)
        token, _, text = rest.partition(":")
        cipher = self.cipher(token)
        if cipher is None:
            return None
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = cipher.decrypt(sealed, None)
        except (ValueError, binascii.Error):
            return None
        except Exception as error:  # InvalidTag; the class is only there with the extra
            if type(error).__name__ != "InvalidTag":
                raise
            return None
        return str(plain.decode("utf-8", "surrogatepass"))[1:]

    @staticmethod
    def is_encrypted(value: object) -> bool:
        """Return whether a value has the form of an encrypted one."""
        return is_encrypted(value)

    def token(self, subject: object) -> str:
        """Return the name of a subject's key: 32 hex digits that need the master key to compute."""
        text = str(subject).encode("utf-8", "surrogatepass")
        return hmac.new(self._naming, text, hashlib.sha256).hexdigest()[:TOKEN]

    def cipher(self, token: str, *, create: bool = False) -> Any:
        """Return the cipher of a subject.

        Args:
            token: of the subject.
            create: make a key if there is none and none was deleted.

        Returns:
            AESSIV; None if there is no key.

        Raises:
            OSError: the folder cannot be read or written.
            InvalidArgument: the key was wrapped by another master key.
        """
        now = time.monotonic()
        kept = self._ciphers.get(token)
        if kept is not None and now < kept[0] and (kept[1] is not None or not create):
            return kept[1]
        key = self._read(token)
        if key is None and create:
            key = self._create(token)
        found = None if key is None else self._aead(key)
        if len(self._ciphers) >= _MOST_CACHED:
            self._ciphers.clear()
        self._ciphers[token] = (now + _FRESH_SECONDS, found)
        return found

    def shred(self, subject: object) -> bool:
        """Delete the key of a subject: no value that was encrypted under it can be read again.

        Later values of the subject are masked, not encrypted under a new key. Other processes notice within a
        minute; what they encrypt until then cannot be read either.

        Args:
            subject: as it is in the rows.

        Returns:
            Whether there was a key.

        Raises:
            OSError: the folder cannot be written.
            InvalidArgument: the keys in the folder were made with another master key.
        """
        token = self.token(subject)
        path = self._path(token)
        if not path.exists():
            self._check_master()
        path.parent.mkdir(parents=True, exist_ok=True)
        mark = path.with_suffix(".shredded")
        with mark.open("ab") as file:
            os.fsync(file.fileno())
        existed = path.exists()
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        for folder in (path.parent, self.folder):
            _sync(folder)
        self._ciphers.pop(token, None)
        return existed

    def _check_master(self) -> None:
        """Refuse another master key: with it a subject has another token, and seems to have no key."""
        wrong: InvalidArgument | None = None
        for path in itertools.islice(self.folder.glob("*/*.key"), _MOST_TRIED):
            try:
                if self._read(path.stem) is not None:
                    return
            except InvalidArgument as error:
                wrong = error
        if wrong is not None:
            raise wrong

    def _path(self, token: str) -> Path:
        return self.folder / token[:2] / f"{token}.key"

    def _read(self, token: str) -> bytes | None:
        path = self._path(token)
        # The mark counts, not the key: a restored backup of the folder must not bring a key back.
        if path.with_suffix(".shredded").exists():
            return None
        try:
            wrapped = path.read_bytes()
        except FileNotFoundError:
            return None
        if len(wrapped) != _KEY_BYTES + 8:
            return None  # torn when the machine stopped
        try:
            return bytes(self._unwrap(self._wrapping, wrapped))
        except Exception:  # InvalidUnwrap; the class is only there with the extra
            raise InvalidArgument(
                f"a key in {self.folder} was made with another master key, or is damaged",
                hint="give the master key that the services use",
            ) from None

    def _create(self, token: str) -> bytes | None:
        path = self._path(token)
        if path.with_suffix(".shredded").exists():
            return None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = secrets.token_bytes(_KEY_BYTES)
        temporary = path.with_name(f".{token}.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(self._wrap(self._wrapping, key))
                file.flush()
                os.fsync(file.fileno())  # values under a key that a power cut takes are lost with it
            try:
                os.link(temporary, path)
            except FileExistsError:
                other = self._read(token)
                if other is not None:
                    return other
                os.replace(temporary, path)
            _sync(path.parent)
            if path.parent.name not in self._synced:  # another process may just have made this folder
                _sync(self.folder)
                self._synced.add(path.parent.name)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        found = self._read(token)
        if found is None:  # the subject was shredded meanwhile
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        return found


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cryptography() -> tuple[Any, Any, Any]:
    try:
        primitives = "cryptography.hazmat.primitives"
        aead = importlib.import_module(f"{primitives}.ciphers.aead")
        keywrap = importlib.import_module(f"{primitives}.keywrap")
    except ModuleNotFoundError as error:
        raise MissingDependency.of("crypto", "obskit.SubjectKeys") from error
    return aead.AESSIV, keywrap.aes_key_wrap, keywrap.aes_key_unwrap
