"""Where recorded events go: servers by gRPC or HTTP, files, the console, memory, nowhere."""
