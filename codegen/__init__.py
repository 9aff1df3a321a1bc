"""The proto3 code generator of this project: a development tool, never imported by the package that it generates.

``schema_loader`` reads proto files into ``model``, reporting all mistakes; ``output`` turns a model into the text of
modules; ``command`` is ``python -m codegen``, which does both. The two halves share ``model`` and nothing else.
"""
