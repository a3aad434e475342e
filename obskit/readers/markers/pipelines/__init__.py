"""Markers of tools that build, deploy and roll out."""
