"""Remove secrets from events before they are written."""
