"""Measure what obskit costs, compared with the tools that a user might choose instead."""
