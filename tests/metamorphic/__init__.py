"""Metamorphic tests: a file is changed in a known way, and what obskit reads must change in a known way."""
