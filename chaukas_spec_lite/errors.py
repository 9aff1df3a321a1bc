"""Every exception of the library, on one page.

::

    ChaukasError
    ├── CodecError (also a ValueError)   has ``path``
    │   ├── EncodeError                  a message that cannot be written to the wire
    │   ├── DecodeError                  bytes that are no such message; has ``offset``
    │   │   └── EndOfStream (EOFError)   a delimited stream ended where the next message would begin
    │   └── JSONError                    JSON that is no such message, or a message that has no JSON; has ``line``
    ├── SettingError (also a ValueError) a setting that cannot be used; has ``name``
    │   └── SettingTypeError (TypeError) ... because its value has the wrong type
    ├── CollectorError                   the collector does not do what it was asked to, and says why
    │   ├── InvalidRequest (ValueError)  a request that nobody could serve; the text begins with the field that is wrong
    │   ├── TooMuchError                 a request above a limit of the collector, however often it is sent
    │   ├── ThrottledError               too much at this time; has ``retry_after``
    │   ├── UnauthenticatedError         no key, or none that the collector knows
    │   ├── ForbiddenError               a key that does not allow this
    │   └── NotServingError              it can serve nobody just now
    ├── StoreError                       a database of events cannot be opened, read or written
    │   └── QueryTimeoutError            a query took longer than its time limit
    ├── AuditError (also a ValueError)   something that is to prove what was recorded does not
    │   ├── NoteError                    a text is no signed note, no checkpoint, or not signed by whom it should be
    │   └── ProofError                   a proof does not prove what it is for
    ├── SpoolError                       the spool cannot be read or written just now
    ├── ClientClosedError                a client used after it was closed, or from two event loops
    └── RpcError                         a call that failed; has ``status``, ``details``, ``peer``, ``retryable``
        ├── StatusError                  the server answered with this status
        ├── ConnectError                 no connection: refused, unknown name, unreachable
        │   ├── TLSError                 no trusted connection: certificate, handshake, ALPN
        │   └── HTTP1Error               the peer speaks HTTP/1, not gRPC
        ├── ConnectionLostError          the connection or stream ended during the call: reset, GOAWAY, no sign of life
        ├── DeadlineExceededError (TimeoutError)   no complete response in time
        ├── PeerProtocolError            a response that is not gRPC, or not the message it should be
        └── MessageTooLargeError         a message above a limit, ours or the server's; has ``size`` and ``limit``
            └── ResponseTooLargeError      the response is above our limit; the request is not at fault
"""

from __future__ import annotations

import enum


class ChaukasError(Exception):
    """The base class of every error that this library raises on purpose."""


class CodecError(ChaukasError, ValueError):
    """A message or its encoded form is not valid.

    Attributes:
        message: What is wrong, without the path.
        path: Where, in terms of the schema: ``Event.llm_invocation.prompt_tokens``, ``Event.metadata['k'][2]``; empty
            if it is nowhere in particular.
    """

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message,), self.__dict__


class EncodeError(CodecError):
    """A message holds a value that cannot be written: the wire format, or the reference implementation, forbids it."""


class DecodeError(CodecError):
    """Bytes are not an encoded message of the class that was asked to parse them.

    Attributes:
        offset: Where the mistake is, in bytes from the start of the outermost message; ``None`` if it is nowhere in
            particular.
    """

    def __init__(self, message: str, *, path: str = "", offset: int | None = None) -> None:
        super().__init__(message, path=path)
        self.offset = offset

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.offset is None else f"{text} (at byte {self.offset})"


class EndOfStream(DecodeError, EOFError):
    """A stream of length-delimited messages has ended where another could begin, so that no message was cut off."""


class JSONError(CodecError):
    """JSON is not the ProtoJSON form of a message, or a message has no such form.

    Attributes:
        path: Where, as a JSON path: ``$.events[2].type``.
        line: The line, counted from 1; ``None`` if no text was read, but a dict.
        column: The column in characters, counted from 1; ``None`` if no text was read.
    """

    def __init__(self, message: str, *, path: str = "", line: int | None = None, column: int | None = None) -> None:
        super().__init__(message, path=path)
        self.line = line
        self.column = column

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.line is None else f"{text} (line {self.line}, column {self.column})"


class SettingError(ChaukasError, ValueError):
    """A setting cannot be used: an argument, or a variable of the environment.

    The text never shows a value that could be a secret.

    Attributes:
        name: The argument, or the variable if the value comes from there.
        message: What is wrong with it, and what is expected.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class SettingTypeError(SettingError, TypeError):
    """A setting has a value of the wrong type, as ``batch_size="many"``."""


class CollectorError(ChaukasError):
    """The collector does not do what it was asked to, and why: the text is made for whoever asked."""


class InvalidRequest(CollectorError, ValueError):
    """A request that nobody could serve. The text begins with the path of what is wrong."""


class TooMuchError(CollectorError):
    """A request is above a limit of the collector, and would be however often it is sent."""


class ThrottledError(CollectorError):
    """A key sends more than it may at this time.

    Attributes:
        retry_after: After how many seconds the same request may be taken.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, retry_after)
        self.message = message
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.message


