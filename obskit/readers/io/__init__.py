"""Open and decompress files, cut them into lines, and handle files that are still being written."""
