"""Rows and attributes into Arrow record batches; shared by all readers."""
