"""One event per request of an ASGI application."""
