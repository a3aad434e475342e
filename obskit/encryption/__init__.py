"""Encrypt values under a key of the person they are about: deleting the key deletes them everywhere.

A row about user 17 holds `enc:1:<token of user 17>:<ciphertext>` instead of an address. Every copy of the
row, backups included, becomes unreadable when the key of user 17 is deleted (crypto-shredding).
"""

from obskit.encryption.master import MasterKey
from obskit.encryption.subject_keys import SubjectKeys
from obskit.encryption.values import PREFIX, UNREADABLE, is_encrypted

__all__ = ["PREFIX", "UNREADABLE", "MasterKey", "SubjectKeys", "is_encrypted"]
