"""argparse with errors that are a message and a hint, and suggest the nearest command or option.

`obskit triaje` says: 'triaje' is not a command. Hint: did you mean triage? Standard library only.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """argparse without abbreviated options, whose errors are a message and a hint."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("allow_abbrev", False)
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**options)

    def error(self, message: str, hint: str | None = None) -> NoReturn:
        """Exit with status 2 after a message and a hint."""
        self.exit(2, f"{self.prog}: {message}\nHint: {hint or f'{self.prog} --help'}\n")

    def options(self) -> list[str]:
        """Return the names of all options."""
        return [name for action in self._actions for name in action.option_strings]


class TopParser(Parser):
    """The parser of all commands; it suggests the nearest command or option for one that is unknown."""

    commands: dict[str, Parser]

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse arguments; exit with status 2 on a mistake."""
        given = list(sys.argv[1:] if args is None else args)
        command = next((word for word in given if not word.startswith("-")), None)
        if command is not None and command not in self.commands:
            self.error(f"{command!r} is not a command", _did_you_mean(command, self.commands))
        found, unknown = self.parse_known_args(given, namespace)
        if unknown:
            parser = self.commands.get(command or "", self)
            option = next((word for word in unknown if word.startswith("-")), None)
            if option is None:
                # argparse does not take positional arguments that options separate from the others.
                parser.error(
                    f"unexpected argument {unknown[0]!r}",
                    f"paths and calculations come before the options; see {parser.prog} --help",
                )
            name = option.partition("=")[0]
            parser.error(f"{name} is not an option", _did_you_mean(name, parser.options()))
        return found


def _did_you_mean(given: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(given, list(known), n=2, cutoff=0.7)
    return f"did you mean {' or '.join(near)}?" if near else None


def positive(text: str) -> int:
    """Return a whole number of at least 1, for argparse."""
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {text}")
    return number


def not_negative(text: str) -> int:
    """Return a whole number of at least 0, for argparse."""
    number = int(text.replace("_", ""))
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, got {text}")
    return number


# argparse names the type in its own messages: "invalid number value: 'x'".
positive.__name__ = not_negative.__name__ = "number"
