"""The command `shred`."""

from __future__ import annotations

import argparse
import sys

from obskit.cli.terminal import write, write_json
from obskit.encryption import SubjectKeys
from obskit.errors import InvalidArgument, NoSuchPath


def shred(arguments: argparse.Namespace) -> None:
    """Delete the key of a subject.

    Args:
        arguments: the command's arguments.

    Raises:
        InvalidArgument: the master key cannot be read, or the subject is empty.
        NoSuchPath: there is no folder of keys.
    """
    subject = sys.stdin.readline().rstrip("\r\n") if arguments.subject == "-" else arguments.subject
    if not subject:
        raise InvalidArgument("the subject is empty", hint="give it as in the events: --subject user-17")
    keys = SubjectKeys(arguments.keys, arguments.master)
    if not keys.folder.is_dir():
        raise NoSuchPath(
            f"there is no folder of keys at {keys.folder}",
            hint="give the folder that the services write: SubjectKeys(FOLDER, ...)",
        )
    existed = keys.shred(subject)
    if arguments.json:
        write_json({"kind": "shred", "token": keys.token(subject), "existed": existed})
    elif existed:
        write("the key is deleted: no value that was encrypted under it can be read again")
    else:
        write("there was no key of this subject; later values of it will be masked")
