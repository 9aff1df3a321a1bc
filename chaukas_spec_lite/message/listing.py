"""Which attributes of a message are shown: by ``dir``, ``help`` and completion.

Names that only say what to write instead of them (``official_names``) exist for reading alone, and are not listed.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import TYPE_CHECKING

from typing_extensions import Protocol  # of which typing's is a base, before they became one

from chaukas_spec_lite.official_names import MESSAGE_NAMES, OfficialName, without_official_names

_OF_THE_CLASS = {"FromString", "SerializeToString", "from_dict", "from_json", "parse"}
"""What an instance does not list: ways to make messages, which the class lists, and the other name of ``bytes``.
Completion sorts by name, capitals first, so that they would stand before and between the fields."""


if TYPE_CHECKING:
    _TypeOfProtocols = ABCMeta
else:
    _TypeOfProtocols = type(Protocol)


class ListedAttributes(_TypeOfProtocols):
    """The type of message classes.

    It derives from the type of protocols, itself an ``ABCMeta``, so that a subclass may inherit from a protocol or an
    abstract class besides. Messages are no protocols, and their classes are asked as ``ABCMeta`` asks.
    """

    __instancecheck__ = ABCMeta.__instancecheck__
    __subclasscheck__ = ABCMeta.__subclasscheck__
    # Not those of protocols, which are Python's: classes are looked up in caches for each event.
    __eq__ = ABCMeta.__eq__
    __hash__ = ABCMeta.__hash__

    def __dir__(cls) -> list[str]:
        return without_official_names(cls, [*super().__dir__()])


class Listing(metaclass=ListedAttributes):
    """What every message class inherits from."""

    __slots__ = ()

    def __dir__(self) -> list[str]:
        names = without_official_names(type(self), [*super().__dir__()])
        return [name for name in names if name not in _OF_THE_CLASS]


# Not in the class's body, where type checkers would take the names for attributes that can be used.
for _name, _instead in MESSAGE_NAMES.items():
    setattr(Listing, _name, OfficialName(_name, _instead))
