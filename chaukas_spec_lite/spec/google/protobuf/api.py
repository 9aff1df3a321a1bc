# Generated from google/protobuf/api.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""RPC interfaces, described as messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from warnings import warn

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import listed, member
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _api_codec
from .source_context import SourceContext
from .type import Option, Syntax


@dataclass(init=False, eq=False, repr=False, slots=True)
class Api(Message):
    """An interface: a service, as a set of methods under a name and version."""

    name: str = field(1, "string")
    """Its full name."""
    methods: list[Method] = field(2, "message", of=lambda: Method, repeated=True)
    """Its methods."""
    options: list[Option] = field(3, "message", of=lambda: Option, repeated=True)
    """The options that are set on it."""
    version: str = field(4, "string")
    """Its version, as in `1.10`; a major version other than 0 and 1 is part of the package's name too."""
    source_context: SourceContext | None = field(5, "message", of=lambda: SourceContext)
    """The file that declares it."""
    mixins: list[Mixin] = field(6, "message", of=lambda: Mixin, repeated=True)
    """Other interfaces whose methods it takes in."""
    syntax: Syntax = field(7, "enum", of=lambda: Syntax)
    """The syntax of its file."""
    edition: str = field(8, "string")
    """The edition of its file, as in `2023`, if `syntax` is `SYNTAX_EDITIONS`."""

    _full_name = "google.protobuf.Api"

    def __init__(
        self,
        name: str | None = "",
        methods: Iterable[Method] | None = None,
        options: Iterable[Option] | None = None,
        version: str | None = "",
        source_context: SourceContext | None = None,
        mixins: Iterable[Mixin] | None = None,
        syntax: Syntax | None = Syntax.PROTO2,
        edition: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self.methods = (
            [] if methods is None
            else methods if isinstance(methods, list)
            else listed(self, "methods", methods)
        )
        self.options = (
            [] if options is None
            else options if isinstance(options, list)
            else listed(self, "options", options)
        )
        self.version = "" if version is None else version
        self.source_context = source_context
        self.mixins = [] if mixins is None else mixins if isinstance(mixins, list) else listed(self, "mixins", mixins)
        self.syntax = Syntax.PROTO2 if syntax is None else syntax
        if syntax.__class__ is not Syntax and syntax is not None:
            self.syntax = member(self, "syntax", syntax, Syntax)
        self.edition = "" if edition is None else edition
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Method(Message):
    """One method of an interface."""

    name: str = field(1, "string")
    """Its name."""
    request_type_url: str = field(2, "string")
    """The URL of the type of its requests."""
    request_streaming: bool = field(3, "bool")
    """Whether requests are a stream."""
    response_type_url: str = field(4, "string")
    """The URL of the type of its responses."""
    response_streaming: bool = field(5, "bool")
    """Whether responses are a stream."""
    options: list[Option] = field(6, "message", of=lambda: Option, repeated=True)
    """The options that are set on it."""
    syntax: Syntax = field(7, "enum", of=lambda: Syntax, deprecated=True)
    """The syntax of its file; read `Api.syntax`."""
    edition: str = field(8, "string", deprecated=True)
    """The edition of its file; read `Api.edition`."""

    _full_name = "google.protobuf.Method"

    def __init__(
        self,
        name: str | None = "",
        request_type_url: str | None = "",
        request_streaming: bool | None = False,
        response_type_url: str | None = "",
        response_streaming: bool | None = False,
        options: Iterable[Option] | None = None,
        syntax: Syntax | None = None,
        edition: str | None = None,
        **misspelt: Never,
    ) -> None:
        if "_unknown_fields" not in misspelt:
            if syntax is not None:
                warn("Method.syntax is deprecated", DeprecationWarning, stacklevel=2)
            if edition is not None:
                warn("Method.edition is deprecated", DeprecationWarning, stacklevel=2)
        self.name = "" if name is None else name
        self.request_type_url = "" if request_type_url is None else request_type_url
        self.request_streaming = False if request_streaming is None else request_streaming
        self.response_type_url = "" if response_type_url is None else response_type_url
        self.response_streaming = False if response_streaming is None else response_streaming
        self.options = (
            [] if options is None
            else options if isinstance(options, list)
            else listed(self, "options", options)
        )
        self.syntax = Syntax.PROTO2 if syntax is None else syntax
        if syntax.__class__ is not Syntax and syntax is not None:
            self.syntax = member(self, "syntax", syntax, Syntax)
        self.edition = "" if edition is None else edition
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Mixin(Message):
    """An interface whose methods another takes in as its own."""

    name: str = field(1, "string")
    """The full name of the interface."""
    root: str = field(2, "string")
    """Where the methods' HTTP paths are rooted; empty for the place that they have anyway."""

    _full_name = "google.protobuf.Mixin"

    def __init__(
        self,
        name: str | None = "",
        root: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self.root = "" if root is None else root
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(_api_codec, Api, Method, Mixin, Option=Option, SourceContext=SourceContext, Syntax=Syntax)
