import assert from "node:assert/strict";
import { test } from "node:test";

import { treeOf } from "../../../chaukas_spec_lite/collector/page/static/app/session/rows.js";
import { matched, outcomeOf, toolsAfter } from "../../../chaukas_spec_lite/collector/page/static/app/session/tool_calls.js";
import { span } from "./spans.mjs";

/** @param {string} id @param {string} name @returns {any} */
const call = (id, name) => ({ kind: "call", id, name, value: {} });
/** @param {string} id @param {...object} contents */
const ran = (id, ...contents) => ({ id, events: contents.map((content) => ({ content })) });

test("tools that may have been called stand between two calls of models", () => {
  const kinds = ["agent", "model", "tool", "mcp", "data", "model", "tool", "agent", "tool"];
  const depths = [0, 1, 1, 2, 2, 1, 1, 0, 1];
  const tree = treeOf(kinds.map((kind, place) => span({ kind, depth: depths[place] })));
  assert.deepEqual(toolsAfter(tree, 1), [2, 3]);
  assert.deepEqual(toolsAfter(tree, 5), [6]);
});

test("tools that ran inside of the call of the model count, too", () => {
  const tree = treeOf(["model", "tool", "model"].map((kind, place) => span({ kind, depth: place === 1 ? 1 : 0 })));
  assert.deepEqual(toolsAfter(tree, 0), [1]);
});

test("a call is known by its id, and else by its name", () => {
  const calls = [call("1", "search"), call("", "search"), call("3", "mail"), call("4", "never ran")];
  const spans = [
    ran("5", { kind: "tool_call", id: "other", name: "search" }),
    ran("6", { kind: "tool_call", id: "1", name: "search" }),
    ran("7", { kind: "mcp_call", operation: "tools/call", request: { name: "mail" } }),
  ];
  const found = matched(calls, spans);
  assert.deepEqual(calls.map((each) => found.get(each)?.id), ["6", "5", "7", undefined]);
});

test("what came out of a tool", () => {
  const failed = { kind: "result", value: "no", failed: true };
  assert.deepEqual(outcomeOf(ran("0", { kind: "tool_call" }, { kind: "error_info", error_message: "no" }).events), failed);
  assert.deepEqual(outcomeOf(ran("0", { kind: "tool_response", error_message: "no" }).events), failed);
  assert.deepEqual(outcomeOf(ran("0", { kind: "tool_response", output: { output: [1] } }).events)?.value, [1]);
  assert.deepEqual(outcomeOf(ran("0", { kind: "tool_response", output: { a: 1, b: 2 } }).events)?.value, { a: 1, b: 2 });
  assert.deepEqual(outcomeOf(ran("0", { kind: "mcp_call", response: { c: 1 } }).events)?.value, { c: 1 });
  assert.equal(outcomeOf(ran("0", { kind: "tool_call" }).events), null);
});
