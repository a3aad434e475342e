"""A notebook with its outputs as a document."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from obskit.errors import NoSuchPath, ReadError
from obskit.report.blocks import Block, Document, Markup, Picture, Pre, Prose
from obskit.report.figures import figures_of
from obskit.report.markup import read_markup
from obskit.report.nodes import plain_text
from obskit.text import first_line, pluralize

LARGEST = 100 << 20
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FINGERPRINT = re.compile(r"\bdataset ([0-9a-f]{12})\b")
_PLOTLY = "application/vnd.plotly.v1+json"
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def notebook_document(path: Path) -> Document:
    """Read a notebook.

    Args:
        path: an .ipynb file of nbformat 4, with outputs or without.

    Returns:
        A document; code is folded, its outputs follow.

    Raises:
        NoSuchPath: there is no such file.
        ReadError: the file is not a notebook of nbformat 4.
    """
    content = _read(path)
    blocks: list[Block] = []
    dropped = outputs = 0
    for cell in content["cells"]:
        if not isinstance(cell, Mapping):
            continue
        source = _joined(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            blocks.append(Prose(source))
        elif cell.get("cell_type") == "code" and source.strip():
            blocks.append(Pre(source, folded=f"Code: {_first_code_line(source)}"))
            for output in _list(cell.get("outputs")):
                found, left_out = _output(output) if isinstance(output, Mapping) else ([], 0)
                blocks += found
                dropped += left_out
                outputs += 1
    title = next(
        (
            line.lstrip("# ")
            for block in blocks
            if isinstance(block, Prose)
            for line in block.text.splitlines()
            if line.strip()
        ),
        path.stem,
    )
    if blocks and isinstance(blocks[0], Prose):  # the page shows the title itself
        first, _, rest = blocks[0].text.strip().partition("\n")
        if first.startswith("# "):
            blocks[0] = Prose(rest)
    marks = sorted({mark for block in blocks for mark in _FINGERPRINT.findall(_text_of(block))})
    facts = [
        ("Notebook", path.name),
        ("Data (fingerprints)", ", ".join(marks) or "none named in the outputs"),
    ]
    notes = []
    if not outputs:
        notes.append("the notebook has no outputs: run it before making a report")
    if dropped:
        notes.append(
            f"{pluralize(dropped, 'element')} of outputs left out: scripts, forms, what loads from elsewhere"
        )
    return Document(title, facts, blocks, notes)


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise ReadError(
                f"{path} is larger than {LARGEST:,} bytes", hint="clear the outputs that are too large"
            )
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NoSuchPath(f"{path} does not exist", hint="check the path of the notebook") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ReadError(
            f"{path} is not a notebook: {first_line(error)}", hint="save it in JupyterLab"
        ) from None
    if (
        not isinstance(content, dict)
        or content.get("nbformat") != 4
        or not isinstance(content.get("cells"), list)
    ):
        raise ReadError(f"{path} is not a notebook of nbformat 4", hint="open and save it in JupyterLab")
    return content


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _first_code_line(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= 90 else f"{line[:89]}…"


def _output(output: Mapping[str, Any]) -> tuple[list[Block], int]:
    """Return one output, in the best form that a page can show, and how many elements were left out."""
    kind = output.get("output_type")
    if kind == "stream":
        return [Pre(_ANSI.sub("", _joined(output.get("text"))).rstrip())], 0
    if kind == "error":
        lines = "\n".join(map(str, _list(output.get("traceback"))))
        return [Pre(_ANSI.sub("", lines))], 0
    data = output.get("data")
    if not isinstance(data, Mapping):
        return [], 0
    if isinstance(data.get(_PLOTLY), Mapping) and (figures := figures_of(data[_PLOTLY])):
        return figures, 0
    if _WIDGET in data and "text/html" not in data:
        return [], 0  # the live view; its static form is another output
    if "text/html" in data:
        markup, left_out = read_markup(_joined(data["text/html"]))
        if any(not isinstance(node, str) or node.strip() for node in markup.nodes):
            return [markup], left_out
    for mime in _PICTURES:
        if mime in data and (picture := _picture(mime, _joined(data[mime]))):
            return [picture], 0
    if "text/markdown" in data:
        return [Prose(_joined(data["text/markdown"]))], 0
    text = _joined(data.get("text/plain"))
    return ([Pre(_ANSI.sub("", text))] if text else []), 0


def _picture(mime: str, data: str) -> Picture | None:
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return Picture(mime, base64.b64encode(raw).decode(), "a picture of the notebook")


def _text_of(block: Block) -> str:
    if isinstance(block, Markup):
        return plain_text(block.nodes)
    return block.text if isinstance(block, Pre) else ""
