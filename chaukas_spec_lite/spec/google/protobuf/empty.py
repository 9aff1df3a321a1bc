# Generated from google/protobuf/empty.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""A message for RPCs that have nothing to say."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.message import Message, attach

from . import _empty_codec


@dataclass(init=False, eq=False, repr=False, slots=True)
class Empty(Message):
    """A message without fields."""

    _full_name = "google.protobuf.Empty"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(_empty_codec, Empty)
