"""Record one agent run: a model, a tool, and another tool that fails; the agent goes on without it.

    CHAUKAS_GRPC_ENDPOINT=localhost:50051 python examples/record_run.py

Instead of a server, ``CHAUKAS_ENDPOINT`` may name a file, ``file:run.jsonl``, or ``console:``. The answer of the model
is made up; the rest is what to copy.
"""

from __future__ import annotations

from typing import Any

from chaukas_spec_lite import Recorder

recorder = Recorder.from_env(tenant_id="acme", project_id="support-bot", prices={"gpt-4o": (2.50, 10.00)})


@recorder.tool
def search_orders(order_id: str) -> dict[str, Any]:
    """Look an order up."""
    return {"order_id": order_id, "state": "shipped"}


@recorder.tool(capture=["address"])
def send_mail(address: str, text: str) -> None:
    """Fail: the exception ends this span, and says why."""
    raise ConnectionError("the mail server is down")


@recorder.agent("triage-agent", role="assistant")
def triage(question: str) -> str:
    """Ask a model, call the tool that it asks for, and try to send a mail."""
    request = {"messages": [{"role": "user", "content": question}]}
    with recorder.model("openai", "gpt-4o", request=request, temperature=0.2) as call:
        call.response(
            {"tool_calls": ["search_orders"]}, prompt_tokens=412, completion_tokens=38, finish_reason="tool_calls"
        )
    text = f"Your order was {search_orders('48213')['state']}."
    try:
        send_mail("ada@example.com", text)
    except ConnectionError:
        recorder.system("the answer goes out by chat alone")
    return text


def main() -> None:
    """Record a run, and wait until it is where it should be."""
    with recorder.session("support", metadata={"user": "u-17"}) as session:
        session.input("Where is my order 48213?")
        session.output(triage("Where is my order 48213?"))
    if not recorder.close(timeout=30):
        raise SystemExit(f"not everything was sent: {recorder.stats()}")
    print(session.session_id)


if __name__ == "__main__":
    main()
