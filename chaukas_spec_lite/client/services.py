"""Calls either of the schema's two services, whichever the server has, and takes what each tells of events.

They have the same methods, with the same requests, but for ``GetEventStats``, which only the server's has. Programs are
meant to speak to ``ChaukasClientService``; a platform may only have ``ChaukasServerService``.
"""

# The stubs keep what the schema says about their methods to themselves; they are generated for code of ours like this.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.errors import StatusCode, StatusError
from chaukas_spec_lite.rationed_log import RationedLog
from chaukas_spec_lite.rpc.stubs.service import Method, ServiceStub
from chaukas_spec_lite.spec.server.v1 import server

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.client.caller import UnaryCaller

log = logging.getLogger("chaukas_spec_lite.client")

_REJECTED = "chaukas-rejected"
"""By this name our collector tells behind an answer how many events of a batch it did not store."""
_REASONS = "; where it runs, chaukas-lite store rejected says why"
"""What is said of events that our collector did not store: it keeps them with the reasons."""
_TOLD_EVERY = 60.0
_NAMED = 10
"""How many rejected events a log line names."""


def _methods(stub: type[ServiceStub]) -> dict[str, Method[Any, Any]]:
    return {method.name: method for method in stub._methods}


class EitherService:
    """Calls methods by name, in the service that the server has.

    Args:
        caller: Makes the calls.
        preferred: The stub of the service that is called where both are there.
        other: That of the other one.
    """

    def __init__(self, caller: UnaryCaller, preferred: type[ServiceStub], other: type[ServiceStub]) -> None:
        self._caller = caller
        self._preferred = _methods(preferred)
        self._other = _methods(other)
        self._log = RationedLog(log, _TOLD_EVERY, time.monotonic)

    async def call(
        self,
        name: str,
        request: bytes = b"",
        timeout: float | None = None,
        once: bool = False,
        trailing: dict[str, str] | None = None,
        response_type: Any = None,
    ) -> Any:
        """Make a call; of what the two services answer, the fields that both have are alike.

        Args:
            name: The method, such as ``query_events``. One that only the other service has is called there.
            request: Its message, encoded.
            timeout: As for ``UnaryCaller.call``, like the others.
            once: The same.
            trailing: The same.
            response_type: What reads the answer in the place of its class.

        Raises:
            RpcError: The call failed. If the server has neither service, this is about the first one that was asked.
            ClientClosedError: The client is closed.
        """
        other, first = self._other[name], self._preferred.get(name)
        if response_type is not None:
            other = replace(other, response_type=response_type)
            first = first and replace(first, response_type=response_type)
        if first is None:
            return await self._caller.call(other, request, timeout, once, trailing)
        lacking = self._caller.lacking
        if _service(first) in lacking:
            first, other = other, first
        try:
            return await self._caller.call(first, request, timeout, once, trailing)
        except StatusError as error:
            if error.status is not StatusCode.UNIMPLEMENTED:
                raise
            unimplemented = error
        try:
            response = await self._caller.call(other, request, timeout, once, trailing)
        except StatusError as error:
            if error.status is not StatusCode.UNIMPLEMENTED:
                _prefer(other, first, lacking)  # It has the method.
                raise
            raise unimplemented from None
        _prefer(other, first, lacking)
        return response

    async def ingest_event(self, request: bytes, timeout: float | None) -> None:
        """Hand over one event; raises ``StatusError`` with INVALID_ARGUMENT, too, if it is rejected."""
        response = await self.call("ingest_event", request, timeout)
        if isinstance(response, server.IngestEventResponse) and response.status.lower() == "rejected":
            details = f"the server has rejected the event {response.event_id!r}"
            raise StatusError(details, status=StatusCode.INVALID_ARGUMENT, rpc="IngestEvent")

    async def ingest_batch(self, request: bytes, count: int, timeout: float | None = None, once: bool = False) -> int:
        """Hand over a batch of so many events; those that the server tells it has rejected are logged, and counted."""
        trailing: dict[str, str] = {}
        response = await self.call("ingest_event_batch", request, timeout, once, trailing)
        if isinstance(response, server.IngestEventBatchResponse):
            ids = response.rejected_event_ids
            named = ", ".join(repr(event_id) for event_id in ids[:_NAMED])
            more = ", ..." if len(ids) > _NAMED else ""
            self._tell(response.rejected_count, count, named and f" ({named}{more})")
            return response.rejected_count
        if (rejected := trailing.get(_REJECTED, "")).isdecimal():
            self._tell(int(rejected[:9]), count, _REASONS)
            return int(rejected[:9])
        return 0

    def _tell(self, rejected: int, count: int, more: str) -> None:
        if rejected > 0:
            self._log.log(
                "rejected",
                logging.WARNING,
                "the server has stored all but %d of the %d events of a batch: it rejected the others%s",
                rejected,
                count,
                more,
            )


def _service(method: Method[Any, Any]) -> str:
    return method.route.split("/")[1]


def _prefer(method: Method[Any, Any], to: Method[Any, Any], lacking: set[str]) -> None:
    """Ask the service of one method first from now on, because the server has not that of the other."""
    lacking.discard(_service(method))
    lacking.add(_service(to))
