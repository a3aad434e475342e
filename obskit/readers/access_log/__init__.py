"""Access logs of servers, proxies and load balancers, as text or JSON: one row per answered request."""

from obskit.readers.access_log.aws import ALB, ELB, S3
from obskit.readers.access_log.haproxy import HAPROXY
from obskit.readers.access_log.json_proxies import CADDY_JSON, TRAEFIK_JSON
from obskit.readers.access_log.json_reader import ENVOY_JSON, NGINX_JSON
from obskit.readers.access_log.squid import SQUID
from obskit.readers.access_log.text_reader import ACCESS, ENVOY_TEXT
from obskit.readers.access_log.w3c import W3C

ACCESS_LOGS = (
    ACCESS,
    ENVOY_TEXT,
    NGINX_JSON,
    ENVOY_JSON,
    HAPROXY,
    ALB,
    ELB,
    S3,
    W3C,
    SQUID,
    TRAEFIK_JSON,
    CADDY_JSON,
)
"""The readers of all access logs."""

__all__ = ["ACCESS", "ACCESS_LOGS", "ENVOY_JSON", "ENVOY_TEXT", "NGINX_JSON"]
