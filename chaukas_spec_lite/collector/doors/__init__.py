"""Where events come in: gRPC and HTTP. A door knows its protocol and the service, and no store."""
