"""Bytes of a file: opening, decompressing, cutting into lines, and files that are still being written."""
