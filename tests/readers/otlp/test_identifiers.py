"""Ids in OTLP's JSON. Base64: jsonpb of old exporters, Tempo's API; base64 of the digits: the Swift SDK."""

import base64

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.readers.otlp.identifiers import hex_id, hex_texts


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("CvdlGRbNQ92ESOshHIAxnA==", "0af7651916cd43dd8448eb211c80319c"),
        ("t61rcWkgMzE=", "b7ad6b7169203331"),
        ("MGFmNzY1MTkxNmNkNDNkZDg0NDhlYjIxMWM4MDMxOWM=", "0af7651916cd43dd8448eb211c80319c"),
        ("YjdhZDZiNzE2OTIwMzMzMQ==", "b7ad6b7169203331"),
        ("_-_-_-_-_-8=", "ffeffeffeffeffef"),
        ("0AF7651916CD43DD8448EB211C80319C", "0AF7651916CD43DD8448EB211C80319C"),
        ("0af7651916cd43dd8448eb21", "0af7651916cd43dd8448eb21"),  # 24 digits of hex, not base64
        ("0af7651916c=", "d1a7fbeb9d7dd7a7"),
        ("not an id ==", "not an id =="),
        ("====", "===="),
        ("", ""),
    ],
)
def test_an_id(text, wanted):
    assert hex_id(text) == wanted


@given(st.binary(min_size=8, max_size=8) | st.binary(min_size=16, max_size=16))
def test_every_id_comes_back(raw):
    digits = raw.hex()
    assert hex_id(base64.b64encode(digits.encode()).decode()) == digits
    assert hex_id(digits) == digits
    made = base64.b64encode(raw).decode()
    is_digits = all(byte in b"0123456789abcdefABCDEF" for byte in raw) and len(raw) == 16
    assert hex_id(made) == (raw.decode() if is_digits else digits)


def test_columns():
    plain = pa.array(["0af7651916cd43dd8448eb211c80319c", None])
    assert hex_texts(plain) is plain
    assert hex_texts(pa.array(["t61rcWkgMzE=", None, "x"])).to_pylist() == ["b7ad6b7169203331", None, "x"]
