"""Jaeger's JSON."""
