import assert from "node:assert/strict";
import { test } from "node:test";

import { chatOf } from "../../../chaukas_spec_lite/collector/page/static/app/session/chat.js";

/**
 * A chat as a few lines: who speaks, what is said, `>` before what the model answers.
 * @param {unknown} request
 * @param {unknown} response
 */
function lines(request, response) {
  return chatOf(request, response).messages.map(
    (message) => `${message.answer ? "> " : ""}${message.role}: ${message.parts.map(shown).join(" | ")}`,
  );
}

/** @param {import("../../../chaukas_spec_lite/collector/page/static/app/session/chat.js").Part} part @returns {string} */
function shown(part) {
  if (part.kind === "text") return part.text ?? "";
  if (part.kind === "thinking") return `(${part.text})`;
  if (part.kind === "other") return JSON.stringify(part.value);
  const value = typeof part.value === "string" ? part.value : JSON.stringify(part.value);
  const result = part.result ? ` = ${shown(part.result)}` : "";
  return part.kind === "call" ? `${part.name}(${value})${result}` : `${part.failed ? "failed " : ""}${value}`;
}

test("OpenAI's chat, with the result of a call where the call is", () => {
  const request = {
    temperature: 0.2,
    messages: [
      { role: "developer", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Weather?" }, { type: "image_url", image_url: { url: "x" } }] },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "1", type: "function", function: { name: "weather", arguments: '{"city": "Rom"}' } },
          { id: "2", type: "function", function: { name: "time", arguments: "{broken" } },
        ],
      },
      { role: "tool", tool_call_id: "2", content: "12:00" },
      { role: "tool", tool_call_id: "1", content: '{"sun": true}' },
      { role: "tool", tool_call_id: "9", content: "of no call" },
    ],
    tools: [{ type: "function", function: { name: "weather", description: "Tells it.", parameters: {} } }],
  };
  const response = { choices: [{ finish_reason: "stop", message: { role: "assistant", content: "Sunny." } }] };
  assert.deepEqual(lines(request, response), [
    "developer: Be brief.",
    'user: Weather? | {"type":"image_url","image_url":{"url":"x"}}',
    'assistant: weather({"city":"Rom"}) = {"sun":true} | time({broken) = 12:00',
    "tool: of no call",
    "> assistant: Sunny.",
  ]);
  const chat = chatOf(request, response);
  assert.equal(chat.finish, "stop");
  assert.deepEqual(chat.settings, [["temperature", 0.2]]);
  assert.deepEqual(chat.tools.map((each) => [each.name, each.description]), [["weather", "Tells it."]]);
});

test("the response as recorders write it", () => {
  const response = {
    content: "",
    finish_reason: "tool_calls",
    tool_calls: [{ id: "c", type: "function", function: { name: "search", arguments: "{}" } }],
  };
  assert.deepEqual(lines({ messages: [{ role: "user", content: "Hi" }] }, response), ["user: Hi", "> assistant: search({})"]);
  assert.deepEqual(lines({ messages: [{ content: "Hi", role: "human" }] }, { content: "Hello" }), [
    "user: Hi",
    "> assistant: Hello",
  ]);
});

test("Anthropic's blocks", () => {
  const request = {
    system: [{ type: "text", text: "Be kind." }],
    max_tokens: 100,
    messages: [
      { role: "user", content: "Look it up" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hmm", signature: "s" },
          { type: "text", text: "Looking." },
          { type: "tool_use", id: "t1", name: "lookup", input: { id: 7 } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "t1", is_error: true, content: [{ type: "text", text: "gone" }] },
          { type: "text", text: "And?" },
        ],
      },
    ],
    tools: [{ name: "lookup", description: "Finds.", input_schema: {} }],
  };
  const response = { role: "assistant", stop_reason: "end_turn", content: [{ type: "text", text: "Nothing." }] };
  assert.deepEqual(lines(request, response), [
    "system: Be kind.",
    "user: Look it up",
    'assistant: (Hmm) | Looking. | lookup({"id":7}) = failed gone',
    "user: And?",
    "> assistant: Nothing.",
  ]);
  assert.equal(chatOf(request, response).finish, "end_turn");
  assert.deepEqual(chatOf(request, response).settings, [["max_tokens", 100]]);
});

