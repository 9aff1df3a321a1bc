"""Emits the services of a proto file, in a module of their own: using messages must not load anything of gRPC."""

from __future__ import annotations

from collections.abc import Callable

from codegen.model import File, Method, Schema, Service
from codegen.modules import emit_imports, header
from codegen.names import assign, free, module_names, service_names, snake_case
from codegen.targets import Target
from codegen.writer import WIDTH, Writer

_OPTIONS = ("timeout", "deadline", "metadata")
_TAKEN = {"channel", *_OPTIONS, "float"}
"""What an RPC's method must not hide: a stub's public attributes, and ``float``, which annotations use."""

_RUNTIME = {
    "AsyncGenerator": "collections.abc",
    "AsyncIterator": "collections.abc",
    "warn": "warnings",
    "Cardinality": "grpclib.const",
    "Deadline": "grpclib.metadata",
    "MetadataLike": "chaukas_spec_lite.rpc.stubs.calls",
    "Requests": "chaukas_spec_lite.rpc.stubs.calls",
    "Encoded": "chaukas_spec_lite.rpc.stubs.codec",
    "Method": "chaukas_spec_lite.rpc.stubs.service",
    "ServiceBase": "chaukas_spec_lite.rpc.stubs.service",
    "ServiceStub": "chaukas_spec_lite.rpc.stubs.service",
}
"""What generated modules import, by name, and the module that each name comes from."""


def emit_services(schema: Schema, file: File, target: Target) -> str:
    """Emit the module with the stubs and the base classes of a proto file's services."""
    scope = ServiceScope(schema, file, target)
    body, head = Writer(), Writer()
    for service in file.services:
        _ServiceEmitter(body, scope, service).emit()
    head.lines(header(file.path))
    head.docstring(f"Stubs and base classes of the services in {file.path}.")
    head.gap()
    head.line("from __future__ import annotations")
    emit_imports(head, scope.imports)
    return f"{head.text()}\n{body.text()}"


def method_names(service: Service) -> dict[str, tuple[str, str]]:
    """The two Python names of each RPC, by its schema name: in snake_case, and as the schema spells it.

    The schema's names are kept wherever Python allows them. If a name in snake_case is also one of the schema's, it is
    the one that is changed.
    """
    names = [method.name for method in service.methods]
    kept = assign(((name, name) for name in names), _TAKEN)
    others = [(name, snake_case(name)) for name in names if snake_case(name) != name]
    snake = assign(others, {*_TAKEN, *kept.values()})
    return {name: (snake.get(name, kept[name]), kept[name]) for name in names}


class ServiceScope:
    """The names of a module of services. What it imports gets another name if an RPC has the same.

    Annotations in a class are looked up in the class first, so an RPC ``Ping`` would hide a message ``Ping`` from the
    annotations of all RPCs of its service.
    """

    def __init__(self, schema: Schema, file: File, target: Target) -> None:
        self.schema, self.file, self.target = schema, file, target
        self.imports: dict[str, set[str]] = {}
        """What is imported, by module: whole import clauses such as ``Ping as _Ping``."""
        self._used = {name for service in file.services for names in method_names(service).values() for name in names}
        self.names = service_names(service.name for service in file.services)
        """What the names of each service's classes begin with."""
        self._used |= {f"{name}{end}" for name in self.names.values() for end in ("Stub", "Base")}
        self._local: dict[tuple[str, str], str] = {}
        messages = {
            full_name
            for service in file.services
            for method in service.methods
            for full_name in (method.input_type, method.output_type)
        }
        self._messages = {full_name: self._place(full_name) for full_name in sorted(messages)}
        # Messages first: users read their names in signatures, so helpers give way.
        for module, name in [*self._messages.values(), *((module, name) for name, module in _RUNTIME.items())]:
            self._local[module, name] = self._free(name)
        self.constants = {
            _key(service, method): self._free(f"_{self.names[service.name]}_{method.name}")
            for service in file.services
            for method in service.methods
        }
        """The constant that describes each RPC, by its full name."""

    def _place(self, full_name: str) -> tuple[str, str]:
        path = self.schema.file_of[full_name]
        return self.target.import_from(path, self.file.path), module_names(self.schema.files[path]).classes[full_name]

    def _free(self, name: str) -> str:
        if name in self._used:
            # An underscore in front: no name of an RPC begins with one, so this cannot meet another.
            name = free(f"_{name.lstrip('_')}", self._used)
        self._used.add(name)
        return name

    def _name(self, module: str, name: str) -> str:
        local = self._local[module, name]
        self.imports.setdefault(module, set()).add(name if local == name else f"{name} as {local}")
        return local

    def runtime(self, name: str) -> str:
        """Use a name of the runtime."""
        return self._name(_RUNTIME[name], name)

    def cls(self, full_name: str) -> str:
        """Use the class of a message, wherever it is declared."""
        return self._name(*self._messages[full_name])


def _key(service: Service, method: Method) -> str:
    return f"{service.full_name}.{method.name}"


