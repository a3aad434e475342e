"""Lines with a prefix that another program wrote: kubectl, a container runtime, compose, syslog, journald."""

from obskit.readers.prefixed.reader import READER

__all__ = ["READER"]
