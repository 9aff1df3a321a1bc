"""What options say of the events that are wanted: where they are, which of them, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field

from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest, SortOrder

PAGE_EVENTS = 500
"""How many events are asked for at a time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a command is about, and in which order."""

    filter: QueryFilter = field(default_factory=QueryFilter)
    oldest_first: bool = False
    limit: int | None = None

    @property
    def request(self) -> QueryRequest:
        """The first page of it."""
        order = SortOrder.ASC if self.oldest_first else SortOrder.DESC
        return QueryRequest(filter=self.filter, page_size=PAGE_EVENTS, order_by_time=order)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the options of a command say of where events are."""

    endpoint: str | None = None
    store: str | None = None
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = [name for name, value in (("--endpoint", self.endpoint), ("--store", self.store)) if value]
        named += ["FILE"] if self.files else []
        if len(named) > 1:
            raise SettingError(named[0], f"and {named[1]} both say where the events are: name one of them")
