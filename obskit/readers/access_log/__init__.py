"""Access logs: a row an answered request, whichever server wrote it and however."""

from obskit.readers.access_log.json_reader import ENVOY_JSON, NGINX_JSON
from obskit.readers.access_log.text_reader import ACCESS, ENVOY_TEXT

__all__ = ["ACCESS", "ENVOY_JSON", "ENVOY_TEXT", "NGINX_JSON"]
