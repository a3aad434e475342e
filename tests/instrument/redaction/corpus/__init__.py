"""A list of secrets and harmless values that measures the redaction."""
