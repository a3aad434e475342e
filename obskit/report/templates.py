"""Notebooks to start from."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from obskit.dataset import write_atomically
from obskit.errors import InvalidArgument
from obskit.names import nearest

TEMPLATES = {"incident": "post-incident-review.ipynb"}


def new_notebook(template: str, name: str | os.PathLike[str]) -> Path:
    """Copy a template to a new notebook.

    Args:
        template: "incident".
        name: the new file; `.ipynb` is added if it is missing.

    Returns:
        The file's absolute path.

    Raises:
        InvalidArgument: there is no such template, or the file exists.
        StorageFull: the disk is full.
    """
    if template not in TEMPLATES:
        close = nearest(template, TEMPLATES)
        raise InvalidArgument(
            f"there is no template {template!r}", hint=f"use one of {', '.join(close or TEMPLATES)}"
        )
    path = Path(name).expanduser().absolute()
    target = path if path.suffix == ".ipynb" else path.with_name(f"{path.name}.ipynb")
    content = (files(__package__) / "front" / TEMPLATES[template]).read_bytes()
    with write_atomically(target) as temporary:
        temporary.write_bytes(content)
    return target
