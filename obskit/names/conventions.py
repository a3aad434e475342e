"""OpenTelemetry's semantic conventions (1.44) as two tables: old name -> current name, and name -> type.

`log.record.template` is only proposed there, and what other libraries call it is in the table too.
`RENAMED` has only names that were replaced by exactly one other with the same meaning for every kind of span.
So `net.peer.name` (server or client address, depending on the kind) and `http.target` (path and query
together) are not in it, and keep their names.
"""

from __future__ import annotations

_RENAMED_BY_GROUP: dict[str, dict[str, str]] = {
    "http": {
        "http.client_ip": "client.address",
        "http.flavor": "network.protocol.version",
        "http.method": "http.request.method",
        "http.request_content_length": "http.request.body.size",
        "http.request_content_length_uncompressed": "http.request.body.size",
        "http.resend_count": "http.request.resend_count",
        "http.response_content_length": "http.response.body.size",
        "http.response_content_length_uncompressed": "http.response.body.size",
        "http.scheme": "url.scheme",
        "http.server_name": "server.address",
        "http.status_code": "http.response.status_code",
        "http.url": "url.full",
        "http.user_agent": "user_agent.original",
    },
    "network": {
        "net.host.ip": "network.local.address",
        "net.host.name": "server.address",
        "net.host.port": "server.port",
        "net.peer.ip": "network.peer.address",
        "net.protocol.name": "network.protocol.name",
        "net.protocol.version": "network.protocol.version",
        "net.app.protocol.name": "network.protocol.name",
        "net.app.protocol.version": "network.protocol.version",
        "net.sock.host.addr": "network.local.address",
        "net.sock.host.port": "network.local.port",
        "net.sock.peer.addr": "network.peer.address",
        "net.sock.peer.port": "network.peer.port",
        "net.host.carrier.icc": "network.carrier.icc",
        "net.host.carrier.mcc": "network.carrier.mcc",
        "net.host.carrier.mnc": "network.carrier.mnc",
        "net.host.carrier.name": "network.carrier.name",
        "net.host.connection.subtype": "network.connection.subtype",
        "net.host.connection.type": "network.connection.type",
        "tls.client.server_name": "server.address",
    },
    "db": {
        "db.name": "db.namespace",
        "db.operation": "db.operation.name",
        "db.sql.table": "db.collection.name",
        "db.statement": "db.query.text",
        "db.system": "db.system.name",
        "db.cassandra.consistency_level": "cassandra.consistency.level",
        "db.cassandra.coordinator.dc": "cassandra.coordinator.dc",
        "db.cassandra.coordinator.id": "cassandra.coordinator.id",
        "db.cassandra.idempotence": "cassandra.query.idempotent",
        "db.cassandra.keyspace": "db.namespace",
        "db.cassandra.page_size": "cassandra.page.size",
        "db.cassandra.speculative_execution_count": "cassandra.speculative_execution.count",
        "db.cassandra.table": "db.collection.name",
        "db.client.connections.pool.name": "db.client.connection.pool.name",
        "db.cosmosdb.container": "db.collection.name",
        "db.elasticsearch.cluster.name": "db.namespace",
        "db.elasticsearch.node.name": "elasticsearch.node.name",
        "db.hbase.namespace": "db.namespace",
        "db.mongodb.collection": "db.collection.name",
        "db.redis.database_index": "db.namespace",
    },
    "messaging": {
        "messaging.client_id": "messaging.client.id",
        "messaging.consumer.id": "messaging.client.id",
        "messaging.conversation_id": "messaging.message.conversation_id",
        "messaging.destination": "messaging.destination.name",
        "messaging.eventhubs.consumer.group": "messaging.consumer.group.name",
        "messaging.kafka.client_id": "messaging.client.id",
        "messaging.kafka.consumer.group": "messaging.consumer.group.name",
        "messaging.kafka.consumer_group": "messaging.consumer.group.name",
        "messaging.kafka.destination.partition": "messaging.destination.partition.id",
        "messaging.kafka.message.offset": "messaging.kafka.offset",
        "messaging.kafka.message_key": "messaging.kafka.message.key",
        "messaging.kafka.partition": "messaging.destination.partition.id",
        "messaging.kafka.source.partition": "messaging.destination.partition.id",
        "messaging.kafka.tombstone": "messaging.kafka.message.tombstone",
        "messaging.message_id": "messaging.message.id",
        "messaging.message_payload_size_bytes": "messaging.message.body.size",
        "messaging.operation": "messaging.operation.type",
        "messaging.rabbitmq.routing_key": "messaging.rabbitmq.destination.routing_key",
        "messaging.rocketmq.client_group": "messaging.consumer.group.name",
        "messaging.servicebus.destination.subscription_name": "messaging.destination.subscription.name",
        "messaging.temp_destination": "messaging.destination.temporary",
    },
    "rpc": {
        "rpc.jsonrpc.request_id": "jsonrpc.request.id",
        "rpc.jsonrpc.version": "jsonrpc.protocol.version",
        "rpc.system": "rpc.system.name",
        "peer.service": "service.peer.name",
    },
    "code": {
        "code.column": "code.column.number",
        "code.filepath": "code.file.path",
        "code.function": "code.function.name",
        "code.lineno": "code.line.number",
        "log.body.template": "log.record.template",
        "message_template.text": "log.record.template",
        "sentry.message.template": "log.record.template",
        "{OriginalFormat}": "log.record.template",
        "process.context_switch_type": "process.context_switch.type",
        "process.cpu.state": "cpu.mode",
    },
    "platform": {
        "deployment.environment": "deployment.environment.name",
        "container.runtime": "container.runtime.name",
        "faas.execution": "faas.invocation_id",
        "faas.id": "cloud.resource_id",
        "browser.user_agent": "user_agent.original",
        "otel.library.name": "otel.scope.name",
        "otel.library.version": "otel.scope.version",
        "az.namespace": "azure.resource_provider.namespace",
        "az.service_request_id": "azure.service.request.id",
        "feature_flag.provider_name": "feature_flag.provider.name",
        "feature_flag.variant": "feature_flag.result.variant",
        "feature_flag.evaluation.error.message": "feature_flag.error.message",
        "vcs.repository.change.id": "vcs.change.id",
        "vcs.repository.change.title": "vcs.change.title",
        "vcs.repository.ref.name": "vcs.ref.head.name",
        "vcs.repository.ref.revision": "vcs.ref.head.revision",
    },
    "gen_ai": {
        "gen_ai.system": "gen_ai.provider.name",
        "gen_ai.usage.completion_tokens": "gen_ai.usage.output_tokens",
        "gen_ai.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    },
}

RENAMED: dict[str, str] = {old: new for group in _RENAMED_BY_GROUP.values() for old, new in group.items()}
"""Old convention name -> current name."""

STRINGS = """
service.name service.version service.namespace service.instance.id service.peer.name
deployment.environment.name deployment.id deployment.name
http.request.method http.request.method_original http.route
url.full url.path url.query url.scheme url.fragment url.domain url.template
user_agent.original user_agent.name user_agent.version user.id user.name user.email enduser.id session.id
server.address client.address source.address destination.address
network.peer.address network.local.address network.protocol.name network.protocol.version
network.transport network.type network.connection.type network.carrier.name network.carrier.mcc
network.carrier.mnc network.carrier.icc
db.system.name db.namespace db.collection.name db.operation.name db.query.text db.query.summary
db.response.status_code db.stored_procedure.name
messaging.system messaging.operation.name messaging.operation.type messaging.destination.name
messaging.destination.template messaging.destination.partition.id messaging.consumer.group.name
messaging.client.id messaging.message.id messaging.message.conversation_id messaging.kafka.message.key
messaging.destination.subscription.name messaging.rabbitmq.destination.routing_key
rpc.system.name rpc.method rpc.service rpc.status_code rpc.response.status_code
jsonrpc.request.id jsonrpc.protocol.version
error.type error.message exception.type exception.message exception.stacktrace event.name
code.function.name code.file.path code.stacktrace thread.name log.file.path log.file.name log.record.uid
log.record.template
host.id host.name host.type host.arch host.image.id host.image.name os.type os.name os.version
container.id container.name container.image.id container.image.name container.runtime.name
k8s.cluster.name k8s.cluster.uid k8s.namespace.name k8s.node.name k8s.node.uid k8s.pod.name k8s.pod.uid
k8s.pod.ip k8s.container.name k8s.deployment.name k8s.deployment.uid k8s.replicaset.name
k8s.replicaset.uid k8s.statefulset.name k8s.statefulset.uid k8s.daemonset.name k8s.daemonset.uid
k8s.job.name k8s.job.uid k8s.cronjob.name k8s.cronjob.uid
cloud.provider cloud.platform cloud.region cloud.availability_zone cloud.account.id cloud.resource_id
faas.name faas.version faas.instance faas.invocation_id faas.trigger faas.invoked_name
faas.invoked_provider faas.invoked_region faas.document.collection faas.document.name
faas.document.operation faas.cron faas.time
process.executable.name process.executable.path process.command process.command_line process.owner
process.runtime.name process.runtime.version process.runtime.description
telemetry.sdk.name telemetry.sdk.language telemetry.sdk.version telemetry.distro.name
telemetry.distro.version otel.scope.name otel.scope.version otel.status_code otel.status_description
feature_flag.key feature_flag.provider.name feature_flag.result.variant feature_flag.result.reason
feature_flag.set.id feature_flag.version feature_flag.context.id
tls.protocol.version tls.cipher tls.protocol.name device.id device.manufacturer device.model.identifier
device.model.name app.installation.id browser.language browser.platform geo.country.iso_code
geo.continent.code geo.region.iso_code geo.locality.name geo.postal_code
vcs.change.id vcs.ref.head.name vcs.ref.head.revision vcs.repository.name vcs.repository.url.full
cicd.pipeline.name cicd.pipeline.run.id cicd.pipeline.task.name cicd.pipeline.task.run.id
gen_ai.provider.name gen_ai.operation.name gen_ai.request.model gen_ai.response.model gen_ai.response.id
gen_ai.conversation.id gen_ai.agent.id gen_ai.agent.name gen_ai.tool.name
aws.request_id aws.lambda.invoked_arn graphql.operation.name graphql.operation.type graphql.document
cassandra.coordinator.dc cassandra.coordinator.id cassandra.consistency.level elasticsearch.node.name
"""

INTEGERS = """
http.response.status_code http.request.body.size http.response.body.size http.request.size
http.response.size http.request.resend_count
server.port client.port source.port destination.port network.peer.port network.local.port url.port
db.operation.batch.size db.response.returned_rows cassandra.page.size cassandra.speculative_execution.count
messaging.batch.message_count messaging.message.body.size messaging.message.envelope.size
messaging.kafka.offset messaging.rabbitmq.message.delivery_tag
messaging.gcp_pubsub.message.delivery_attempt messaging.servicebus.message.delivery_count
rpc.message.id rpc.message.compressed_size rpc.message.uncompressed_size rpc.grpc.status_code
rpc.jsonrpc.error_code
code.line.number code.column.number thread.id process.pid process.parent_pid process.exit.code
process.args_count faas.max_memory k8s.container.restart_count
gen_ai.usage.input_tokens gen_ai.usage.output_tokens gen_ai.request.max_tokens gen_ai.request.top_k
aws.dynamodb.limit aws.dynamodb.count aws.dynamodb.scanned_count
"""

FLOATS = """
geo.location.lat geo.location.lon gen_ai.request.temperature gen_ai.request.top_p
azure.cosmosdb.operation.request_charge browser.web_vital.value browser.web_vital.delta
"""

FLAGS = """
exception.escaped faas.coldstart messaging.destination.temporary messaging.destination.anonymous
messaging.kafka.message.tombstone tls.established tls.resumed browser.mobile jvm.thread.daemon
cassandra.query.idempotent process.interactive
"""

CONVENTION_TYPES: dict[str, str] = {
    name: word
    for word, names in (("string", STRINGS), ("int", INTEGERS), ("float", FLOATS), ("bool", FLAGS))
    for name in names.split()
}
"""Current convention name -> name of its type."""