class UnauthenticatedError(CollectorError):
    """There is no key, or none that the collector knows."""


class ForbiddenError(CollectorError):
    """The key does not allow this: reading, writing, or another's events."""


class NotServingError(CollectorError):
    """The collector can serve nobody just now, which is no fault of the caller's."""


class NotFoundError(CollectorError):
    """There is no such thing, among what the key allows to see."""


class NotCoveredError(CollectorError):
    """No checkpoint of the audit log covers this yet.

    Attributes:
        retry_after: After how many seconds one may.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, retry_after)
        self.message = message
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.message


class SplitViewError(CollectorError):
    """A checkpoint that is signed by the log's key contradicts the one that the collector has."""


class RefusedLogError(CollectorError):
    """The collector signs the audit log no more: it contradicts what was signed."""


class StoreError(ChaukasError):
    """The collector's database cannot be opened, read or written."""


class QueryTimeoutError(StoreError):
    """A query took longer than its time limit, and was given up."""


class AuditError(ChaukasError, ValueError):
    """Something that is to prove what was recorded does not."""


class NoteError(AuditError):
    """A text is no signed note, or no checkpoint, or not signed by whom it should be."""


class ProofError(AuditError):
    """A proof does not prove what it is for."""


class SpoolError(ChaukasError):
    """The spool cannot be read or written just now."""


class ClientClosedError(ChaukasError, RuntimeError):
    """A client was used after it was closed, or from a second event loop while the first one was still open."""


class StatusCode(enum.IntEnum):
    """The status codes of gRPC (https://grpc.github.io/grpc/core/md_doc_statuscodes.html)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class RpcError(ChaukasError):
    """A call failed.

    Attributes:
        details: What happened, in words.
        status: The server's status, or the one that gRPC has for what happened on this side.
        rpc: The method, such as ``IngestEvent``.
        peer: The address, empty if none was reached.
        retryable: Whether the same call may succeed later. The client has already repeated such a call for as long as
            its deadline allowed.
        attempts: How often the call was tried.
        pushback: How long the server asked to wait before the next attempt, in seconds; negative if it wants no further
            attempt, ``None`` if it did not say.
    """

    def __init__(
        self,
        details: str,
        *,
        status: StatusCode = StatusCode.UNAVAILABLE,
        rpc: str = "",
        peer: str = "",
        retryable: bool = False,
        pushback: float | None = None,
    ) -> None:
        super().__init__(details)
        self.details = details
        self.status = status
        self.rpc = rpc
        self.peer = peer
        self.retryable = retryable
        self.pushback = pushback
        self.attempts = 1  # `Repetition` sets it: only the caller knows of other attempts.

    def __str__(self) -> str:
        where = " ".join(part for part in (self.rpc, self.peer and f"at {self.peer}") if part)
        again = f" (after {self.attempts} attempts)" if self.attempts > 1 else ""
        return f"{where}: {self.status.name}: {self.details}{again}".removeprefix(": ")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.details,), self.__dict__


class StatusError(RpcError):
    """The server answered with a status that is not OK."""


class ConnectError(RpcError):
    """No connection could be made: it was refused, the name is unknown, the address cannot be reached."""


class TLSError(ConnectError):
    """No trusted connection could be made: a certificate is wrong or missing, or the peer does not speak TLS."""


class HTTP1Error(ConnectError):
    """The peer speaks HTTP/1: most likely the endpoint is the address of an HTTP API, not of a gRPC server."""


class ConnectionLostError(RpcError):
    """The connection, or the call's stream on it, ended before the response was complete."""


class DeadlineExceededError(RpcError, TimeoutError):
    """No complete response came before the deadline."""


class PeerProtocolError(RpcError):
    """The response breaks the rules of gRPC, or is no message of the schema."""


class MessageTooLargeError(RpcError):
    """A message, sent or received, is above a size limit, ours or the server's.

    Attributes:
        size: The size of the message in bytes; ``None`` if unknown, for example because the server refused it.
        limit: The limit in bytes; ``None`` if unknown.
    """

    def __init__(
        self,
        details: str,
        *,
        status: StatusCode = StatusCode.RESOURCE_EXHAUSTED,
        rpc: str = "",
        peer: str = "",
        size: int | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(details, status=status, rpc=rpc, peer=peer)
        self.size = size
        self.limit = limit


class ResponseTooLargeError(MessageTooLargeError):
    """The server's response is above our limit. The server may nevertheless have done what the request asked for."""
