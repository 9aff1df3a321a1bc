"""A program: a grpcio server with both services of the official packages. It prints its port and ends with stdin."""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc
from chaukas.spec.common.v1 import query_pb2
from chaukas.spec.server.v1 import server_pb2, server_pb2_grpc


class Client(client_pb2_grpc.ChaukasClientServiceServicer):
    """Keeps events in a list."""

    def __init__(self):
        self.events = []

    def Healthz(self, request, context):
        return client_pb2.HealthzResponse()

    def GetCapabilities(self, request, context):
        return client_pb2.GetCapabilitiesResponse(capabilities=query_pb2.Capabilities(rbac=True))

    def IngestEvent(self, request, context):
        self.events.append(request.event)
        return client_pb2.IngestEventResponse()

    def IngestEventBatch(self, request, context):
        self.events.extend(request.event_batch.events)
        return client_pb2.IngestEventBatchResponse()

    def QueryEvents(self, request, context):
        query = request.query
        if query.page_size < 0:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "page_size")
        start = int(query.page_token or "0")
        end = start + query.page_size
        token = str(end) if end < len(self.events) else ""
        page = query_pb2.QueryResponse(events=self.events[start:end], next_page_token=token)
        return client_pb2.QueryEventsResponse(response=page)


class Server(server_pb2_grpc.ChaukasServerServiceServicer):
    """Says what it was asked."""

    def Healthz(self, request, context):
        return server_pb2.HealthzResponse()

    def GetCapabilities(self, request, context):
        return server_pb2.GetCapabilitiesResponse(capabilities=query_pb2.Capabilities(sso=True))

    def IngestEvent(self, request, context):
        return server_pb2.IngestEventResponse(event_id=request.event.event_id, status="accepted", processed_at=-1)

    def IngestEventBatch(self, request, context):
        events = request.event_batch.events
        return server_pb2.IngestEventBatchResponse(
            batch_id=request.event_batch.batch_id,
            accepted_count=len(events),
            rejected_event_ids=[event.event_id for event in events],
        )

    def QueryEvents(self, request, context):
        return server_pb2.QueryEventsResponse(response=query_pb2.QueryResponse(next_page_token="next"))

    def GetEventStats(self, request, context):
        return server_pb2.GetEventStatsResponse(
            total_events=request.time_range.start.nanos, events_by_type={request.tenant_id: 2**63 - 1}
        )


server = grpc.server(ThreadPoolExecutor(4))
client_pb2_grpc.add_ChaukasClientServiceServicer_to_server(Client(), server)
server_pb2_grpc.add_ChaukasServerServiceServicer_to_server(Server(), server)
sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
sys.stdout.flush()
server.start()
sys.stdin.read()
server.stop(0).wait()
