# Generated from grpc/reflection/v1/*.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
