# Generated from google/protobuf/source_context.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""Where a definition comes from."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _source_context_codec


@dataclass(init=False, eq=False, repr=False, slots=True)
class SourceContext(Message):
    """The source file of a definition."""

    file_name: str = field(1, "string")
    """The path of the file, from the root of the sources, as in `google/protobuf/source_context.proto`."""

    _full_name = "google.protobuf.SourceContext"

    def __init__(
        self,
        file_name: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.file_name = "" if file_name is None else file_name
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(_source_context_codec, SourceContext)
