"""A stand-in for OpenAI's server on loopback: both of its APIs, plain and streamed, with the answers of a script.

The framework's own model classes and the real client talk to it: nothing of what runs is replaced but the model.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """The model asks for a tool."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What the model says to one request. Tokens are told as they are written here."""

    text: str = ""
    calls: Sequence[Call] = ()
    tokens: tuple[int, int] = (11, 7)
    status: int = 200
    """Anything but 200 is an error, with `text` as its message."""
    fails_first: int = 0
    """How many requests are answered with 500 before this one is."""
    cut: str = ""
    """Why the answer is incomplete: `max_output_tokens` or `content_filter`."""
    hangs: bool = False
    """The answer never comes; the server's `asked` is set."""
    extra: Sequence[Json] = ()
    """Items of the output besides, as they are."""


Script: TypeAlias = Mapping[str, Sequence[Answer]]
"""For each system prompt what is answered: the first to the first request, the second after one tool call, ..."""


@dataclass
class Server:
    url: str
    asked: Event
    """Set when a request has come that will not be answered."""
    requests: list[Json]


@contextmanager
def fake_openai(script: Script) -> Iterator[Server]:
    failures: Counter[tuple[str, int]] = Counter()
    lock = Lock()
    seen: list[Json] = []
    asked, released = Event(), Event()

    def choose(request: Json) -> Answer:
        system, turn = _place(request)
        answer = script[system][turn]
        with lock:
            seen.append(request)
            if failures[system, turn] < answer.fails_first:
                failures[system, turn] += 1
                return Answer(text="the server had an error", status=500)
        if answer.hangs:
            asked.set()
            released.wait()
        return answer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = choose(request)
            if answer.status != 200:
                error = {"message": answer.text, "type": "server_error", "code": None, "param": None}
                self._send(answer.status, "application/json", json.dumps({"error": error}))
                return
            responses = self.path.endswith("/responses")
            body = _response(request, answer) if responses else _completion(request, answer)
            if not request.get("stream"):
                self._send(200, "application/json", json.dumps(body))
                return
            events = _response_events(body) if responses else _chunks(body)
            self._send(200, "text/event-stream", "".join(events))

        def _send(self, status: int, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # a client that was cancelled

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Threads(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    server = Threads(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_address[1]}/v1", asked, seen)
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _place(request: Json) -> tuple[str, int]:
    """The system prompt, and how many tool outputs stand at the end: together they say which answer is due."""
    if "messages" in request:
        messages = request["messages"]
        first = messages[0]["content"] if messages[0]["role"] in ("system", "developer") else ""
        system = first if isinstance(first, str) else first[0]["text"]
        return system, _trailing(messages, lambda item: item["role"] == "assistant")
    items = request["input"]
    return request.get("instructions") or "", (
        0 if isinstance(items, str) else _trailing(items, lambda item: item.get("type") == "function_call")
    )


def _trailing(items: Sequence[Json], is_call: Callable[[Json], bool]) -> int:
    """How many rounds of tool calls stand behind the last message of the user."""
    last = max((index for index, item in enumerate(items) if item.get("role") == "user"), default=-1)
    rounds, inside = 0, False
    for item in items[last + 1 :]:
        rounds += is_call(item) and not inside
        inside = is_call(item)
    return rounds


def _id(prefix: str, request: Json, *more: object) -> str:
    """The same id for the same request, so that two runs of a program tell the same."""
    text = json.dumps([request.get("instructions"), request.get("input"), request.get("messages"), *more])
    return f"{prefix}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _response(request: Json, answer: Answer) -> Json:
    output: list[Json] = list(answer.extra)
    if answer.text:
        content = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
        output.append(
            {
                "type": "message",
                "id": _id("msg", request),
                "role": "assistant",
                "status": "completed",
                "content": [content],
            }
        )
    for number, call in enumerate(answer.calls):
        output.append(
            {
                "type": "function_call",
                "id": _id("fc", request, number),
                "call_id": _id("call", request, number),
                "name": call.name,
                "arguments": json.dumps(call.arguments),
                "status": "completed",
            }
        )
    given, taken = answer.tokens
    return {
        "id": _id("resp", request),
        "object": "response",
        "created_at": 1764400000,
        "status": "incomplete" if answer.cut else "completed",
        "incomplete_details": {"reason": answer.cut} if answer.cut else None,
        "error": None,
        "instructions": request.get("instructions"),
        "model": request["model"],
        "output": output,
        "parallel_tool_calls": True,
        "temperature": request.get("temperature"),
        "top_p": request.get("top_p"),
        "max_output_tokens": request.get("max_output_tokens"),
        "tool_choice": "auto",
        "tools": request.get("tools", []),
        "usage": {
            "input_tokens": given,
            "output_tokens": taken,
            "total_tokens": given + taken,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def _response_events(body: Json) -> Iterator[str]:
    events: list[Json] = [{"type": "response.created", "response": {**body, "status": "in_progress", "output": []}}]
    for index, item in enumerate(body["output"]):
        if item["type"] == "message":
            text = item["content"][0]["text"]
            place = {"item_id": item["id"], "output_index": index, "content_index": 0}
            started = {**item, "content": [], "status": "in_progress"}
            events.append({"type": "response.output_item.added", "output_index": index, "item": started})
            events += [
                {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
                for piece in (text[: len(text) // 2], text[len(text) // 2 :])
            ]
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    ended = "response.incomplete" if body["status"] == "incomplete" else "response.completed"
    events.append({"type": ended, "response": body})
    for number, event in enumerate(events):
        yield f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n"


def _completion(request: Json, answer: Answer) -> Json:
    calls = [
        {
            "id": _id("call", request, number),
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
        }
        for number, call in enumerate(answer.calls)
    ]
    message: Json = {"role": "assistant", "content": answer.text or None}
    if calls:
        message["tool_calls"] = calls
    given, taken = answer.tokens
    reason = {"max_output_tokens": "length"}.get(answer.cut, answer.cut)
    return {
        "id": _id("chatcmpl", request),
        "object": "chat.completion",
        "created": 1764400000,
        "model": request["model"],
        "choices": [
            {"index": 0, "message": message, "finish_reason": reason or ("tool_calls" if calls else "stop")},
        ],
        "usage": {"prompt_tokens": given, "completion_tokens": taken, "total_tokens": given + taken},
    }


def _chunks(body: Json) -> Iterator[str]:
    choice = body["choices"][0]
    message = choice["message"]
    text = message.get("content") or ""
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in (text[: len(text) // 2], text[len(text) // 2 :]) if piece]
    deltas += [{"tool_calls": [{"index": index, **call}]} for index, call in enumerate(message.get("tool_calls", []))]
    head = {**body, "object": "chat.completion.chunk", "usage": None}
    for delta in deltas:
        yield _line({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _line({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    yield _line({**head, "choices": [], "usage": body["usage"]})
    yield "data: [DONE]\n\n"


def _line(chunk: Json) -> str:
    return f"data: {json.dumps(chunk)}\n\n"
