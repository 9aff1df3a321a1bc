# Generated from proto files by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
"""What server reflection gives away: proto files as encoded `google.protobuf.FileDescriptorProto`s."""

from __future__ import annotations

IMPORTS: dict[str, list[str]] = {
    "chaukas/spec/client/v1/client.proto": [
        "chaukas/spec/common/v1/events.proto",
        "chaukas/spec/common/v1/query.proto",
    ],
    "chaukas/spec/common/v1/events.proto": [
        "google/protobuf/any.proto",
        "google/protobuf/struct.proto",
        "google/protobuf/timestamp.proto",
    ],
    "chaukas/spec/common/v1/query.proto": ["chaukas/spec/common/v1/events.proto", "google/protobuf/timestamp.proto"],
    "chaukas/spec/server/v1/server.proto": [
        "chaukas/spec/common/v1/events.proto",
        "chaukas/spec/common/v1/query.proto",
    ],
    "google/protobuf/any.proto": [],
    "google/protobuf/struct.proto": [],
    "google/protobuf/timestamp.proto": [],
    "grpc/health/v1/health.proto": [],
    "grpc/reflection/v1/reflection.proto": [],
}
"""Which files each file imports."""

SYMBOLS: dict[str, str] = {
    "chaukas.spec.client.v1.HealthzRequest": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.HealthzResponse": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.GetCapabilitiesRequest": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.GetCapabilitiesResponse": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.IngestEventRequest": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.IngestEventResponse": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.IngestEventBatchRequest": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.IngestEventBatchResponse": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.QueryEventsRequest": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.QueryEventsResponse": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.ChaukasClientService": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.ChaukasClientService.Healthz": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.ChaukasClientService.GetCapabilities": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.ChaukasClientService.IngestEvent": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.ChaukasClientService.IngestEventBatch": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.client.v1.ChaukasClientService.QueryEvents": "chaukas/spec/client/v1/client.proto",
    "chaukas.spec.common.v1.MessageContent": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.ToolCall": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.ToolResponse": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.LLMInvocation": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.PolicyDecision": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.DataAccess": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.RedactionInfo": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.RetryInfo": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.PerformanceMetrics": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.InfrastructureMetrics": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.CostDetails": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.AgentHandoff": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.MCPCall": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.ErrorInfo": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.Event": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.EventBatch": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.EventType": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.EventStatus": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.Severity": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.Author": "chaukas/spec/common/v1/events.proto",
    "chaukas.spec.common.v1.TimeRange": "chaukas/spec/common/v1/query.proto",
    "chaukas.spec.common.v1.QueryFilter": "chaukas/spec/common/v1/query.proto",
    "chaukas.spec.common.v1.QueryRequest": "chaukas/spec/common/v1/query.proto",
    "chaukas.spec.common.v1.QueryResponse": "chaukas/spec/common/v1/query.proto",
    "chaukas.spec.common.v1.Capabilities": "chaukas/spec/common/v1/query.proto",
    "chaukas.spec.common.v1.SortOrder": "chaukas/spec/common/v1/query.proto",
    "chaukas.spec.server.v1.IngestEventResponse": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.IngestEventBatchResponse": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.GetEventStatsRequest": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.GetEventStatsResponse": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.HealthzRequest": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.HealthzResponse": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.GetCapabilitiesRequest": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.GetCapabilitiesResponse": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.IngestEventRequest": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.IngestEventBatchRequest": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.QueryEventsRequest": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.QueryEventsResponse": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.ChaukasServerService": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.ChaukasServerService.Healthz": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.ChaukasServerService.GetCapabilities": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.ChaukasServerService.IngestEvent": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.ChaukasServerService.IngestEventBatch": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.ChaukasServerService.QueryEvents": "chaukas/spec/server/v1/server.proto",
    "chaukas.spec.server.v1.ChaukasServerService.GetEventStats": "chaukas/spec/server/v1/server.proto",
    "google.protobuf.Any": "google/protobuf/any.proto",
    "google.protobuf.Struct": "google/protobuf/struct.proto",
    "google.protobuf.Value": "google/protobuf/struct.proto",
    "google.protobuf.ListValue": "google/protobuf/struct.proto",
    "google.protobuf.NullValue": "google/protobuf/struct.proto",
    "google.protobuf.Timestamp": "google/protobuf/timestamp.proto",
    "grpc.health.v1.HealthCheckRequest": "grpc/health/v1/health.proto",
    "grpc.health.v1.HealthCheckResponse": "grpc/health/v1/health.proto",
    "grpc.health.v1.HealthListRequest": "grpc/health/v1/health.proto",
    "grpc.health.v1.HealthListResponse": "grpc/health/v1/health.proto",
    "grpc.health.v1.HealthCheckResponse.ServingStatus": "grpc/health/v1/health.proto",
    "grpc.health.v1.Health": "grpc/health/v1/health.proto",
    "grpc.health.v1.Health.Check": "grpc/health/v1/health.proto",
    "grpc.health.v1.Health.List": "grpc/health/v1/health.proto",
    "grpc.health.v1.Health.Watch": "grpc/health/v1/health.proto",
    "grpc.reflection.v1.ServerReflectionRequest": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.ExtensionRequest": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.ServerReflectionResponse": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.FileDescriptorResponse": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.ExtensionNumberResponse": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.ListServiceResponse": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.ServiceResponse": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.ErrorResponse": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.ServerReflection": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1.ServerReflection.ServerReflectionInfo": "grpc/reflection/v1/reflection.proto",
}
"""The file that declares each type, service and method, by full name."""

