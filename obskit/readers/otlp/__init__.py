"""OTLP, as JSON and as protobuf."""
