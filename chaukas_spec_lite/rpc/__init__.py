"""gRPC over grpclib: what generated services stand on, and how messages cross the wire."""
