"""Zipkin's JSON, version 2."""
