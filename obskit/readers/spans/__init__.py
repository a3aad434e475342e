"""Shared by the JSON formats of spans: documents, tags, ids, numbers and texts."""
