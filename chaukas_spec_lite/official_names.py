"""Names of the official package's API that do not exist here, and what to write instead of each.

Programs are ported by search and replace, which leaves such names behind. Reading one raises an error that says what to
write; a ``__getattr__`` would say it too, but from Python 3.11 on it costs a class its quick attribute reads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

PACKAGE = __package__ or "chaukas_spec_lite"

MESSAGE_NAMES = {
    "ByteSize": "write len(bytes(message))",
    "Clear": "make a new message, or assign None to fields",
    "ClearExtension": "there are no extensions in proto3; unknown fields are kept and encoded again",
    "ClearField": "assign None: message.field = None",
    "CopyFrom": "write copy.deepcopy(other), or assign it: message.field = other",
    "DESCRIPTOR": "json_format and text_format of Google take their own messages only: message.to_dict(), to_json() "
    "and from_json() are ours; dataclasses.fields(message) lists the fields",
    "DiscardUnknownFields": "decode it anew from its JSON: type(message).from_json(message.to_json())",
    "Extensions": "there are no extensions in proto3; unknown fields are kept and encoded again",
    "FindInitializationErrors": "no field is required in proto3: leave the call out",
    "HasExtension": "there are no extensions in proto3; unknown fields are kept and encoded again",
    "HasField": 'write message.is_set("field"), or compare: message.field is not None',
    "IsInitialized": "no field is required in proto3, so it would always be true: leave the call out",
    "ListFields": "write [field for field in dataclasses.fields(message) if message.is_set(field.name)]",
    "MergeFrom": "write type(message).parse(bytes(message) + bytes(other))",
    "MergeFromString": "write type(message).parse(bytes(message) + data)",
    "ParseFromString": "write message = {cls}.parse(data): it returns the message",
    "RegisterExtension": "there are no extensions in proto3; unknown fields are kept and encoded again",
    "SerializePartialToString": "no field is required in proto3: write bytes(message)",
    "SetInParent": "assign the message: outer.field = {cls}()",
    "UnknownFields": "unknown fields are kept and encoded again, and cannot be read",
    "WhichOneof": 'write betterproto2.which_one_of(message, "oneof"), which returns the name and the value',
}
"""What to write instead of each name that official message classes have and ours have not; ``{cls}`` is the class."""

ENUM_NAMES = {
    "DESCRIPTOR": "{cls}.__members__ maps names to members",
    "Name": "write {cls}(number).proto_name for the schema's name, .name for the short one",
    "Value": "write {cls}.from_string(name), or int({cls}.from_string(name)) for the number",
    "items": "write {cls}.__members__.items(), or [(member.proto_name, member) for member in {cls}]",
    "keys": "write list({cls}.__members__), or [member.proto_name for member in {cls}]",
    "values": "write list({cls}): members are ints",
}
"""The same for what official enums have."""


class OfficialName:
    """An attribute that says what to write instead of it. For ``hasattr`` it does not exist.

    It defines no ``__set__``, so that a field or an enum member of the same name goes before it.
    """

    def __init__(self, name: str, instead: str) -> None:
        self.name = name
        self.instead = instead

    def __get__(self, instance: object, owner: type[Any]) -> Any:
        # An enum's names stand in its metaclass, so there the instance is the class.
        cls = instance if isinstance(instance, type) else owner
        raise AttributeError(instead_of(self.name, cls, self.instead))


def instead_of(name: str, cls: type[Any], instead: str) -> str:
    """Say that a class lacks a name of the official package, and what to write instead."""
    return f"{cls.__name__} has no {name}, a name of the official package; {instead.format(cls=cls.__name__)}"


def without_official_names(cls: type[Any], names: Sequence[str]) -> list[str]:
    """Leave out of the names in a class those that only say what to write instead."""
    return [name for name in names if name not in MESSAGE_NAMES or not isinstance(_found(cls, name), OfficialName)]


def _found(cls: type[Any], name: str) -> object:
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)


class MissingImports:
    """Answers imports of what does not exist below this package, such as ``events_pb2`` of the official one."""

    def __init__(self, instead_of_name: Callable[[str], str]) -> None:
        self._instead_of_name = instead_of_name

    def find_spec(self, name: str, _path: Sequence[str] | None = None, _target: object = None) -> None:
        """Find no module, like any finder that does not know one.

        Raises:
            ModuleNotFoundError: It is known what to import instead, which the error says.
        """
        package, _, last = name.rpartition(".")
        if name.startswith(f"{PACKAGE}.") and name.endswith(("_pb2", "_pb2_grpc")):
            said = f"there is no {name}, a name of the official package; {_module_instead_of(name)}"
        # Python looks for a module, too, where ``from chaukas_spec_lite import Name`` finds no attribute.
        elif package == PACKAGE and (instead := self._instead_of_name(last)):
            said = f"cannot import name {last!r} from {PACKAGE!r}; {instead}"
        else:
            return
        # As any module that does not exist, because programs may be prepared for that. Without the module's name: of an
        # error that has it, ``from package import name`` drops the text.
        raise ModuleNotFoundError(said)


def _module_instead_of(name: str) -> str:
    from importlib.util import find_spec  # here, because few programs ever need it

    module = name.removesuffix("_grpc").removesuffix("_pb2") + ("_grpc" if name.endswith("_grpc") else "")
    package, _, last = module.rpartition(".")
    return f"write from {package} import {last}" if find_spec(module) else f"{module} does not exist either"


def answer_missing_imports(instead_of_name: Callable[[str], str]) -> None:
    """Have imports of what does not exist answered, after everything else that can find a module.

    Args:
        instead_of_name: Says what to import instead of a name that this package does not have, or returns an empty
            string.
    """
    if not any(type(finder).__qualname__ == MissingImports.__qualname__ for finder in sys.meta_path):
        sys.meta_path.append(MissingImports(instead_of_name))
