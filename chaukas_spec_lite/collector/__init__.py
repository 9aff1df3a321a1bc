"""A collector for one machine: a gRPC server that keeps events in a SQLite file and answers queries about them."""

from chaukas_spec_lite.collector.server import Collector

__all__ = ["Collector"]
