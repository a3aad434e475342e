"""Take secrets and identities out of a document: every text of every block passes through here."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from obskit.dataset import cache_path
from obskit.instrument.redaction.options import Redaction
from obskit.instrument.redaction.redactor import Redactor
from obskit.instrument.redaction.rules import MASK
from obskit.report.blocks import Block, Choice, Document, Figure, Markup, Node, Picture, Section, Table
from obskit.report.nodes import is_inline, names_of, rows_of, text_of
from obskit.report.people import People
from obskit.text import pluralize, safe


class Cleaner:
    """Cleans text and counts what it masked.

    Args:
        rules: what to mask in addition to obskit's own rules.
        people: identities that become pseudonyms; None for none.
    """

    def __init__(self, rules: Redaction, people: People | None = None) -> None:
        self._redactor = Redactor(rules)
        self._people = people
        self._home = str(Path.home())  # a report needs no path of its author's machine
        if len(self._home) < 4:
            self._home = str(cache_path())
        self.masked = 0
        self.pictures = 0

    def text(self, text: str) -> str:
        """Return a text without secrets, identities, and characters that a terminal or page acts on."""
        text = safe(text, lines=True).replace(self._home, "~")
        before = text.count(MASK)
        text = self._redactor.text(text)
        self.masked += max(text.count(MASK) - before, 0)
        return text if self._people is None else self._people.text(text)

    def cell(self, column: str, text: str) -> str:
        """Return the text of a cell, which may be a secret because of the name of its column."""
        row = {column: text}
        self._redactor.apply(row, plain=True)
        (cleaned,) = row.values()
        self.masked += cleaned == MASK != text
        return self.text(str(cleaned))

    def document(self, document: Document) -> Document:
        """Return a document in which every text is clean, with notes on what was masked."""
        cleaned = Document(
            self.text(document.title),
            [(name, self.text(value)) for name, value in document.facts],
            [self._block(block) for block in document.blocks],
            [self.text(note) for note in document.notes],
        )
        return dataclasses.replace(cleaned, notes=[*cleaned.notes, *self.notes()])

    def notes(self) -> list[str]:
        """Return what was masked, one sentence each."""
        notes = [f"{pluralize(self.masked, 'secret was', 'secrets were')} masked by obskit's rules"]
        if self._people is not None:
            notes.append(
                f"{pluralize(len(self._people.seen), 'identity appears', 'identities appear')} under "
                f"pseudonyms, in {pluralize(self._people.replaced, 'place')}"
            )
        if self.pictures:
            notes.append(
                f"{pluralize(self.pictures, 'picture is', 'pictures are')} included unchanged: text inside "
                "pictures is not checked"
            )
        return notes

    def _block(self, block: Block) -> Block:
        if isinstance(block, Table):
            columns = [self.text(name) for name in block.columns]
            rows = [
                [self.cell(name, cell) for name, cell in zip(block.columns, row, strict=True)]
                for row in block.rows
            ]
            caption = [self.text(line) for line in block.caption]
            keys = [  # what a cell does not show, its key must not tell
                [key if shown == given else None for key, shown, given in zip(*three, strict=True)]
                for three in zip(block.sort_keys, rows, block.rows, strict=False)
            ]
            return dataclasses.replace(block, columns=columns, rows=rows, caption=caption, sort_keys=keys)
        if isinstance(block, Markup):
            return Markup(self._nodes(block.nodes))
        if isinstance(block, Picture):
            self.pictures += 1
            return dataclasses.replace(block, alt=self.text(block.alt))
        if isinstance(block, Section):
            return Section(self.text(block.title), [self._block(inner) for inner in block.blocks])
        if isinstance(block, Choice):
            options = [
                (self.text(t), [self._block(inner) for inner in blocks]) for t, blocks in block.options
            ]
            return Choice(self.text(block.label), options)
        if isinstance(block, Figure):
            cleaned = self._value(dict(vars(block)))
            for trace in cleaned["traces"]:
                if self._people is not None and not block.time and trace["type"] != "grid":
                    trace["x"] = [self._identity(x) for x in trace["x"]]
            return Figure(**cleaned)
        return dataclasses.replace(block, **self._value(dict(vars(block))))

    def _value(self, value: Any) -> Any:
        """Clean all texts in plain values."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        return value

    def _identity(self, value: Any) -> Any:
        """Return a value that labels a bar; a number that is an identity becomes its pseudonym."""
        if self._people is None or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return self._people.number(value)

    def _node(self, node: Node | str, *, inside: bool = False) -> Node | str:
        if isinstance(node, str):
            return self.text(node)
        if node.tag == "style":
            return node
        if node.tag == "img":
            self.pictures += 1
        attributes = {
            name: value if name in ("src", "style", "class") else self.text(value)
            for name, value in node.attributes.items()
        }
        if node.tag == "table":
            return Node(node.tag, attributes, self._table(node.children))
        return Node(node.tag, attributes, self._nodes(node.children, inside=inside))

    def _nodes(self, nodes: Sequence[Node | str], *, inside: bool = False) -> list[Node | str]:
        """Clean nodes; if markup cuts a secret or an identity in two, the line becomes text.

        Args:
            nodes: the children of an element.
            inside: whether they are inside a line, which is checked as a whole.

        Returns:
            The clean nodes.
        """
        if inside:
            return [self._node(node, inside=True) for node in nodes]
        out: list[Node | str] = []
        for inline, group in itertools.groupby(nodes, is_inline):
            run = list(group)
            counts = self._counts()
            cleaned = [self._node(node, inside=inline) for node in run]
            cut = inline and any(isinstance(node, Node) for node in run)
            out += self._line(run, cleaned, counts) if cut else cleaned
        return out

    def _line(
        self, given: list[Node | str], cleaned: list[Node | str], counts: tuple[int, int, int]
    ) -> list[Node | str]:
        """Return the cleaned nodes of a line, or its text if there is more to clean in it as a whole."""
        after = self._counts()
        self._set_counts(counts)
        text = self.text("".join(map(text_of, given)))
        if text != "".join(map(text_of, cleaned)):
            return [text]
        self._set_counts(after)
        return cleaned

    def _counts(self) -> tuple[int, int, int]:
        return self.masked, self.pictures, self._people.replaced if self._people is not None else 0

    def _set_counts(self, counts: tuple[int, int, int]) -> None:
        self.masked, self.pictures, replaced = counts
        if self._people is not None:
            self._people.replaced = replaced

    def _table(self, children: Sequence[Any]) -> list[Any]:
        """Clean a table; its cells also by the names above them, or before them in a table of pairs."""
        rows = list(rows_of(children))
        heads = [row for row in rows if all(cell.tag == "th" for cell in row)] or rows[:1]
        above = [names_of(row) for row in heads]
        pairs = all(len(row) == 2 for row in rows)
        secret: dict[int, Node] = {}
        for row in rows:
            under = [] if any(row is head for head in heads) else above
            for at, cell in enumerate(row):
                names = [head[at] for head in under if at < len(head)]
                names += [text_of(row[0]).strip()] if pairs and at and cell.tag == "td" else []
                if any(self._is_secret(name, text_of(cell)) for name in names):
                    self.masked += 1
                    secret[id(cell)] = Node(cell.tag, cell.attributes, [MASK])

        def cleaned(node: Any) -> Any:
            if isinstance(node, Node) and id(node) in secret:
                return secret[id(node)]
            if isinstance(node, Node) and node.tag in ("thead", "tbody", "tfoot", "tr"):
                return Node(node.tag, node.attributes, [cleaned(child) for child in node.children])
            return self._node(node)

        return [cleaned(child) for child in children]

    def _is_secret(self, name: str, text: str) -> bool:
        given = {name: text}
        self._redactor.apply(given, plain=True)
        return next(iter(given.values()), MASK) == MASK != text
