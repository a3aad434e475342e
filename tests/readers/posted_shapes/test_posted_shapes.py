"""Every shape of every module of this package is loaded and compared with what it must give."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

from tests.readers import posted_shapes
from tests.readers.posted_shapes.shape import Shape


def _all() -> list[object]:
    found = []
    for module in pkgutil.iter_modules(posted_shapes.__path__):
        if module.name.startswith("test_"):
            continue
        shapes = getattr(importlib.import_module(f"{posted_shapes.__name__}.{module.name}"), "SHAPES", None)
        if shapes is not None:
            found += [pytest.param(shape, id=f"{module.name}: {shape.name}") for shape in shapes]
    return found


@pytest.mark.parametrize("shape", _all())
def test_a_posted_shape_is_read_as_its_documentation_says(shape: Shape, tmp_path: Path) -> None:
    shape.check(tmp_path)


def test_names_are_unique() -> None:
    names = [parameter.id for parameter in _all()]
    assert sorted({*names}) == sorted(names)
