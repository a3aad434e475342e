"""Logs as logfmt: `key=value` pairs, one record per line."""
