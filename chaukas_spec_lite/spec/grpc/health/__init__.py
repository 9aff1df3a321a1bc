# Generated from grpc/health/*.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
