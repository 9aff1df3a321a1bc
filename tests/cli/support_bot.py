"""The program that ``chaukas-lite demo`` shows a recording of: a support bot of four agents, whose answers are made up.

It is written as a real one would be, but for `ask`, which knows the answer, and for the services, which only take time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from chaukas_spec_lite import Recorder

PRICES = {"gpt-4o": (2.50, 10.00), "gpt-4o-mini": (0.15, 0.60), "claude-sonnet-4-5": (3.00, 15.00)}
"""USD per million tokens."""

QUESTION = "Order 48213 came damaged. A refund, please!"
DRAFT = "I am sorry, Ms Lindqvist! We have refunded 349.00 EUR to your card 4485 2721 0034 9912."
ANSWER = "I am sorry, Ms Lindqvist! We have refunded 349.00 EUR to your card; it takes three days."


class RateLimitError(Exception):
    """What a provider says to whoever asks too often."""

    status_code = 429


class ServiceUnavailable(Exception):
    """What a payment service says on a bad day."""

    status_code = 503


class Bot:
    """Answers what customers ask."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.mail_server_is_down = True
        self.payments_are_down = True
        # The decorated functions; in a program with a recorder of its own, `@recorder.agent(...)` stands above each.
        self.triage = recorder.agent("triage", role="front desk")(self._triage)
        self.first_line = recorder.agent("triage", role="front desk")(self._first_line)
        self.billing = recorder.agent("billing", role="refunds and invoices")(self._billing)
        self.refund_policy = recorder.agent("refund-policy", role="knows the rules")(self._refund_policy)
        self.writer = recorder.agent("writer", role="writes to customers")(self._writer)
        self.find_order = recorder.tool("find_order")(self._find_order)
        self.find_customer = recorder.tool("find_customer")(self._find_customer)
        self.issue_refund = recorder.tool("issue_refund", auth_required=True)(self._issue_refund)
        self.send_mail = recorder.tool("send_mail")(self._send_mail)

    async def ask(
        self,
        model: str,
        messages: Sequence[Mapping[str, str]],
        answer: str,
        tokens: tuple[int, int],
        seconds: float,
        *,
        provider: str = "openai",
        finish_reason: str = "stop",
        streamed: bool = False,
    ) -> str:
        """Ask a model, which says what it is told to."""
        with self.recorder.model(
            provider, model, request={"messages": [dict(each) for each in messages]}, temperature=0.2, max_tokens=1024
        ) as call:
            if streamed:
                words = answer.split(" ")
                await asyncio.sleep(seconds / 4)
                for word in words:
                    await asyncio.sleep(seconds * 3 / 4 / len(words))
                    call.chunk(word + " ")
            else:
                await asyncio.sleep(seconds)
            call.response(answer, prompt_tokens=tokens[0], completion_tokens=tokens[1], finish_reason=finish_reason)
        return answer

    async def serve(self, user: str, question: str) -> None:
        """A conversation in which each agent passes the work on to the next."""
        with self.recorder.session("support-bot", metadata={"user": user, "channel": "chat"}) as session:
            session.input(question)
            order, customer = await self.triage(question)
            refunded = await self.billing(order)
            session.output(await self.writer(customer, refunded))

    async def serve_in_vain(self, user: str, question: str) -> None:
        """A conversation that comes to nothing: the provider has had enough."""
        with self.recorder.session("support-bot", metadata={"user": user, "channel": "chat"}) as session:
            session.input(question)
            try:
                await self.first_line(question)
            except RateLimitError:
                session.fail("the provider is busy")
                session.output("I am sorry, please ask again in a minute.")

    async def _triage(self, question: str) -> tuple[dict[str, Any], dict[str, Any]]:
        system = {"role": "system", "content": "You find out what a customer needs, and who can help."}
        asked = [system, {"role": "user", "content": question}]
        await self.ask("gpt-4o-mini", asked, "", (612, 47), 0.84, finish_reason="tool_calls")
        order, customer = await asyncio.gather(self.find_order("48213"), self.find_customer("u-2041"))
        found = [*asked, {"role": "tool", "content": f"{order} {customer}"}]
        await self.ask("gpt-4o-mini", found, "billing: refund for a damaged item", (871, 12), 0.58)
        self.recorder.handoff("billing", reason="refund for a damaged item", data={"order": order})
        return order, customer

    async def _find_order(self, order_id: str) -> dict[str, Any]:
        await asyncio.sleep(0.31)
        return {
            "order_id": order_id,
            "item": "espresso machine",
            "total": 349.0,
            "currency": "EUR",
            "delivered": "2026-11-26",
        }

    async def _find_customer(self, user_id: str) -> dict[str, Any]:
        await asyncio.sleep(0.2)
        self.recorder.data_access("pg://crm/customers", documents=[user_id], pii_categories=["NAME", "EMAIL"])
        await asyncio.sleep(0.42)
        return {"name": "Ms Lindqvist", "customer_since": 2019}

    async def _billing(self, order: dict[str, Any]) -> float:
        system = {"role": "system", "content": "You settle refunds and invoices. Ask refund-policy before you pay."}
        task = [system, {"role": "user", "content": f"Refund for a damaged item: {order}"}]
        await self.ask("gpt-4o", task, "", (1_846, 64), 1.62, finish_reason="tool_calls")
        if await self.refund_policy(order) == "allow":
            await self.issue_refund(order["order_id"], order["total"])
            self.recorder.state({"order.48213.refund": {"old": None, "new": "issued"}})
        self.recorder.handoff("writer", reason="tell the customer", data={"refunded": order["total"]})
        return float(order["total"])

    async def _refund_policy(self, order: dict[str, Any]) -> str:
        await asyncio.sleep(0.18)
        chunks = ["refunds#4", "refunds#9", "damage-in-transit#2"]
        self.recorder.data_access("vector://policies", documents=["refunds", "damage-in-transit"], chunks=chunks)
        task = [{"role": "user", "content": f"Does our policy allow this refund? {order}"}]
        answer = "Yes: damaged in transit, reported within 14 days, below 500 EUR."
        await self.ask("claude-sonnet-4-5", task, answer, (3_920, 187), 3.05, provider="anthropic")
        self.recorder.policy("refund-limit-v2", "allow", rules=["below-500-eur", "within-14-days"], rationale=answer)
        return "allow"

    async def _issue_refund(self, order_id: str, amount: float) -> dict[str, Any]:
        for attempt in range(1, 4):
            try:
                return await self._pay(order_id, amount)
            except ServiceUnavailable as error:
                backoff_ms = 500 * 2 ** (attempt - 1)
                self.recorder.retry(attempt, backoff_ms=backoff_ms, reason=error)
                await asyncio.sleep(backoff_ms / 1000)
        raise ServiceUnavailable("payments: gave up after 3 attempts")

    async def _pay(self, order_id: str, amount: float) -> dict[str, Any]:
        arguments = {"order_id": order_id, "amount": amount, "currency": "EUR"}
        async with self.recorder.mcp(
            "payments",
            "tools/call",
            server_url="https://payments.example/mcp",
            request={"name": "refund", "arguments": arguments},
            protocol_version="2025-06-18",
        ) as call:
            await asyncio.sleep(1.1)
            if self.payments_are_down:
                self.payments_are_down = False
                raise ServiceUnavailable("503 Service Unavailable")
            answer = {"refund_id": "rf_7d21", "state": "issued"}
            call.response(answer)
            return answer

    async def _writer(self, customer: dict[str, Any], refunded: float) -> str:
        task = [{"role": "user", "content": f"Tell {customer['name']} that {refunded:.2f} EUR are on their way."}]
        await self.ask("gpt-4o", task, DRAFT, (934, 58), 1.74, streamed=True)
        self.recorder.policy("pii-egress-v3", "deny", rules=["card-number"], rationale="The draft has a card number.")
        again = [*task, {"role": "user", "content": "Without the number of the card."}]
        answer = await self.ask("gpt-4o", again, ANSWER, (1_017, 49), 1.38, streamed=True)
        self.recorder.policy("pii-egress-v3", "allow")
        try:
            await self.send_mail("Your refund", answer)
        except ConnectionError as error:
            self.recorder.system("no mail: the answer goes out by chat", metadata={"reason": str(error)})
        return answer

    async def _send_mail(self, subject: str, text: str) -> None:
        await asyncio.sleep(0.35)
        if self.mail_server_is_down:
            raise ConnectionError("mail server closed the connection")

    async def _first_line(self, question: str) -> str:
        """An agent that gives up: the provider has had enough, twice."""
        for attempt in (1, 2):
            try:
                return await self._ask_a_busy_model(question, attempt)
            except RateLimitError as error:
                if attempt == 2:
                    raise
                self.recorder.retry(attempt, backoff_ms=1000, reason=error)
                await asyncio.sleep(1.0)
        raise AssertionError("two attempts, and no third")

    async def _ask_a_busy_model(self, question: str, attempt: int) -> str:
        request = {"messages": [{"role": "user", "content": question}]}
        with self.recorder.model("openai", "gpt-4o-mini", request=request):
            await asyncio.sleep(0.3 * attempt)
            raise RateLimitError("429 Too Many Requests: limit of 500 requests per minute reached")
