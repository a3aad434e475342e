"""The PNG is read back with a decoder of its own, so that what is seen is what was counted."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.display.heatmap import Marks, data_uri, heatmap, png, shades
from obskit.display.palette import SELECTION, ramp, rgb


def decoded(data: bytes) -> tuple[np.ndarray, np.ndarray, bytes]:
    """Return (indices, palette, alpha of the palette) of an indexed PNG; checksums are checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour) == (8, 3)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:], np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3), chunks[b"tRNS"]


def test_low_values_are_at_the_bottom_and_empty_is_transparent():
    grid = np.array([[1, 0, 0], [0, 0, 1000]])  # row 0 holds the least y
    pixels, palette, alpha = decoded(png(grid, scale=2))
    assert pixels.shape == (4, 6)
    assert pixels[0, 5] == 255  # the most, top right
    assert pixels[3, 0] == 1  # one event is not empty
    assert pixels[0, 0] == 0
    assert alpha == b"\0"  # only the entry of "nothing" is transparent
    assert np.array_equal(palette[1:], ramp())


def test_the_dark_ramp_goes_from_dark_to_light():
    light, dark = ramp(False).sum(axis=1), ramp(True).sum(axis=1)
    assert (np.diff(light.astype(int)) <= 0).all()
    assert (np.diff(dark.astype(int)) >= 0).all()


@given(st.lists(st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3), min_size=1, max_size=5))
def test_more_events_are_never_paler(rows):
    grid = np.array(rows)
    shade = shades(grid)
    assert ((shade == 0) == (grid == 0)).all()
    order = np.argsort(grid, axis=None)
    assert (np.diff(shade.ravel()[order].astype(int)) >= 0).all()


def test_weights_below_one_still_show():
    assert (shades(np.array([[0.001, 0.0, 0.5]])) > 0).tolist() == [[True, False, True]]


def test_an_empty_grid_is_a_picture_too():
    assert decoded(png(np.zeros((2, 2))))[0].max() == 0
    assert png(np.zeros((0, 0))).startswith(b"\x89PNG")
    assert data_uri(np.zeros((2, 2))).startswith("data:image/png;base64,")


def test_figure_has_log_counts_and_gaps():
    pytest.importorskip("plotly")
    edges = np.array(["2026-05-04T10:00", "2026-05-04T10:01", "2026-05-04T10:02"], "datetime64[us]")
    figure = heatmap(np.array([[0, 100]]), edges, np.array([1.0, 10.0]), markers=[(edges[1], "v<2>")])
    (trace,) = figure.data
    assert np.isnan(trace.z[0][0])
    assert trace.z[0][1] == 2.0
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.annotations[0].text == "v&lt;2&gt;"


def test_a_frame_and_lines_are_drawn_over_the_cells_with_colors_of_their_own():
    """The box is the right half of the upper half, the line in the middle of the left half."""
    grid = np.full((20, 40), 7)
    pixels, palette, _ = decoded(png(grid, scale=3, marks=Marks(lines=(0.25, 1.5), box=(0.5, 1.0, 0.5, 7.0))))
    frame, ink = 254, 255
    assert tuple(palette[frame]) == rgb(SELECTION)
    assert pixels.shape == (60, 120)
    assert (pixels[0, 60:] == frame).all()  # a side beyond the picture is at its rim
    assert (pixels[:28, 119] == frame).all()
    assert (pixels[:, 30] == ink).sum() == 40  # dashed
    inside = np.delete(pixels, 30, axis=1)
    assert (inside[:, :58] == 253).all()  # everything else is as dark as the most events
    assert (pixels[6:24, 66:110] == 253).all()
    empty, _, _ = decoded(png(np.zeros((4, 4)), marks=Marks()))
    assert not empty.any()
