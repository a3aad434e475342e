"""Reading formats, each beside what else reads it: a module a format, found by its `FORMATS`."""
