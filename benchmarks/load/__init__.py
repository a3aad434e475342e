"""Compare readers with other tools: one module per format, found by its `FORMATS`."""
