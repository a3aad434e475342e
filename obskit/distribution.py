"""The distribution that installs obskit: its name, the command for an extra, and how to repair an install.

The import name `obskit` also belongs to an unrelated distribution called `obskit`. Installed into the same
environment, each overwrites files of the other.
"""

from __future__ import annotations

import importlib

NAME = "obskit-notebook"
"""What pip installs. `pyproject.toml` has the same name, and a test compares them."""

_FOREIGN = "obskit"


def install_command(extra: str | None = None) -> str:
    """Return the command that installs obskit, with an extra if one is given."""
    return f"pip install '{NAME}[{extra}]'" if extra else f"pip install {NAME}"


def foreign_version() -> str | None:
    """Return the version of the unrelated distribution `obskit` in this environment, or None without one."""
    # Imported here: it costs more than all else that `import obskit` does.
    metadata = importlib.import_module("importlib.metadata")
    try:
        return str(metadata.version(_FOREIGN))
    except metadata.PackageNotFoundError:
        return None


def repair(module: str | None) -> tuple[str, str]:
    """Describe why a module of obskit is missing, and the command that brings it back.

    Args:
        module: dotted name of the missing module, such as `obskit.events`.

    Returns:
        The message and the hint of an error.
    """
    version = foreign_version()
    if version is None:
        return (
            f"{module} is missing: this installation of {NAME} is incomplete",
            f"pip install --force-reinstall --no-deps {NAME}",
        )
    return (
        f"{module} is missing: the unrelated distribution '{_FOREIGN}' {version} is in this environment too, "
        f"and overwrites files of {NAME}",
        f"pip uninstall {_FOREIGN}, then pip install --force-reinstall --no-deps {NAME}",
    )
