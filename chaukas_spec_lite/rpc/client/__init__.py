"""Calls to a server: channel, connections, attempts, retries, and the mapping of errors."""
