"""Spans that become events: the span itself, its context managers, its read-only view."""
