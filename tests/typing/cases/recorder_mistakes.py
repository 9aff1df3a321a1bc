"""What both checkers refuse of recording."""

from __future__ import annotations

from chaukas_spec_lite import Event, Recorder


class Sink:
    def emit(self, event: Event) -> None: ...


recorder = Recorder(Sink())
Recorder(5)  # error: nothing to emit to
Recorder(Sink(), project="p")  # error: misspelt keyword


@recorder.tool
def search(order: str) -> int:
    return len(order)


@recorder.agent("triage")
async def triage(question: str) -> str:
    return question


search(5)  # error: wrong type
search("1", limit=2)  # error: no such argument
search("1").upper()  # error: the result is an int
triage("why").upper()  # error: the result has to be awaited

with recorder.model("openai", "gpt-4o") as call:
    call.result(5)  # error: a model's answer is its response
    call.response("x", tokens=3)  # error: misspelt keyword
recorder.model("openai")  # error: the model is missing
recorder.mcp("files")  # error: the operation is missing
recorder.model(search)  # error: provider and model are missing
recorder.mcp(search)  # error: server and operation are missing
recorder.tool("search", argument={})  # error: misspelt keyword
recorder.state(5)  # error: no mapping
