"""Where events are written."""
