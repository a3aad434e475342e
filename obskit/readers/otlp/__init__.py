"""Readers of OTLP, as JSON and as protobuf."""
