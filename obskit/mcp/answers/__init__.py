"""One module per tool: call one verb of `Events`, and put its result in order of importance."""
