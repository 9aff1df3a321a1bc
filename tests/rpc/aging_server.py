"""A program: a grpcio server that sends every client away after half a second, as load balancers ask for.

It prints its port, then, once stdin ends, how often each event was stored.
"""

import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc

AGE = 500
"""How old a connection may become, in milliseconds."""


class Service(client_pb2_grpc.ChaukasClientServiceServicer):
    """Takes a while for each event, so that many are under way when a connection is too old."""

    def __init__(self):
        self.stored = Counter()

    def IngestEvent(self, request, context):
        self.stored[request.event.event_id] += 1
        time.sleep(0.05)
        return client_pb2.IngestEventResponse()


service = Service()
server = grpc.server(ThreadPoolExecutor(30), options=[("grpc.max_connection_age_ms", AGE)])
client_pb2_grpc.add_ChaukasClientServiceServicer_to_server(service, server)
sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
sys.stdout.flush()
server.start()
sys.stdin.readline()
sys.stdout.write(json.dumps(service.stored))
sys.stdout.flush()
server.stop(0).wait()
