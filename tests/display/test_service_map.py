from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pyarrow as pa
import pytest

from obskit.display.service_map import FASTER, SLOWER, service_map_html, service_map_svg
from tests.display.trace.spans import EVIL

NODES = pa.schema(
    [("service", pa.string()), ("calls", pa.int64()), ("errors", pa.int64())]
    + [(name, pa.float64()) for name in ("p50_ms", "p99_ms", "self_ms", "change")]
)
EDGES = pa.schema(
    [
        ("caller", pa.string()),
        ("callee", pa.string()),
        ("kind", pa.string()),
        ("calls", pa.int64()),
        ("errors", pa.int64()),
    ]
    + [(name, pa.float64()) for name in ("p50_ms", "p99_ms", "network_ms", "change")]
)


def nodes(*names: str, **more: Any) -> pa.Table:
    usual = {
        "calls": 1200,
        "errors": 0,
        "p50_ms": 10.0,
        "p99_ms": 90.0,
        "self_ms": 4.0,
        "change": None,
    } | more
    return pa.Table.from_pylist([{"service": name, **usual} for name in names], NODES)


def edges(*pairs: tuple[str, str], **more: Any) -> pa.Table:
    usual = {
        "kind": "call",
        "calls": 500,
        "errors": 0,
        "p50_ms": 12.0,
        "p99_ms": 80.0,
        "network_ms": 1.5,
    } | more
    return pa.Table.from_pylist([{"caller": a, "callee": b, **usual} for a, b in pairs], EDGES)


def texts(image: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(image).iter() if element.tag.endswith("}text")]


def titles(image: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(image).iter() if element.tag.endswith("}title")]


def test_a_box_and_a_line_say_their_numbers() -> None:
    image = service_map_svg(nodes("edge", "db", errors=12), edges(("edge", "db")))
    assert {"edge", "db", "1,200 calls · p99 90 ms", "✕ 1.0%", "500 · 12 ms"} <= set(texts(image))
    assert "edge → db\n500 calls\np50 12 ms\np99 80 ms\nnetwork 1.5 ms" in titles(image)


def test_change_has_a_color_an_arrow_and_a_number() -> None:
    slower, faster, same = (
        service_map_svg(nodes("a", change=change), edges()) for change in (2.5, 0.4, 1.05)
    )
    assert (SLOWER in slower, "▲ 2.5×" in texts(slower)) == (True, True)
    assert (FASTER in faster, "▼ 0.4×" in texts(faster)) == (True, True)
    assert (SLOWER in same, FASTER in same, "= 1.05×" in texts(same)) == (False, False, True)


def test_without_a_baseline_nothing_is_said_about_change() -> None:
    image = service_map_svg(nodes("a", "b"), edges(("a", "b")))
    assert not [text for text in texts(image) if "baseline" in text or "compared" in text]


def test_what_could_not_be_compared_is_not_called_the_same() -> None:
    known = nodes("a", change=1.0)
    image = service_map_svg(pa.concat_tables([known, nodes("b")]), edges())
    assert "not compared" in texts(image)


def test_messages_are_dashed_and_cycles_and_calls_to_oneself_are_drawn() -> None:
    pairs = (("a", "b"), ("b", "a"), ("a", "a"))
    assert service_map_svg(nodes("a", "b"), edges(*pairs)).count("<path d=") == 3
    assert "stroke-dasharray" not in service_map_svg(nodes("a", "b"), edges(*pairs))
    assert service_map_svg(nodes("a", "b"), edges(*pairs, kind="message")).count("stroke-dasharray") == 3


def test_a_service_that_only_calls_is_drawn_without_numbers() -> None:
    assert "no spans of its own" in texts(service_map_svg(nodes("db"), edges(("cron", "db"))))


def test_more_services_than_can_be_read_are_counted() -> None:
    names = [f"s{n:03}" for n in range(180)]
    table = pa.Table.from_pylist(
        [{**nodes(name).to_pylist()[0], "calls": 1000 - n} for n, name in enumerate(names)], NODES
    )
    image = service_map_svg(table, edges(("s000", "s179")))
    assert "30 services with fewer calls not drawn" in texts(image)
    assert "s149" in texts(image)
    assert "s150" not in texts(image)


@pytest.mark.parametrize("name", [EVIL, "x" * 1_000_000, "שלום עולם", "a\x00\x1b[31m\ud800b", ""])
def test_names_are_text_and_the_image_is_small_and_loads_nothing(name: str) -> None:
    name = name.encode("utf-8", "replace").decode()
    image = service_map_svg(nodes(name, "b"), edges((name, "b")), title=name[:200])
    kinds = {element.tag.partition("}")[2] for element in ET.fromstring(image).iter()}
    assert kinds <= {"svg", "title", "style", "g", "rect", "path", "text"}
    assert len(image) < 20_000
    assert re.findall(
        r"(?:https?:|url\(|href|\bon\w+=)", re.sub(r"<(title|text)\b.*?</\1>", "", image, flags=re.S)
    ) == [
        "http:"  # the namespace of SVG
    ]
    page = service_map_html(nodes(name, "b"), edges((name, "b")), title=name[:200])
    assert re.findall(r"<(\w+)", page) == ["div", "img"]


def test_the_same_tables_give_the_same_image() -> None:
    names = [f"s{n}" for n in range(30)]
    pairs = [(f"s{n // 3}", f"s{n}") for n in range(1, 30)]
    assert service_map_svg(nodes(*names), edges(*pairs)) == service_map_svg(nodes(*names), edges(*pairs))


def test_nothing_is_an_empty_map() -> None:
    drawn = ET.fromstring(service_map_svg(nodes(), edges()))
    assert drawn.tag.endswith("svg")
