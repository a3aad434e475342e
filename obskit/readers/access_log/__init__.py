"""Access logs of Apache, nginx and Envoy, as text or JSON: one row per answered request."""

from obskit.readers.access_log.json_reader import ENVOY_JSON, NGINX_JSON
from obskit.readers.access_log.text_reader import ACCESS, ENVOY_TEXT

__all__ = ["ACCESS", "ENVOY_JSON", "ENVOY_TEXT", "NGINX_JSON"]
