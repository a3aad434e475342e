"""Access logs in a layout that the caller gives: `log_format` in nginx's, Apache's or gunicorn's syntax."""
