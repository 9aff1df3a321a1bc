# Generated from grpc/*.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
