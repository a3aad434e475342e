"""Plain application logs: one record per line, or several lines with a stack trace."""
