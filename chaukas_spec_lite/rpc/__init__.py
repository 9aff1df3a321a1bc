"""gRPC on grpclib: transport below, client and server on it, and the stubs that generated services stand on."""
