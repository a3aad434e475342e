"""Flat JSON lines: one object per line."""
