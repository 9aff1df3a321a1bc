"""Sends one event with chaukas-spec-client and grpcio, then says so. Argument: host:port."""

import sys
from datetime import datetime, timezone

import grpc
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc
from chaukas.spec.common.v1 import events_pb2

with grpc.insecure_channel(sys.argv[1]) as channel:
    event = events_pb2.Event(
        event_id="e2",
        tenant_id="acme",
        project_id="demo",
        session_id="s1",
        type=events_pb2.EVENT_TYPE_AGENT_START,
        timestamp=datetime.now(timezone.utc),
        metadata={"framework": "none"},
    )
    client_pb2_grpc.ChaukasClientServiceStub(channel).IngestEvent(
        client_pb2.IngestEventRequest(event=event), timeout=10
    )
    print("acknowledged", flush=True)
