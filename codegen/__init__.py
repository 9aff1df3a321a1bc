"""The proto3 code generator of this project: a development tool, never imported by the package it generates."""
