"""A program on the official client: sends the events on stdin (delimited) to a port, asks for them, and compares."""

import sys

import grpc
from chaukas.spec.client.v1 import client_pb2
from chaukas.spec.client.v1.client_pb2_grpc import ChaukasClientServiceStub
from chaukas.spec.common.v1 import events_pb2, query_pb2
from google.protobuf.proto import parse_length_prefixed

stub = ChaukasClientServiceStub(grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}"))
stub.Healthz(client_pb2.HealthzRequest(), timeout=60)
capabilities = stub.GetCapabilities(client_pb2.GetCapabilitiesRequest(), timeout=60).capabilities
assert capabilities == query_pb2.Capabilities(policy_decisions=True, data_access_events=True), capabilities

sent = []
while (event := parse_length_prefixed(events_pb2.Event, sys.stdin.buffer)) is not None:
    sent.append(event)
stub.IngestEvent(client_pb2.IngestEventRequest(event=sent[0]), timeout=60)
batch = client_pb2.IngestEventBatchRequest(event_batch=events_pb2.EventBatch(batch_id="b", events=sent))
stub.IngestEventBatch(batch, timeout=60)


def pages(page_size):
    """The events of each page of all that are stored, oldest first."""
    query = query_pb2.QueryRequest(page_size=page_size, order_by_time=query_pb2.SORT_ORDER_ASC)
    while True:
        response = stub.QueryEvents(client_pb2.QueryEventsRequest(query=query), timeout=60).response
        yield list(response.events)
        query.page_token = response.next_page_token
        if not query.page_token:
            return


sent.sort(key=lambda event: (event.timestamp.seconds, event.timestamp.nanos))
whole = list(pages(1000))
assert [event for page in whole for event in page] == sent
assert [event for page in pages(300) for event in page] == sent

session = sent[0].session_id
query = query_pb2.QueryRequest(filter=query_pb2.QueryFilter(session_id=session), page_size=1000)
found = stub.QueryEvents(client_pb2.QueryEventsRequest(query=query), timeout=60).response.events
assert list(found) == [event for event in reversed(sent) if event.session_id == session][:1000]

for call, request, code, text in [
    (stub.IngestEvent, client_pb2.IngestEventRequest(), grpc.StatusCode.INVALID_ARGUMENT, "IngestEventRequest.event: "),
    (
        stub.QueryEvents,
        client_pb2.QueryEventsRequest(query=query_pb2.QueryRequest(page_token="x")),
        grpc.StatusCode.INVALID_ARGUMENT,
        "QueryRequest.page_token: ",
    ),
    (
        stub.IngestEvent,
        client_pb2.IngestEventRequest(event=events_pb2.Event(event_id="x" * 2**24)),
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "received message larger than max: ",
    ),
]:
    answer = call.future(request, timeout=60)
    assert (answer.code(), text in answer.details()) == (code, True), answer
sys.stdout.write(f"{len(sent)} events; batch of {batch.ByteSize()} bytes; pages of {[len(page) for page in whole]}\n")
