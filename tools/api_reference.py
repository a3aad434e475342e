"""Write docs/api/ from the docstrings of every public name: `python tools/api_reference.py`.

A test fails when the pages are out of date, when a public name has no entry, or when an example does not run.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from griffe import Docstring, DocstringSectionKind, Parser

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/api"
PAGES = {
    "obskit": ("obskit", "What `import obskit as ok` gives, errors included."),
    "events": ("obskit.Events", "The verbs: each answers one question about events."),
    "traces": ("obskit.traces", "What `events.traces()` returns: traces listed, compared, as a map."),
    "instrument": ("obskit.instrument", "What a service calls to emit events."),
    "readers": ("obskit.readers", "What a reader of another format needs."),
    "testing": (
        "obskit.testing",
        "The contract that readers keep, and the events that instrumented code emits.",
    ),
}
"""Page -> what it documents and what it is for."""

_SAMPLE = """\
import obskit as ok

events = ok.load("sample_events")
"""
SETUP = {
    "obskit": _SAMPLE,
    "events": _SAMPLE,
    "traces": _SAMPLE,
    "instrument": """\
from obskit.instrument import EventMiddleware, Files, Limits, Redaction, Sampling
from obskit.instrument import add, carry, configure, deployment, event, flag, incident, part, pseudonym
""",
    "readers": "from obskit.readers import *\n",
    "testing": "from obskit.testing import *\n",
}
"""Page -> what runs before each of its examples."""


@dataclass(frozen=True)
class Entry:
    """One public name: how it is written, what it is, and its docstring's sections."""

    title: str
    value: Any
    docstring: str
    nested: bool = False

    @property
    def sections(self) -> list[Any]:
        """The sections of the docstring, parsed as Google style."""
        # griffe wants a blank line before each section.
        text = re.sub(
            r"(?<!\n)\n(?=(Args|Returns|Yields|Raises|Example|Attributes):\n)", "\n\n", self.docstring
        )
        return list(Docstring(text).parse(Parser.google, warnings=False))

    @property
    def examples(self) -> list[str]:
        """The code of the sections `Example:`."""
        return [
            textwrap.dedent(section.value.description)
            for section in self.sections
            if section.kind is DocstringSectionKind.admonition and section.title == "Example"
        ]


def entries(page: str) -> Iterator[Entry]:
    """Yield the entries of a page in its order."""
    target, _what = PAGES[page]
    if page == "events":
        owner: Any = importlib.import_module("obskit").Events
        # The class and its base together, in the order of their definition.
        members = {n: v for base in reversed(owner.__mro__[:-1]) for n, v in vars(base).items()}
        for name, value in members.items():
            if not name.startswith("_") and (callable(value) or isinstance(value, property)):
                yield Entry(f"events.{name}", value, inspect.getdoc(getattr(owner, name)) or "")
        return
    module = importlib.import_module(target)
    for name in module.__all__:
        value = getattr(module, name)
        # An instance of a class of ours is documented by its class; a constant has no docstring.
        documented = callable(value) or type(value).__module__.startswith("obskit")
        yield Entry(f"{target}.{name}", value, (inspect.getdoc(value) or "") if documented else "")
        if inspect.isclass(value) and page != "obskit":
            yield from _members(name, value)


def _members(name: str, owner: type) -> Iterator[Entry]:
    """Yield the public methods that a class defines with a docstring of its own."""
    for member, value in vars(owner).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not member.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield Entry(f"{name}.{member}", value, inspect.cleandoc(function.__doc__), nested=True)


def render(page: str) -> str:
    """Return a page as Markdown."""
    target, what = PAGES[page]
    lines = [f"# {target}", "", what, "", "Generated from the docstrings by `make docs`; do not edit.", ""]
    lines += ["The examples on this page run after:", "", "```python", SETUP[page].rstrip(), "```", ""]
    for entry in entries(page):
        lines += [f"{'###' if entry.nested else '##'} {entry.title.replace('_', chr(92) + '_')}", ""]
        if signature := _signature(entry):
            lines += ["```python", signature, "```", ""]
        for section in entry.sections:
            lines += [*_section(section), ""]
    return "\n".join(lines).rstrip() + "\n"


def _signature(entry: Entry) -> str | None:
    value = entry.value
    if isinstance(value, property) or (inspect.isclass(value) and issubclass(value, Enum)):
        return None
    function = getattr(value, "__func__", value)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    if inspect.isclass(value) and issubclass(value, BaseException):
        return None
    shown = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name != "self" and not parameter.name.startswith("_")
    ]
    text = str(signature.replace(parameters=shown, return_annotation=inspect.Signature.empty))
    # A default that has no literal prints an address or a class: show that there is one.
    text = re.sub(r"=<[^<>]*>", "=...", text)
    name = entry.title.removeprefix("obskit.") if not inspect.isclass(value) else value.__name__
    line = f"{name}{text}"
    return line if len(line) <= 100 else "\n".join(textwrap.wrap(line, 100, subsequent_indent="    "))


def _section(section: Any) -> list[str]:
    kind, value = section.kind, section.value
    if kind is DocstringSectionKind.text:
        # One line per paragraph; code and lists, which are indented, stay as they are.
        parts = value.split("\n\n")
        indented = re.compile(r"^( {4}|[-*:])", re.MULTILINE)
        return ["\n\n".join(part if indented.search(part) else _joined(part) for part in parts)]
    if kind is DocstringSectionKind.admonition:
        if section.title == "Example":
            return ["```python", textwrap.dedent(value.description), "```"]
        return [f"**{section.title}**: {_joined(value.description)}"]
    if kind in (DocstringSectionKind.parameters, DocstringSectionKind.attributes):
        title = "Arguments" if kind is DocstringSectionKind.parameters else "Attributes"
        return [f"**{title}**", "", *(f"- `{_names(item)}`: {_joined(item.description)}" for item in value)]
    if kind is DocstringSectionKind.raises:
        return ["**Raises**", "", *(f"- `{item.annotation}`: {_joined(item.description)}" for item in value)]
    if kind in (DocstringSectionKind.returns, DocstringSectionKind.yields):
        text = " ".join(
            _joined(f"{item.annotation}: {item.description}" if item.annotation else item.description)
            for item in value
        )
        return [f"**{kind.value.capitalize()}**: {text}"]
    raise ValueError(f"docstrings have no section {kind} so far: render it in tools/api_reference.py")


def _names(item: Any) -> str:
    # "selection, baseline: ..." is parsed as a name and an annotation.
    return f"{item.name} {item.annotation}" if item.name.endswith(",") else str(item.name)


def _joined(text: str) -> str:
    return " ".join(text.split())


def index() -> str:
    """Return the index of all pages as Markdown."""
    lines = ["# API reference", "", "Generated from the docstrings by `make docs`; do not edit.", ""]
    for page, (target, what) in PAGES.items():
        names = ", ".join(
            f"`{entry.title.rpartition('.')[2]}`" for entry in entries(page) if not entry.nested
        )
        lines += [f"## [{target}]({page}.md)", "", what, "", names, ""]
    return "\n".join(lines).rstrip() + "\n"


def pages() -> dict[Path, str]:
    """Return every page: where it belongs -> its text."""
    return {FOLDER / "README.md": index()} | {FOLDER / f"{page}.md": render(page) for page in PAGES}


def main() -> None:
    """Write all pages, and remove those of pages that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = pages()
    for path in FOLDER.glob("*.md"):
        if path not in written:
            path.unlink()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