def _is_deprecated(service: Service, method: Method) -> bool:
    return service.deprecated or method.deprecated


class _ServiceEmitter:
    """Emits one service: the data of its RPCs, a stub for clients and a base class for servers."""

    def __init__(self, writer: Writer, scope: ServiceScope, service: Service) -> None:
        self.writer, self.scope, self.service = writer, scope, service
        self.names = method_names(service)

    def emit(self) -> None:
        """Emit everything that belongs to the service."""
        self.writer.gap(2)
        for method in self.service.methods:
            self._data(method)
        self._class("Stub", "", self._stub_method)
        note = "Implement its methods in a subclass; those that are left out answer `UNIMPLEMENTED`."
        self._class("Base", note, self._base_method)

    def _data(self, method: Method) -> None:
        # grpclib's names of cardinalities, such as UNARY_STREAM.
        kinds = "_".join("STREAM" if streams else "UNARY" for streams in _streaming(method))
        name, alias = self.names[method.name]
        arguments = [
            f'"{name}"',
            f'"{alias}"',
            f'"/{self.service.full_name}/{method.name}"',
            f"{self.scope.runtime('Cardinality')}.{kinds}",
            self.scope.cls(method.input_type),
            self.scope.cls(method.output_type),
        ]
        self.writer.call(f"{self._constant(method)} = {self.scope.runtime('Method')}", arguments, "")

    def _constant(self, method: Method) -> str:
        return self.scope.constants[_key(self.service, method)]

    def _class(self, end: str, note: str, emit_method: Callable[[Method], None]) -> None:
        w = self.writer
        w.gap(2)
        with w.block(f"class {self.scope.names[self.service.name]}{end}({self.scope.runtime(f'Service{end}')}):"):
            w.docstring(f"{self.service.doc or 'Undocumented.'}\n\n{note}" if note else self.service.doc)
            w.gap()
            constants = [self._constant(method) for method in self.service.methods]
            if len(constants) == 1:
                w.line(f"_methods = ({constants[0]},)")
            else:
                w.call("_methods = ", constants)
            for method in self.service.methods:
                w.gap()
                emit_method(method)
                name, alias = self.names[method.name]
                if alias != name:
                    w.gap()
                    w.line(f"{alias} = {name}")

    def _stub_method(self, method: Method) -> None:
        w, scope = self.writer, self.scope
        request_type = scope.cls(method.input_type)
        if method.client_streaming:
            argument = f"requests: {scope.runtime('Requests')}[{request_type}]"
        else:
            # ``Encoded``: a client that has the bytes already, such as the exporter's, need not decode and encode them.
            argument = f"request: {request_type} | {scope.runtime('Encoded')}"
        response = scope.cls(method.output_type)
        if method.server_streaming:
            response = f"{scope.runtime('AsyncGenerator')}[{response}, None]"
        with w.block(f"{self._def(method)}("):
            w.line("self,")
            w.line(f"{argument},")
            # Options by keyword only, so that more can be added without breaking calls.
            w.line("*,")
            w.line("timeout: float | None = None,")
            w.line(f"deadline: {scope.runtime('Deadline')} | None = None,")
            w.line(f"metadata: {scope.runtime('MetadataLike')} | None = None,")
        with w.block(f") -> {response}:"):
            w.docstring(method.doc)
            if _is_deprecated(self.service, method):
                text = f"{self.service.name}.{method.name} is deprecated"
                w.line(f'{scope.runtime("warn")}("{text}", DeprecationWarning, stacklevel=2)')
            kinds = "_".join("stream" if streams else "unary" for streams in _streaming(method))
            arguments = [self._constant(method), argument.partition(":")[0], *_OPTIONS]
            w.call(f"return {'' if method.server_streaming else 'await '}self._{kinds}", arguments, "")

    def _base_method(self, method: Method) -> None:
        w, scope = self.writer, self.scope
        argument = f"request: {scope.cls(method.input_type)}"
        if method.client_streaming:
            argument = f"requests: {scope.runtime('AsyncIterator')}[{scope.cls(method.input_type)}]"
        # ``Encoded``: a server that has the bytes already, such as the collector, need not decode and encode them.
        response = f"{scope.cls(method.output_type)} | {scope.runtime('Encoded')}"
        if method.server_streaming:
            response = f"{scope.runtime('AsyncIterator')}[{response}]"
        head = f"{self._def(method)}(self, {argument}) -> {response}:"
        if len(head) + 4 > WIDTH:
            with w.block(f"{self._def(method)}("):
                w.line("self,")
                w.line(f"{argument},")
            head = f") -> {response}:"
        with w.block(head):
            w.docstring(method.doc)
            w.line(f"raise {self._constant(method)}.unimplemented()")

    def _def(self, method: Method) -> str:
        return f"{'' if method.server_streaming else 'async '}def {self.names[method.name][0]}"


def _streaming(method: Method) -> tuple[bool, bool]:
    return method.client_streaming, method.server_streaming
