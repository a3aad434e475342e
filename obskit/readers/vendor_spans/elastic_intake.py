"""Turn what an Elastic APM agent sends into the form of a document in Elasticsearch.

{"span": {"id": "b7ad...", "transaction_id": "1f2e...", "timestamp": 1777888800123456, "duration": 5.2}}
->  {"span": {"id": "b7ad...", "duration": {"us": 5200.0}}, "timestamp": {"us": 1777888800123456}, ...}
"""

from __future__ import annotations

from typing import Any

from obskit.readers.vendor_spans.fields import number, own_object

_MOVED = ("trace_id", "parent_id", "transaction_id", "timestamp", "duration", "outcome", "context")


def document_of(kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """Return a document.

    Args:
        kind: "transaction", "span" or "error".
        content: what the agent sent under this key; durations are milliseconds.
        metadata: of the agent: service, process, system, cloud, labels.

    Returns:
        The document, with the names that the server gives its fields.

    Raises:
        MalformedRecord: the duration is not a number.
    """
    context = own_object(content, "context")
    own = {name: value for name, value in content.items() if name not in _MOVED}
    if content.get("duration") is not None:
        own["duration"] = {"us": number(content["duration"], "duration") * 1000}
    rate = own.pop("sample_rate", None)
    if type(rate) in (int, float) and 0 < rate <= 1:
        own["representative_count"] = 1 / rate
    service, system = dict(own_object(metadata, "service")), own_object(metadata, "system")
    for name in ("agent", "language", "runtime", "framework"):
        if type(service.get(name)) is dict and name == "agent":
            service.pop(name)
    host = system.get("detected_hostname") or system.get("hostname")
    document: dict[str, Any] = {
        "processor": {"event": kind},
        kind: own,
        "trace": {"id": content.get("trace_id")},
        "parent": {"id": content.get("parent_id")},
        "timestamp": {"us": content.get("timestamp")},
        "service": service,
        "process": own_object(metadata, "process"),
        "host": {"hostname": host},
        "kubernetes": own_object(system, "kubernetes"),
        "container": own_object(system, "container"),
        "cloud": own_object(metadata, "cloud"),
        "labels": {**own_object(metadata, "labels"), **own_object(context, "tags")},
        **_http(context),
    }
    if content.get("outcome") is not None:
        document["event"] = {"outcome": content["outcome"]}
    if kind != "transaction" and content.get("transaction_id") is not None:
        document["transaction"] = {"id": content["transaction_id"]}
    for name in ("db", "destination", "message"):
        if type(context.get(name)) is dict:
            own[name] = context[name]
    if type(context.get("user")) is dict:
        document["user"] = context["user"]
    return document


def _http(context: dict[str, Any]) -> dict[str, Any]:
    """Return the HTTP fields of a request that was served, or of one that was sent."""
    request, response, sent = (own_object(context, name) for name in ("request", "response", "http"))
    status = response.get(
        "status_code", sent.get("status_code", own_object(sent, "response").get("status_code"))
    )
    url = request.get("url")
    found = url if type(url) is dict else {}
    return {
        "http": {
            "request": {"method": request.get("method", sent.get("method"))},
            "response": {"status_code": status},
        },
        "url": {
            "full": found.get("full", sent.get("url")),
            "path": found.get("pathname"),
            "domain": found.get("hostname"),
            "query": found.get("search"),
        },
    }
