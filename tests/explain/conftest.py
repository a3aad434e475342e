"""Worlds to explain; what they are made of is in `worlds`."""

from worlds import rng, world

__all__ = ["rng", "world"]
