"""HTTP/2 and gRPC framing. All that relies on the inside of grpclib, h2 or hpack stands here."""
