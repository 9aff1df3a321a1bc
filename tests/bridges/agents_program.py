"""A program with an agent of OpenAI Agents, whose model answers by itself; the official SDK observes it.

``python -m tests.bridges.agents_program SPOOL`` leaves its events in a spool.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, RunConfig, Runner, set_tracing_disabled
from agents.items import ModelResponse
from agents.models.interface import Model, ModelProvider
from agents.usage import Usage
from chaukas.sdk import enable_chaukas
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

from chaukas_spec_lite import BlockingExporter
from chaukas_spec_lite.bridges.sdk import SdkSink
from tests.bridges.http_sender import HttpSender


class Parrot(Model):
    """Answers every question alike."""

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        text = ResponseOutputText(annotations=[], text="It is on its way.", type="output_text")
        message = ResponseOutputMessage(id="m1", content=[text], role="assistant", status="completed", type="message")
        usage = Usage(requests=1, input_tokens=12, output_tokens=5, total_tokens=17)
        return ModelResponse(output=[message], usage=usage, response_id="r1")

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


class Parrots(ModelProvider):
    """Finds it by any name: the SDK records no model that an agent holds as an object."""

    def get_model(self, model_name: str | None) -> Model:
        return Parrot()


async def main() -> None:
    agent = Agent(name="triage", model="parrot-1")
    result = await Runner.run(agent, "Where is my order?", run_config=RunConfig(model_provider=Parrots()))
    print(result.final_output)


if __name__ == "__main__":
    set_tracing_disabled(True)
    enable_chaukas()
    # Nobody listens there: what was recorded has to be on disk.
    exporter = BlockingExporter(HttpSender("http://127.0.0.1:9"), spool=sys.argv[1], close_timeout=0.1)
    SdkSink(exporter, flush_timeout=0.1).install()
    asyncio.run(main())
