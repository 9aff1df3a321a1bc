# Generated from google/protobuf/field_mask.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""Selections of fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import listed
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _field_mask_codec


@dataclass(init=False, eq=False, repr=False, slots=True)
class FieldMask(Message):
    """A selection of fields of a message, such as those to read or to update."""

    paths: list[str] = field(1, "string", repeated=True)
    """Each path is the names of fields from the outermost message inwards, with dots between them."""

    _full_name = "google.protobuf.FieldMask"

    def __init__(
        self,
        paths: Iterable[str] | None = None,
        **misspelt: Never,
    ) -> None:
        self.paths = [] if paths is None else paths if isinstance(paths, list) else listed(self, "paths", paths)
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(_field_mask_codec, FieldMask)
