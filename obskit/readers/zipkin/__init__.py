"""Zipkin JSON, version 2: readers by column and by row."""
