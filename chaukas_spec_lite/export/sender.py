"""What an exporter hands its batches to, and how it reads the failure of one."""

from __future__ import annotations

import asyncio
import enum
import inspect
from collections.abc import Awaitable, Sequence
from typing import Protocol

from chaukas_spec_lite.errors import (
    ConnectError,
    MessageTooLargeError,
    ResponseTooLargeError,
    RpcError,
    SettingTypeError,
    StatusCode,
)


class Sender(Protocol):
    """Takes batches of encoded events to a server; ``ChaukasClient`` is one."""

    def send(self, encoded_events: Sequence[bytes], /) -> Awaitable[object]:
        """Deliver one batch; return when the server has acknowledged all of it. Write ``async def send``.

        One attempt is enough, and better than several: the exporter repeats it, and tells people of the first failure.

        Args:
            encoded_events: The events, encoded, with their ids.

        Returns:
            Anything; it is not looked at.

        Raises:
            RpcError: The batch was not acknowledged. The error's class, ``status`` and ``retryable`` say what becomes
                of it (see ``judge``), and ``pushback``, in seconds, when it may be sent again.
        """
        ...


def check_sender(sender: object, client: str) -> None:
    """Refuse at once what can never send. Otherwise each batch would fail, and be kept and tried again for ever.

    Args:
        sender: What an exporter was given.
        client: The class to use with that exporter, ``ChaukasClient`` or ``BlockingChaukasClient``.

    Raises:
        SettingTypeError: It has no method ``send``, or none that could be called. The error says what to use instead.
    """
    if isinstance(sender, str):
        raise SettingTypeError("sender", f"has to be a client, not text: write {client}(...)")  # it may hold a password
    if isinstance(sender, type):
        raise SettingTypeError("sender", f"has to be a client, not the class: write {sender.__name__}(...)")
    send: object = getattr(sender, "send", None)
    if not callable(send):
        kind = type(sender).__name__
        other = ", or give it to BlockingExporter" if kind == "BlockingChaukasClient" else ""
        raise SettingTypeError("sender", f"is of type {kind}, which has no async method send: use {client}(...){other}")
    if inspect.isasyncgenfunction(send):
        raise WrongSend(sender, "with its `yield` it is a generator, which nobody awaits")
    try:
        signature = inspect.signature(send)
    except (TypeError, ValueError):  # Some callables made in C have none.
        return
    try:
        signature.bind(())
    except TypeError:
        raise WrongSend(sender, f"it takes {signature}, not one batch") from None
    # A plain ``def`` may return something to wait for. A wrapper has the annotations of what it wraps.
    if signature.return_annotation in (None, "None") and not inspect.iscoroutinefunction(inspect.unwrap(send)):
        raise WrongSend(sender, "it is a plain `def` that returns None, and nobody can wait for that")


class WrongSend(SettingTypeError):
    """A sender's method ``send`` cannot be used, whatever the events."""

    def __init__(self, sender: object, why: str) -> None:
        kind = type(sender).__name__
        super().__init__("sender", f"{kind}.send has to be `async def send(self, encoded_events)`; {why}")


async def deliver(sender: Sender, batch: Sequence[bytes]) -> None:
    """Let a sender deliver a batch.

    Raises:
        WrongSend: It did something, but returned nothing to wait for, so nobody can know whether the batch arrived.
    """
    sent: object = sender.send(batch)
    if not inspect.isawaitable(sent):
        raise WrongSend(sender, f"it returned {type(sent).__name__}")
    await sent


class Verdict(enum.Enum):
    """What a failure says about the events of the batch."""

    LATER = "later"
    """Nothing: the same batch may go through later."""
    SLOW = "slow"
    """As LATER, but that a smaller batch may be done in time."""
    EXHAUSTED = "exhausted"
    """As LATER, unless the server means a size limit, in words that ``MessageTooLargeError`` does not know."""
    INVALID = "invalid"
    """At least one of them will never be accepted."""
    TOO_LARGE = "too_large"
    """They are too large, together or one of them alone."""
    UNCLEAR = "unclear"
    """The server, or the sender, failed with a final error: at these events, or at any. Sending others tells which."""


NOT_ABOUT_EVENTS = frozenset({StatusCode.UNAUTHENTICATED, StatusCode.UNIMPLEMENTED})
"""Statuses that are final for a call, until somebody corrects a key or an address; events wait for that."""

REFUSALS = frozenset({StatusCode.INVALID_ARGUMENT, StatusCode.OUT_OF_RANGE})
"""The statuses that are about what was sent."""


def judge(error: BaseException) -> Verdict:
    """Read what an exception of ``Sender.send`` says about the events."""
    # In this order: a ResponseTooLargeError is a MessageTooLargeError too, and both have the status RESOURCE_EXHAUSTED.
    if isinstance(error, ResponseTooLargeError):  # it says nothing about the request, which may even have been served
        return Verdict.LATER
    if isinstance(error, MessageTooLargeError):
        return Verdict.TOO_LARGE
    if isinstance(error, ConnectError):  # whatever its status is, nobody has seen the events
        return Verdict.LATER
    if isinstance(error, RpcError) and error.status in REFUSALS:
        return Verdict.INVALID
    if isinstance(error, RpcError) and error.status in NOT_ABOUT_EVENTS:
        return Verdict.LATER
    # Timeouts are OSErrors, but for asyncio's before Python 3.11.
    if getattr(error, "retryable", isinstance(error, (OSError, asyncio.TimeoutError))) is True:
        status = error.status if isinstance(error, RpcError) else None
        if status is StatusCode.DEADLINE_EXCEEDED or isinstance(error, (TimeoutError, asyncio.TimeoutError)):
            return Verdict.SLOW
        return Verdict.EXHAUSTED if status is StatusCode.RESOURCE_EXHAUSTED else Verdict.LATER
    # Final, and without a hint what it is about: INTERNAL, UNKNOWN, or a bug in the sender.
    return Verdict.UNCLEAR