test("OpenAI's newer API", () => {
  const request = {
    instructions: "Be brief.",
    input: [
      { role: "user", content: [{ type: "input_text", text: "Find it" }] },
      { type: "reasoning", summary: [{ type: "summary_text", text: "Let me see" }] },
      { type: "function_call", call_id: "c1", name: "find", arguments: '{"q":1}' },
      { type: "function_call_output", call_id: "c1", output: "found" },
    ],
  };
  const response = {
    output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Here." }] }],
  };
  assert.deepEqual(lines(request, response), [
    "system: Be brief.",
    "user: Find it",
    "assistant: (Let me see)",
    'assistant: find({"q":1}) = found',
    "> assistant: Here.",
  ]);
  assert.deepEqual(lines({ input: "Hi" }, { output: "Ho" }), ["user: Hi", "> assistant: Ho"]);
});

test("Google's contents", () => {
  const request = {
    systemInstruction: { parts: [{ text: "Be brief." }] },
    contents: [
      { role: "user", parts: [{ text: "Hi" }] },
      { role: "model", parts: [{ functionCall: { name: "f", args: { a: 1 } } }] },
      { role: "user", parts: [{ functionResponse: { name: "f", response: { b: 2 } } }] },
    ],
    tools: [{ functionDeclarations: [{ name: "f" }, { name: "g" }] }],
  };
  const response = { candidates: [{ finishReason: "STOP", content: { role: "model", parts: [{ text: "Ho" }] } }] };
  assert.deepEqual(lines(request, response), [
    "system: Be brief.",
    "user: Hi",
    'assistant: f({"a":1}) = {"b":2}',
    "> assistant: Ho",
  ]);
  assert.deepEqual(chatOf(request, response).tools.map((each) => each.name), ["f", "g"]);
  assert.equal(chatOf(request, response).finish, "STOP");
});

test("LangChain's lists of lists", () => {
  const request = { messages: [[{ type: "human", data: { content: "Hi" } }, { type: "ai", content: "Ho", tool_calls: [] }]] };
  assert.deepEqual(lines(request, null), ["user: Hi", "assistant: Ho"]);
});

test("plain prompts", () => {
  assert.deepEqual(lines({ prompt: "Once" }, { choices: [{ text: " upon" }] }), ["user: Once", "> assistant:  upon"]);
  assert.deepEqual(lines({ prompts: ["a", "b"] }, "c"), ["user: a", "user: b", "> assistant: c"]);
  assert.deepEqual(lines("Hi", { message: { role: "assistant", content: "Ho" } }), ["user: Hi", "> assistant: Ho"]);
});

for (const [name, request, response] of /** @type {[string, unknown, unknown][]} */ ([
  ["nothing", null, undefined],
  ["numbers", 5, 7],
  ["empty ones", {}, {}],
  ["lists of anything", [[null, 5, "x", [[]]]], [null, {}]],
  ["messages that are none", { messages: [null, 1, { content: 5 }, { role: 7 }] }, { choices: [null, { message: 3 }] }],
  ["calls that are none", { messages: [{ role: "assistant", tool_calls: [1, null] }] }, { tool_calls: "x" }],
  ["names of every object", { messages: [{ role: "__proto__", content: "constructor" }] }, { content: { parts: 4 } }],
])) {
  test(`whatever was recorded has a chat: ${name}`, () => {
    const chat = chatOf(request, response);
    assert.ok(chat.messages.every((each) => typeof each.role === "string" && Array.isArray(each.parts)));
  });
}

test("what has no known form is shown as it came", () => {
  assert.deepEqual(lines({ messages: [{ who: "me", said: "Hi" }] }, { text: "Ho" }), [
    'message: {"who":"me","said":"Hi"}',
    "> assistant: Ho",
  ]);
  assert.deepEqual(lines({}, { generated: 1 }), ['> assistant: {"generated":1}']);
});
