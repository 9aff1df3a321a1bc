"""A program: the official client makes one call through what the environment names, to the target it is given."""

import os
import sys

import grpc

target, seconds = sys.argv[1], float(os.environ["SECONDS_TO_WAIT"])
with grpc.insecure_channel(target) as channel:
    call = channel.unary_unary("/chaukas.spec.client.v1.ChaukasClientService/Healthz")
    try:
        call(b"", timeout=seconds)
    except grpc.RpcError as error:
        sys.exit(error.details())
