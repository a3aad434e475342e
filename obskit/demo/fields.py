"""Every field of the demo's events with its type, and the order of the columns."""

from __future__ import annotations

import pyarrow as pa

from obskit.names import COLUMNS

_WORDS = {
    "timestamp": pa.timestamp("us", "UTC"),
    "float": pa.float64(),
    "string": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "int32": pa.int32(),
}

# The resource: where a row comes from. Only rows of the edge and of deployments lack some of it.
_RESOURCE = """
service.name service.version service.namespace service.instance.id deployment.environment.name
telemetry.sdk.language cloud.provider cloud.account.id cloud.region cloud.availability_zone
k8s.cluster.name k8s.namespace.name k8s.deployment.name k8s.replicaset.name k8s.pod.name k8s.node.name
host.name host.type host.arch edge.site container.image.name container.image.tag
process.runtime.name process.runtime.version vcs.ref.head.revision
"""
_REQUEST = """
http.request.method http.route url.scheme url.path url.query server.address network.protocol.name
network.protocol.version network.transport tls.protocol.version user_agent.original user_agent.name
user_agent.version client.address geo.country.iso_code geo.locality.name
http.request.header.accept-language edge.response_flags gateway.auth.method session.id error.type
exception.type exception.message otel.scope.name code.function.name
"""
_DEPENDENCIES = """
db.system.name db.namespace db.operation.name db.collection.name db.query.summary db.query.text
messaging.system messaging.destination.name messaging.operation.name messaging.operation.type
messaging.client.id messaging.consumer.group.name messaging.message.id messaging.destination.partition.id
"""
_BUSINESS = """
app.platform app.version os.name os.version device.manufacturer device.model.identifier
user.id customer.tariff customer.loyalty_tier feature_flag.key feature_flag.result.variant
train.number train.category train.operator train.line train.composition_id
station.origin.code station.destination.code journey.departure_date
booking.id booking.channel booking.fare_class booking.currency booking.discount_card
payment.method payment.provider payment.currency payment.decline_code
notification.channel notification.template notification.locale
deployment.id deployment.name deployment.status deployment.strategy
"""
_INTEGERS = """
http.response.status_code http.request.body.size http.response.body.size http.request.resend_count
server.port network.peer.port db.response.returned_rows messaging.kafka.offset messaging.message.body.size
thread.id search.result_count search.passengers seatmap.free_seats seatmap.wagon_count
booking.passenger_count booking.lead_time_days journey.transfers deployment.weight
"""
_FLOATS = """
edge.upstream_ms db.client.pool_wait_ms booking.total_amount payment.amount payment.risk_score
journey.distance_km
"""
_BOOLEANS = "search.cache_hit booking.seat_reservation payment.three_ds"

_TYPES = dict.fromkeys((_RESOURCE + _REQUEST + _DEPENDENCIES + _BUSINESS).split(), "string")
_TYPES |= dict.fromkeys(_INTEGERS.split(), "int")
_TYPES |= dict.fromkeys(_FLOATS.split(), "float")
_TYPES |= dict.fromkeys(_BOOLEANS.split(), "bool")

SCHEMA = pa.schema(
    [(name, _WORDS[word]) for name, word in COLUMNS.items()]
    + [(name, _WORDS[_TYPES[name]]) for name in sorted(_TYPES)]
)
"""The canonical schema: obskit's own columns in their order, then the others by name."""

TYPES = {f.name: f.type for f in SCHEMA}
