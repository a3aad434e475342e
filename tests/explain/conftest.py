"""Worlds to explain; what they are made of is in `worlds`."""

from tests.support.worlds import rng, world

__all__ = ["rng", "world"]
