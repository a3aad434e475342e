"""Jaeger JSON: readers by column and by row."""