FILES: dict[str, bytes] = {
    "chaukas/spec/client/v1/client.proto": (
        b"\x0a#chaukas/spec/client/v1/client.proto\x12\x16chaukas.spec.client.v1\x1a#chaukas/spec/common/v1/events.prot"
        b"o\x1a\x22chaukas/spec/common/v1/query.proto\x22\x10\x0a\x0eHealthzRequest\x22\x11\x0a\x0fHealthzResponse\x22"
        b"\x18\x0a\x16GetCapabilitiesRequest\x22c\x0a\x17GetCapabilitiesResponse\x12H\x0a\x0ccapabilities\x18\x01 \x01("
        b"\x0b2$.chaukas.spec.common.v1.CapabilitiesR\x0ccapabilities\x22I\x0a\x12IngestEventRequest\x123\x0a\x05event"
        b"\x18\x01 \x01(\x0b2\x1d.chaukas.spec.common.v1.EventR\x05event\x22\x15\x0a\x13IngestEventResponse\x22^\x0a"
        b"\x17IngestEventBatchRequest\x12C\x0a\x0bevent_batch\x18\x01 \x01(\x0b2\x22.chaukas.spec.common.v1.EventBatchR"
        b"\x0aeventBatch\x22\x1a\x0a\x18IngestEventBatchResponse\x22P\x0a\x12QueryEventsRequest\x12:\x0a\x05query\x18"
        b"\x01 \x01(\x0b2$.chaukas.spec.common.v1.QueryRequestR\x05query\x22X\x0a\x13QueryEventsResponse\x12A\x0a\x08re"
        b"sponse\x18\x01 \x01(\x0b2%.chaukas.spec.common.v1.QueryResponseR\x08response2\xad\x04\x0a\x14ChaukasClientSer"
        b"vice\x12Z\x0a\x07Healthz\x12&.chaukas.spec.client.v1.HealthzRequest\x1a'.chaukas.spec.client.v1.HealthzRespon"
        b"se\x12r\x0a\x0fGetCapabilities\x12..chaukas.spec.client.v1.GetCapabilitiesRequest\x1a/.chaukas.spec.client.v1"
        b".GetCapabilitiesResponse\x12f\x0a\x0bIngestEvent\x12*.chaukas.spec.client.v1.IngestEventRequest\x1a+.chaukas."
        b"spec.client.v1.IngestEventResponse\x12u\x0a\x10IngestEventBatch\x12/.chaukas.spec.client.v1.IngestEventBatchR"
        b"equest\x1a0.chaukas.spec.client.v1.IngestEventBatchResponse\x12f\x0a\x0bQueryEvents\x12*.chaukas.spec.client."
        b"v1.QueryEventsRequest\x1a+.chaukas.spec.client.v1.QueryEventsResponseb\x06proto3"
    ),
    "chaukas/spec/common/v1/events.proto": (
        b"\x0a#chaukas/spec/common/v1/events.proto\x12\x16chaukas.spec.common.v1\x1a\x19google/protobuf/any.proto\x1a"
        b"\x1cgoogle/protobuf/struct.proto\x1a\x1fgoogle/protobuf/timestamp.proto\x22m\x0a\x0eMessageContent\x12\x12"
        b"\x0a\x04role\x18\x01 \x01(\x09R\x04role\x12\x12\x0a\x04text\x18\x02 \x01(\x09R\x04text\x123\x0a\x08metadata"
        b"\x18\x03 \x01(\x0b2\x17.google.protobuf.StructR\x08metadata\x22\xaf\x01\x0a\x08ToolCall\x12\x0e\x0a\x02id\x18"
        b"\x01 \x01(\x09R\x02id\x12\x12\x0a\x04name\x18\x02 \x01(\x09R\x04name\x125\x0a\x09arguments\x18\x03 \x01(\x0b2"
        b"\x17.google.protobuf.StructR\x09arguments\x12#\x0a\x0dauth_required\x18\x04 \x01(\x08R\x0cauthRequired\x12#"
        b"\x0a\x0dfunction_name\x18\x05 \x01(\x09R\x0cfunctionName\x22\xd3\x01\x0a\x0cToolResponse\x12 \x0a\x0ctool_cal"
        b"l_id\x18\x01 \x01(\x09R\x0atoolCallId\x12/\x0a\x06output\x18\x02 \x01(\x0b2\x17.google.protobuf.StructR\x06ou"
        b"tput\x12#\x0a\x0derror_message\x18\x03 \x01(\x09R\x0cerrorMessage\x12*\x0a\x11execution_time_ms\x18\x04 \x01("
        b"\x01R\x0fexecutionTimeMs\x12\x1f\x0a\x0bhttp_status\x18\x05 \x01(\x05R\x0ahttpStatus\x22\x84\x05\x0a\x0dLLMIn"
        b"vocation\x12\x1a\x0a\x08provider\x18\x01 \x01(\x09R\x08provider\x12\x14\x0a\x05model\x18\x02 \x01(\x09R\x05mo"
        b"del\x121\x0a\x07request\x18\x03 \x01(\x0b2\x17.google.protobuf.StructR\x07request\x123\x0a\x08response\x18"
        b"\x04 \x01(\x0b2\x17.google.protobuf.StructR\x08response\x12#\x0a\x0dprompt_tokens\x18\x05 \x01(\x05R\x0cpromp"
        b"tTokens\x12+\x0a\x11completion_tokens\x18\x06 \x01(\x05R\x10completionTokens\x12!\x0a\x0ctotal_tokens\x18\x07"
        b" \x01(\x05R\x0btotalTokens\x12 \x0a\x0btemperature\x18\x08 \x01(\x01R\x0btemperature\x12\x1d\x0a\x0amax_token"
        b"s\x18\x09 \x01(\x05R\x09maxTokens\x12\x13\x0a\x05top_p\x18\x0a \x01(\x01R\x04topP\x12+\x0a\x11frequency_penal"
        b"ty\x18\x0b \x01(\x01R\x10frequencyPenalty\x12)\x0a\x10presence_penalty\x18\x0c \x01(\x01R\x0fpresencePenalty"
        b"\x129\x0a\x0astart_time\x18\x0d \x01(\x0b2\x1a.google.protobuf.TimestampR\x09startTime\x125\x0a\x08end_time"
        b"\x18\x0e \x01(\x0b2\x1a.google.protobuf.TimestampR\x07endTime\x12\x1f\x0a\x0bduration_ms\x18\x0f \x01(\x01R"
        b"\x0adurationMs\x12#\x0a\x0dfinish_reason\x18\x10 \x01(\x09R\x0cfinishReason\x22\x80\x01\x0a\x0ePolicyDecision"
        b"\x12\x1b\x0a\x09policy_id\x18\x01 \x01(\x09R\x08policyId\x12\x18\x0a\x07outcome\x18\x02 \x01(\x09R\x07outcome"
        b"\x12\x19\x0a\x08rule_ids\x18\x03 \x03(\x09R\x07ruleIds\x12\x1c\x0a\x09rationale\x18\x04 \x01(\x09R\x09rationa"
        b"le\x22\x93\x01\x0a\x0aDataAccess\x12\x1e\x0a\x0adatasource\x18\x01 \x01(\x09R\x0adatasource\x12!\x0a\x0cdocum"
        b"ent_ids\x18\x02 \x03(\x09R\x0bdocumentIds\x12\x1b\x0a\x09chunk_ids\x18\x03 \x03(\x09R\x08chunkIds\x12%\x0a"
        b"\x0epii_categories\x18\x04 \x03(\x09R\x0dpiiCategories\x22X\x0a\x0dRedactionInfo\x12\x16\x0a\x06fields\x18"
        b"\x01 \x03(\x09R\x06fields\x12\x16\x0a\x06method\x18\x02 \x01(\x09R\x06method\x12\x17\x0a\x07salt_id\x18\x03 "
        b"\x01(\x09R\x06saltId\x22`\x0a\x09RetryInfo\x12\x18\x0a\x07attempt\x18\x01 \x01(\x05R\x07attempt\x12\x1a\x0a"
        b"\x08strategy\x18\x02 \x01(\x09R\x08strategy\x12\x1d\x0a\x0abackoff_ms\x18\x03 \x01(\x05R\x09backoffMs\x22\xb2"
        b"\x01\x0a\x12PerformanceMetrics\x12\x1f\x0a\x0bcpu_percent\x18\x01 \x01(\x01R\x0acpuPercent\x12\x1b\x0a\x09mem"
        b"ory_mb\x18\x02 \x01(\x01R\x08memoryMb\x12\x1f\x0a\x0bduration_ms\x18\x03 \x01(\x01R\x0adurationMs\x12\x1e\x0a"
        b"\x0athroughput\x18\x04 \x01(\x01R\x0athroughput\x12\x1d\x0a\x0alatency_ms\x18\x05 \x01(\x01R\x09latencyMs\x22"
        b"\xbf\x01\x0a\x15InfrastructureMetrics\x12#\x0a\x0dresource_type\x18\x01 \x01(\x09R\x0cresourceType\x121\x0a"
        b"\x07metrics\x18\x02 \x01(\x0b2\x17.google.protobuf.StructR\x07metrics\x12\x12\x0a\x04host\x18\x03 \x01(\x09R"
        b"\x04host\x12\x1d\x0a\x0aprocess_id\x18\x04 \x01(\x05R\x09processId\x12\x1b\x0a\x09thread_id\x18\x05 \x01(\x09"
        b"R\x08threadId\x22\x8d\x03\x0a\x0bCostDetails\x12\x1a\x0a\x08provider\x18\x01 \x01(\x09R\x08provider\x12\x18"
        b"\x0a\x07service\x18\x02 \x01(\x09R\x07service\x12!\x0a\x0cinput_tokens\x18\x03 \x01(\x05R\x0binputTokens\x12#"
        b"\x0a\x0doutput_tokens\x18\x04 \x01(\x05R\x0coutputTokens\x12!\x0a\x0ctotal_tokens\x18\x05 \x01(\x05R\x0btotal"
        b"Tokens\x12\x1d\x0a\x0ainput_cost\x18\x06 \x01(\x01R\x09inputCost\x12\x1f\x0a\x0boutput_cost\x18\x07 \x01(\x01"
        b"R\x0aoutputCost\x12\x1d\x0a\x0atotal_cost\x18\x08 \x01(\x01R\x09totalCost\x12\x1a\x0a\x08currency\x18\x09 "
        b"\x01(\x09R\x08currency\x12/\x0a\x14input_rate_per_token\x18\x0a \x01(\x01R\x11inputRatePerToken\x121\x0a\x15o"
        b"utput_rate_per_token\x18\x0b \x01(\x01R\x12outputRatePerToken\x22\x95\x02\x0a\x0cAgentHandoff\x12\x22\x0a\x0d"
        b"from_agent_id\x18\x01 \x01(\x09R\x0bfromAgentId\x12&\x0a\x0ffrom_agent_name\x18\x02 \x01(\x09R\x0dfromAgentNa"
        b"me\x12\x1e\x0a\x0bto_agent_id\x18\x03 \x01(\x09R\x09toAgentId\x12\x22\x0a\x0dto_agent_name\x18\x04 \x01(\x09R"
        b"\x0btoAgentName\x12:\x0a\x0chandoff_data\x18\x05 \x01(\x0b2\x17.google.protobuf.StructR\x0bhandoffData\x12"
        b"\x16\x0a\x06reason\x18\x06 \x01(\x09R\x06reason\x12!\x0a\x0chandoff_type\x18\x07 \x01(\x09R\x0bhandoffType"
        b"\x22\xbe\x02\x0a\x07MCPCall\x12\x1f\x0a\x0bserver_name\x18\x01 \x01(\x09R\x0aserverName\x12\x1d\x0a\x0aserver"
        b"_url\x18\x02 \x01(\x09R\x09serverUrl\x12\x1c\x0a\x09operation\x18\x03 \x01(\x09R\x09operation\x12\x16\x0a\x06"
        b"method\x18\x04 \x01(\x09R\x06method\x121\x0a\x07request\x18\x05 \x01(\x0b2\x17.google.protobuf.StructR\x07req"
        b"uest\x123\x0a\x08response\x18\x06 \x01(\x0b2\x17.google.protobuf.StructR\x08response\x12)\x0a\x10protocol_ver"
        b"sion\x18\x07 \x01(\x09R\x0fprotocolVersion\x12*\x0a\x11execution_time_ms\x18\x08 \x01(\x01R\x0fexecutionTimeM"
        b"s\x22\xbb\x01\x0a\x09ErrorInfo\x12#\x0a\x0derror_message\x18\x01 \x01(\x09R\x0cerrorMessage\x12\x1d\x0a\x0aer"
        b"ror_code\x18\x02 \x01(\x09R\x09errorCode\x12\x1f\x0a\x0bstack_trace\x18\x03 \x01(\x09R\x0astackTrace\x12 \x0a"
        b"\x0brecoverable\x18\x04 \x01(\x08R\x0brecoverable\x12'\x0a\x0frecovery_action\x18\x05 \x01(\x09R\x0erecoveryA"
        b"ction\x22\xed\x0f\x0a\x05Event\x12\x19\x0a\x08event_id\x18\x01 \x01(\x09R\x07eventId\x12\x1b\x0a\x09tenant_id"
        b"\x18\x02 \x01(\x09R\x08tenantId\x12\x1d\x0a\x0aproject_id\x18\x03 \x01(\x09R\x09projectId\x12\x1d\x0a\x0asess"
        b"ion_id\x18\x04 \x01(\x09R\x09sessionId\x12\x17\x0a\x07span_id\x18\x05 \x01(\x09R\x06spanId\x12$\x0a\x0eparent"
        b"_span_id\x18\x06 \x01(\x09R\x0cparentSpanId\x125\x0a\x04type\x18\x07 \x01(\x0e2!.chaukas.spec.common.v1.Event"
        b"TypeR\x04type\x12<\x0a\x08severity\x18\x08 \x01(\x0e2 .chaukas.spec.common.v1.SeverityR\x08severity\x12;\x0a"
        b"\x06status\x18\x09 \x01(\x0e2#.chaukas.spec.common.v1.EventStatusR\x06status\x126\x0a\x06author\x18\x0a \x01("
        b"\x0e2\x1e.chaukas.spec.common.v1.AuthorR\x06author\x128\x0a\x09timestamp\x18\x0b \x01(\x0b2\x1a.google.protob"
        b"uf.TimestampR\x09timestamp\x12\x19\x0a\x08agent_id\x18\x0c \x01(\x09R\x07agentId\x12\x1d\x0a\x0aagent_name"
        b"\x18\x0d \x01(\x09R\x09agentName\x12#\x0a\x0dinvocation_id\x18\x0e \x01(\x09R\x0cinvocationId\x12\x1f\x0a\x0b"
        b"response_id\x18\x0f \x01(\x09R\x0aresponseId\x12\x1d\x0a\x0ais_partial\x18\x10 \x01(\x08R\x09isPartial\x12"
        b"\x19\x0a\x08is_final\x18\x11 \x01(\x08R\x07isFinal\x12\x1b\x0a\x09hash_prev\x18\x12 \x01(\x09R\x08hashPrev"
        b"\x12!\x0a\x0ccontent_hash\x18\x13 \x01(\x09R\x0bcontentHash\x12\x22\x0a\x0dworm_proof_id\x18\x14 \x01(\x09R"
        b"\x0bwormProofId\x12\x16\x0a\x06branch\x18\x15 \x01(\x09R\x06branch\x12\x12\x0a\x04tags\x18\x16 \x03(\x09R\x04"
        b"tags\x12\x19\x0a\x08trace_id\x18\x17 \x01(\x09R\x07traceId\x12B\x0a\x07message\x18\x1e \x01(\x0b2&.chaukas.sp"
        b"ec.common.v1.MessageContentH\x00R\x07message\x12?\x0a\x09tool_call\x18\x1f \x01(\x0b2 .chaukas.spec.common.v1"
        b".ToolCallH\x00R\x08toolCall\x12K\x0a\x0dtool_response\x18  \x01(\x0b2$.chaukas.spec.common.v1.ToolResponseH"
        b"\x00R\x0ctoolResponse\x12N\x0a\x0ellm_invocation\x18! \x01(\x0b2%.chaukas.spec.common.v1.LLMInvocationH\x00R"
        b"\x0dllmInvocation\x12@\x0a\x06policy\x18\x22 \x01(\x0b2&.chaukas.spec.common.v1.PolicyDecisionH\x00R\x06polic"
        b"y\x12E\x0a\x0bdata_access\x18# \x01(\x0b2\x22.chaukas.spec.common.v1.DataAccessH\x00R\x0adataAccess\x12<\x0a"
        b"\x0cstate_update\x18$ \x01(\x0b2\x17.google.protobuf.StructH\x00R\x0bstateUpdate\x129\x0a\x05error\x18% \x01("
        b"\x0b2!.chaukas.spec.common.v1.ErrorInfoH\x00R\x05error\x12K\x0a\x0dagent_handoff\x18& \x01(\x0b2$.chaukas.spe"
        b"c.common.v1.AgentHandoffH\x00R\x0cagentHandoff\x12<\x0a\x08mcp_call\x18' \x01(\x0b2\x1f.chaukas.spec.common.v"
        b"1.MCPCallH\x00R\x07mcpCall\x127\x0a\x05retry\x18< \x01(\x0b2!.chaukas.spec.common.v1.RetryInfoR\x05retry\x12C"
        b"\x0a\x09redaction\x18= \x01(\x0b2%.chaukas.spec.common.v1.RedactionInfoR\x09redaction\x12%\x0a\x0epii_categor"
        b"ies\x18> \x03(\x09R\x0dpiiCategories\x12L\x0a\x0bperformance\x18F \x01(\x0b2*.chaukas.spec.common.v1.Performa"
        b"nceMetricsR\x0bperformance\x12U\x0a\x0einfrastructure\x18G \x01(\x0b2-.chaukas.spec.common.v1.InfrastructureM"
        b"etricsR\x0einfrastructure\x127\x0a\x04cost\x18H \x01(\x0b2#.chaukas.spec.common.v1.CostDetailsR\x04cost\x123"
        b"\x0a\x08metadata\x18Z \x01(\x0b2\x17.google.protobuf.StructR\x08metadata\x124\x0a\x0aextensions\x18c \x03("
        b"\x0b2\x14.google.protobuf.AnyR\x0aextensionsB\x09\x0a\x07content\x22\xbb\x02\x0a\x0aEventBatch\x12\x19\x0a"
        b"\x08batch_id\x18\x01 \x01(\x09R\x07batchId\x128\x0a\x09timestamp\x18\x02 \x01(\x0b2\x1a.google.protobuf.Times"
        b"tampR\x09timestamp\x125\x0a\x06events\x18\x03 \x03(\x0b2\x1d.chaukas.spec.common.v1.EventR\x06events\x123\x0a"
        b"\x08metadata\x18\x04 \x01(\x0b2\x17.google.protobuf.StructR\x08metadata\x12\x1d\x0a\x0atotal_cost\x18\x0a "
        b"\x01(\x01R\x09totalCost\x12!\x0a\x0ctotal_tokens\x18\x0b \x01(\x05R\x0btotalTokens\x12*\x0a\x11total_duration"
        b"_ms\x18\x0c \x01(\x01R\x0ftotalDurationMs*\xd5\x04\x0a\x09EventType\x12\x1a\x0a\x16EVENT_TYPE_UNSPECIFIED\x10"
        b"\x00\x12\x1c\x0a\x18EVENT_TYPE_SESSION_START\x10\x01\x12\x1a\x0a\x16EVENT_TYPE_SESSION_END\x10\x02\x12\x1a"
        b"\x0a\x16EVENT_TYPE_AGENT_START\x10\x0a\x12\x18\x0a\x14EVENT_TYPE_AGENT_END\x10\x0b\x12\x1c\x0a\x18EVENT_TYPE_"
        b"AGENT_HANDOFF\x10\x0c\x12%\x0a!EVENT_TYPE_MODEL_INVOCATION_START\x10\x14\x12#\x0a\x1fEVENT_TYPE_MODEL_INVOCAT"
        b"ION_END\x10\x15\x12\x1e\x0a\x1aEVENT_TYPE_TOOL_CALL_START\x10\x16\x12\x1c\x0a\x18EVENT_TYPE_TOOL_CALL_END\x10"
        b"\x17\x12\x1d\x0a\x19EVENT_TYPE_MCP_CALL_START\x10\x18\x12\x1b\x0a\x17EVENT_TYPE_MCP_CALL_END\x10\x19\x12\x1d"
        b"\x0a\x19EVENT_TYPE_INPUT_RECEIVED\x10\x1e\x12\x1d\x0a\x19EVENT_TYPE_OUTPUT_EMITTED\x10\x1f\x12\x14\x0a\x10EVE"
        b"NT_TYPE_ERROR\x10(\x12\x14\x0a\x10EVENT_TYPE_RETRY\x10)\x12\x1e\x0a\x1aEVENT_TYPE_POLICY_DECISION\x10<\x12"
        b"\x1a\x0a\x16EVENT_TYPE_DATA_ACCESS\x10=\x12\x1b\x0a\x17EVENT_TYPE_STATE_UPDATE\x10>\x12\x15\x0a\x11EVENT_TYPE"
        b"_SYSTEM\x10?*\xb4\x01\x0a\x0bEventStatus\x12\x1c\x0a\x18EVENT_STATUS_UNSPECIFIED\x10\x00\x12\x18\x0a\x14EVENT"
        b"_STATUS_STARTED\x10\x01\x12\x1c\x0a\x18EVENT_STATUS_IN_PROGRESS\x10\x02\x12\x1a\x0a\x16EVENT_STATUS_COMPLETED"
        b"\x10\x03\x12\x17\x0a\x13EVENT_STATUS_FAILED\x10\x04\x12\x1a\x0a\x16EVENT_STATUS_CANCELLED\x10\x05*r\x0a\x08Se"
        b"verity\x12\x18\x0a\x14SEVERITY_UNSPECIFIED\x10\x00\x12\x12\x0a\x0eSEVERITY_DEBUG\x10\x01\x12\x11\x0a\x0dSEVER"
        b"ITY_INFO\x10\x02\x12\x11\x0a\x0dSEVERITY_WARN\x10\x03\x12\x12\x0a\x0eSEVERITY_ERROR\x10\x04*w\x0a\x06Author"
        b"\x12\x16\x0a\x12AUTHOR_UNSPECIFIED\x10\x00\x12\x0f\x0a\x0bAUTHOR_USER\x10\x01\x12\x10\x0a\x0cAUTHOR_AGENT\x10"
        b"\x02\x12\x0f\x0a\x0bAUTHOR_TOOL\x10\x03\x12\x11\x0a\x0dAUTHOR_SYSTEM\x10\x04\x12\x0e\x0a\x0aAUTHOR_LLM\x10"
        b"\x05b\x06proto3"
    ),
    "chaukas/spec/common/v1/query.proto": (
        b"\x0a\x22chaukas/spec/common/v1/query.proto\x12\x16chaukas.spec.common.v1\x1a#chaukas/spec/common/v1/events.pr"
        b"oto\x1a\x1fgoogle/protobuf/timestamp.proto\x22k\x0a\x09TimeRange\x120\x0a\x05start\x18\x01 \x01(\x0b2\x1a.goo"
        b"gle.protobuf.TimestampR\x05start\x12,\x0a\x03end\x18\x02 \x01(\x0b2\x1a.google.protobuf.TimestampR\x03end\x22"
        b"\xdd\x03\x0a\x0bQueryFilter\x12\x1b\x0a\x09tenant_id\x18\x01 \x01(\x09R\x08tenantId\x12\x1d\x0a\x0aproject_id"
        b"\x18\x02 \x01(\x09R\x09projectId\x12\x1d\x0a\x0asession_id\x18\x03 \x01(\x09R\x09sessionId\x12\x19\x0a\x08age"
        b"nt_id\x18\x04 \x01(\x09R\x07agentId\x12\x17\x0a\x07span_id\x18\x05 \x01(\x09R\x06spanId\x12\x19\x0a\x08trace_"
        b"id\x18\x06 \x01(\x09R\x07traceId\x127\x0a\x05types\x18\x0a \x03(\x0e2!.chaukas.spec.common.v1.EventTypeR\x05t"
        b"ypes\x12?\x0a\x08statuses\x18\x0b \x03(\x0e2#.chaukas.spec.common.v1.EventStatusR\x08statuses\x12@\x0a\x0asev"
        b"erities\x18\x0c \x03(\x0e2 .chaukas.spec.common.v1.SeverityR\x0aseverities\x12\x12\x0a\x04tags\x18\x14 \x03("
        b"\x09R\x04tags\x12\x1d\x0a\x0atext_query\x18\x15 \x01(\x09R\x09textQuery\x125\x0a\x04time\x18\x1e \x01(\x0b2!."
        b"chaukas.spec.common.v1.TimeRangeR\x04time\x22\xce\x01\x0a\x0cQueryRequest\x12;\x0a\x06filter\x18\x01 \x01("
        b"\x0b2#.chaukas.spec.common.v1.QueryFilterR\x06filter\x12\x1b\x0a\x09page_size\x18\x02 \x01(\x05R\x08pageSize"
        b"\x12\x1d\x0a\x0apage_token\x18\x03 \x01(\x09R\x09pageToken\x12E\x0a\x0dorder_by_time\x18\x04 \x01(\x0e2!.chau"
        b"kas.spec.common.v1.SortOrderR\x0borderByTime\x22n\x0a\x0dQueryResponse\x125\x0a\x06events\x18\x01 \x03(\x0b2"
        b"\x1d.chaukas.spec.common.v1.EventR\x06events\x12&\x0a\x0fnext_page_token\x18\x02 \x01(\x09R\x0dnextPageToken"
        b"\x22\x84\x02\x0a\x0cCapabilities\x12%\x0a\x0eworm_retention\x18\x01 \x01(\x08R\x0dwormRetention\x12!\x0a\x0ca"
        b"udit_proofs\x18\x02 \x01(\x08R\x0bauditProofs\x12+\x0a\x11distributed_query\x18\x03 \x01(\x08R\x10distributed"
        b"Query\x12\x12\x0a\x04rbac\x18\x04 \x01(\x08R\x04rbac\x12\x10\x0a\x03sso\x18\x05 \x01(\x08R\x03sso\x12)\x0a"
        b"\x10policy_decisions\x18\x06 \x01(\x08R\x0fpolicyDecisions\x12,\x0a\x12data_access_events\x18\x07 \x01(\x08R"
        b"\x10dataAccessEvents*P\x0a\x09SortOrder\x12\x1a\x0a\x16SORT_ORDER_UNSPECIFIED\x10\x00\x12\x12\x0a\x0eSORT_ORD"
        b"ER_ASC\x10\x01\x12\x13\x0a\x0fSORT_ORDER_DESC\x10\x02b\x06proto3"
    ),
    "chaukas/spec/server/v1/server.proto": (
        b"\x0a#chaukas/spec/server/v1/server.proto\x12\x16chaukas.spec.server.v1\x1a#chaukas/spec/common/v1/events.prot"
        b"o\x1a\x22chaukas/spec/common/v1/query.proto\x22k\x0a\x13IngestEventResponse\x12\x19\x0a\x08event_id\x18\x01 "
        b"\x01(\x09R\x07eventId\x12\x16\x0a\x06status\x18\x02 \x01(\x09R\x06status\x12!\x0a\x0cprocessed_at\x18\x03 "
        b"\x01(\x03R\x0bprocessedAt\x22\xb1\x01\x0a\x18IngestEventBatchResponse\x12\x19\x0a\x08batch_id\x18\x01 \x01("
        b"\x09R\x07batchId\x12%\x0a\x0eaccepted_count\x18\x02 \x01(\x05R\x0dacceptedCount\x12%\x0a\x0erejected_count"
        b"\x18\x03 \x01(\x05R\x0drejectedCount\x12,\x0a\x12rejected_event_ids\x18\x04 \x03(\x09R\x10rejectedEventIds"
        b"\x22\x94\x01\x0a\x14GetEventStatsRequest\x12\x1b\x0a\x09tenant_id\x18\x01 \x01(\x09R\x08tenantId\x12\x1d\x0a"
        b"\x0aproject_id\x18\x02 \x01(\x09R\x09projectId\x12@\x0a\x0atime_range\x18\x03 \x01(\x0b2!.chaukas.spec.common"
        b".v1.TimeRangeR\x09timeRange\x22\xc0\x02\x0a\x15GetEventStatsResponse\x12!\x0a\x0ctotal_events\x18\x01 \x01("
        b"\x03R\x0btotalEvents\x12%\x0a\x0etotal_sessions\x18\x02 \x01(\x03R\x0dtotalSessions\x12e\x0a\x0eevents_by_typ"
        b"e\x18\x03 \x03(\x0b2?.chaukas.spec.server.v1.GetEventStatsResponse.EventsByTypeEntryR\x0ceventsByType\x125"
        b"\x0a\x17avg_session_duration_ms\x18\x04 \x01(\x01R\x14avgSessionDurationMs\x1a?\x0a\x11EventsByTypeEntry\x12"
        b"\x10\x0a\x03key\x18\x01 \x01(\x09R\x03key\x12\x14\x0a\x05value\x18\x02 \x01(\x03R\x05value:\x028\x01\x22\x10"
        b"\x0a\x0eHealthzRequest\x22\x11\x0a\x0fHealthzResponse\x22\x18\x0a\x16GetCapabilitiesRequest\x22c\x0a\x17GetCa"
        b"pabilitiesResponse\x12H\x0a\x0ccapabilities\x18\x01 \x01(\x0b2$.chaukas.spec.common.v1.CapabilitiesR\x0ccapab"
        b"ilities\x22I\x0a\x12IngestEventRequest\x123\x0a\x05event\x18\x01 \x01(\x0b2\x1d.chaukas.spec.common.v1.EventR"
        b"\x05event\x22^\x0a\x17IngestEventBatchRequest\x12C\x0a\x0bevent_batch\x18\x01 \x01(\x0b2\x22.chaukas.spec.com"
        b"mon.v1.EventBatchR\x0aeventBatch\x22P\x0a\x12QueryEventsRequest\x12:\x0a\x05query\x18\x01 \x01(\x0b2$.chaukas"
        b".spec.common.v1.QueryRequestR\x05query\x22X\x0a\x13QueryEventsResponse\x12A\x0a\x08response\x18\x01 \x01(\x0b"
        b"2%.chaukas.spec.common.v1.QueryResponseR\x08response2\x9b\x05\x0a\x14ChaukasServerService\x12Z\x0a\x07Healthz"
        b"\x12&.chaukas.spec.server.v1.HealthzRequest\x1a'.chaukas.spec.server.v1.HealthzResponse\x12r\x0a\x0fGetCapabi"
        b"lities\x12..chaukas.spec.server.v1.GetCapabilitiesRequest\x1a/.chaukas.spec.server.v1.GetCapabilitiesResponse"
        b"\x12f\x0a\x0bIngestEvent\x12*.chaukas.spec.server.v1.IngestEventRequest\x1a+.chaukas.spec.server.v1.IngestEve"
        b"ntResponse\x12u\x0a\x10IngestEventBatch\x12/.chaukas.spec.server.v1.IngestEventBatchRequest\x1a0.chaukas.spec"
        b".server.v1.IngestEventBatchResponse\x12f\x0a\x0bQueryEvents\x12*.chaukas.spec.server.v1.QueryEventsRequest"
        b"\x1a+.chaukas.spec.server.v1.QueryEventsResponse\x12l\x0a\x0dGetEventStats\x12,.chaukas.spec.server.v1.GetEve"
        b"ntStatsRequest\x1a-.chaukas.spec.server.v1.GetEventStatsResponseb\x06proto3"
    ),
    "google/protobuf/any.proto": (
        b"\x0a\x19google/protobuf/any.proto\x12\x0fgoogle.protobuf\x226\x0a\x03Any\x12\x19\x0a\x08type_url\x18\x01 \x01"
        b"(\x09R\x07typeUrl\x12\x14\x0a\x05value\x18\x02 \x01(\x0cR\x05valueb\x06proto3"
    ),
    "google/protobuf/struct.proto": (
        b"\x0a\x1cgoogle/protobuf/struct.proto\x12\x0fgoogle.protobuf\x22\x98\x01\x0a\x06Struct\x12;\x0a\x06fields\x18"
        b"\x01 \x03(\x0b2#.google.protobuf.Struct.FieldsEntryR\x06fields\x1aQ\x0a\x0bFieldsEntry\x12\x10\x0a\x03key\x18"
        b"\x01 \x01(\x09R\x03key\x12,\x0a\x05value\x18\x02 \x01(\x0b2\x16.google.protobuf.ValueR\x05value:\x028\x01\x22"
        b"\xb2\x02\x0a\x05Value\x12;\x0a\x0anull_value\x18\x01 \x01(\x0e2\x1a.google.protobuf.NullValueH\x00R\x09nullVa"
        b"lue\x12#\x0a\x0cnumber_value\x18\x02 \x01(\x01H\x00R\x0bnumberValue\x12#\x0a\x0cstring_value\x18\x03 \x01("
        b"\x09H\x00R\x0bstringValue\x12\x1f\x0a\x0abool_value\x18\x04 \x01(\x08H\x00R\x09boolValue\x12<\x0a\x0cstruct_v"
        b"alue\x18\x05 \x01(\x0b2\x17.google.protobuf.StructH\x00R\x0bstructValue\x12;\x0a\x0alist_value\x18\x06 \x01("
        b"\x0b2\x1a.google.protobuf.ListValueH\x00R\x09listValueB\x06\x0a\x04kind\x22;\x0a\x09ListValue\x12.\x0a\x06val"
        b"ues\x18\x01 \x03(\x0b2\x16.google.protobuf.ValueR\x06values*\x1b\x0a\x09NullValue\x12\x0e\x0a\x0aNULL_VALUE"
        b"\x10\x00b\x06proto3"
    ),
    "google/protobuf/timestamp.proto": (
        b"\x0a\x1fgoogle/protobuf/timestamp.proto\x12\x0fgoogle.protobuf\x22;\x0a\x09Timestamp\x12\x18\x0a\x07seconds"
        b"\x18\x01 \x01(\x03R\x07seconds\x12\x14\x0a\x05nanos\x18\x02 \x01(\x05R\x05nanosb\x06proto3"
    ),
    "grpc/health/v1/health.proto": (
        b"\x0a\x1bgrpc/health/v1/health.proto\x12\x0egrpc.health.v1\x22.\x0a\x12HealthCheckRequest\x12\x18\x0a\x07servi"
        b"ce\x18\x01 \x01(\x09R\x07service\x22\xb1\x01\x0a\x13HealthCheckResponse\x12I\x0a\x06status\x18\x01 \x01(\x0e2"
        b"1.grpc.health.v1.HealthCheckResponse.ServingStatusR\x06status\x22O\x0a\x0dServingStatus\x12\x0b\x0a\x07UNKNOW"
        b"N\x10\x00\x12\x0b\x0a\x07SERVING\x10\x01\x12\x0f\x0a\x0bNOT_SERVING\x10\x02\x12\x13\x0a\x0fSERVICE_UNKNOWN"
        b"\x10\x03\x22\x13\x0a\x11HealthListRequest\x22\xc4\x01\x0a\x12HealthListResponse\x12L\x0a\x08statuses\x18\x01 "
        b"\x03(\x0b20.grpc.health.v1.HealthListResponse.StatusesEntryR\x08statuses\x1a`\x0a\x0dStatusesEntry\x12\x10"
        b"\x0a\x03key\x18\x01 \x01(\x09R\x03key\x129\x0a\x05value\x18\x02 \x01(\x0b2#.grpc.health.v1.HealthCheckRespons"
        b"eR\x05value:\x028\x012\xfd\x01\x0a\x06Health\x12P\x0a\x05Check\x12\x22.grpc.health.v1.HealthCheckRequest\x1a#"
        b".grpc.health.v1.HealthCheckResponse\x12M\x0a\x04List\x12!.grpc.health.v1.HealthListRequest\x1a\x22.grpc.healt"
        b"h.v1.HealthListResponse\x12R\x0a\x05Watch\x12\x22.grpc.health.v1.HealthCheckRequest\x1a#.grpc.health.v1.Healt"
        b"hCheckResponse0\x01b\x06proto3"
    ),
    "grpc/reflection/v1/reflection.proto": (
        b"\x0a#grpc/reflection/v1/reflection.proto\x12\x12grpc.reflection.v1\x22\xf3\x02\x0a\x17ServerReflectionRequest"
        b"\x12\x12\x0a\x04host\x18\x01 \x01(\x09R\x04host\x12*\x0a\x10file_by_filename\x18\x03 \x01(\x09H\x00R\x0efileB"
        b"yFilename\x126\x0a\x16file_containing_symbol\x18\x04 \x01(\x09H\x00R\x14fileContainingSymbol\x12b\x0a\x19file"
        b"_containing_extension\x18\x05 \x01(\x0b2$.grpc.reflection.v1.ExtensionRequestH\x00R\x17fileContainingExtensio"
        b"n\x12B\x0a\x1dall_extension_numbers_of_type\x18\x06 \x01(\x09H\x00R\x19allExtensionNumbersOfType\x12%\x0a\x0d"
        b"list_services\x18\x07 \x01(\x09H\x00R\x0clistServicesB\x11\x0a\x0fmessage_request\x22f\x0a\x10ExtensionReques"
        b"t\x12'\x0a\x0fcontaining_type\x18\x01 \x01(\x09R\x0econtainingType\x12)\x0a\x10extension_number\x18\x02 \x01("
        b"\x05R\x0fextensionNumber\x22\xae\x04\x0a\x18ServerReflectionResponse\x12\x1d\x0a\x0avalid_host\x18\x01 \x01("
        b"\x09R\x09validHost\x12V\x0a\x10original_request\x18\x02 \x01(\x0b2+.grpc.reflection.v1.ServerReflectionReques"
        b"tR\x0foriginalRequest\x12f\x0a\x18file_descriptor_response\x18\x04 \x01(\x0b2*.grpc.reflection.v1.FileDescrip"
        b"torResponseH\x00R\x16fileDescriptorResponse\x12r\x0a\x1eall_extension_numbers_response\x18\x05 \x01(\x0b2+.gr"
        b"pc.reflection.v1.ExtensionNumberResponseH\x00R\x1ballExtensionNumbersResponse\x12_\x0a\x16list_services_respo"
        b"nse\x18\x06 \x01(\x0b2'.grpc.reflection.v1.ListServiceResponseH\x00R\x14listServicesResponse\x12J\x0a\x0eerro"
        b"r_response\x18\x07 \x01(\x0b2!.grpc.reflection.v1.ErrorResponseH\x00R\x0derrorResponseB\x12\x0a\x10message_re"
        b"sponse\x22L\x0a\x16FileDescriptorResponse\x122\x0a\x15file_descriptor_proto\x18\x01 \x03(\x0cR\x13fileDescrip"
        b"torProto\x22j\x0a\x17ExtensionNumberResponse\x12$\x0a\x0ebase_type_name\x18\x01 \x01(\x09R\x0cbaseTypeName"
        b"\x12)\x0a\x10extension_number\x18\x02 \x03(\x05R\x0fextensionNumber\x22T\x0a\x13ListServiceResponse\x12=\x0a"
        b"\x07service\x18\x01 \x03(\x0b2#.grpc.reflection.v1.ServiceResponseR\x07service\x22%\x0a\x0fServiceResponse"
        b"\x12\x12\x0a\x04name\x18\x01 \x01(\x09R\x04name\x22S\x0a\x0dErrorResponse\x12\x1d\x0a\x0aerror_code\x18\x01 "
        b"\x01(\x05R\x09errorCode\x12#\x0a\x0derror_message\x18\x02 \x01(\x09R\x0cerrorMessage2\x89\x01\x0a\x10ServerRe"
        b"flection\x12u\x0a\x14ServerReflectionInfo\x12+.grpc.reflection.v1.ServerReflectionRequest\x1a,.grpc.reflectio"
        b"n.v1.ServerReflectionResponse(\x010\x01b\x06proto3"
    ),
}
"""The files."""
