"""Arrow record batches from rows and from attributes; used by all readers."""
