import assert from "node:assert/strict";
import { test } from "node:test";

import {
  beginningOf,
  CHARACTERS,
  copied,
  entriesOf,
  fieldPath,
  isRedacted,
  moreThan,
  preview,
  sizeOf,
} from "../../../chaukas_spec_lite/collector/page/static/app/session/json.js";

test("entries are taken a few at a time", () => {
  assert.deepEqual(entriesOf(["a", "b", "c"], 2), [[0, "a"], [1, "b"]]);
  assert.deepEqual(entriesOf({ a: 1, b: 2 }, 1), [["a", 1]]);
  assert.deepEqual(entriesOf(JSON.parse('{"__proto__": {"x": 1}}'), 5), [["__proto__", { x: 1 }]]);
  assert.equal(sizeOf({ a: 1, b: 2 }), 2);
});

test("a text of 10 MB is shown in steps, and ends after a few", () => {
  let [shown, steps] = [CHARACTERS, 0];
  while (shown < 10_000_000) [shown, steps] = [moreThan(shown), steps + 1];
  assert.ok(steps < 110 && steps > 10, String(steps));
});

test("a text is not cut within a character", () => {
  assert.equal(beginningOf("ab😀", 3), "ab");
  assert.equal(beginningOf("ab😀c", 4), "ab😀");
  assert.equal(beginningOf("abc", 3), "abc");
});

test("a closed branch says what is in it", () => {
  assert.equal(preview([1]), "[1 item]");
  assert.equal(preview(new Array(1234).fill(0)), "[1,234 items]");
  assert.equal(preview({}), "{}");
  assert.equal(preview([]), "[]");
  assert.equal(preview({ city: 1, days: 2 }), "{city, days}");
  assert.equal(preview(Object.fromEntries([..."abcdefgh"].map((each) => [each, 1]))), "{a, b, c, d, e, f, …}");
  assert.equal(preview("<b>"), '"<b>"');
});

test("paths are those that redaction notes", () => {
  assert.equal(fieldPath(["content", "arguments", "to"], "tool_call"), "tool_call.arguments.to");
  assert.equal(fieldPath(["content", "error_message"], "error_info"), "error.error_message");
  assert.equal(fieldPath(["metadata", "user.name"], undefined), "metadata['user.name']");
  assert.equal(fieldPath(["metadata", "it's"], undefined), 'metadata["it\'s"]');
  assert.equal(
    fieldPath(["content", "request", "messages", 0, "content"], "llm_invocation"),
    "llm_invocation.request.messages[0].content",
  );
});

test("what was taken out is seen", () => {
  assert.equal(isRedacted("card [redacted CARD]"), true);
  assert.equal(isRedacted("[redacted]"), true);
  assert.equal(isRedacted("[redaction]"), false);
  assert.equal(isRedacted(5), false);
});

test("a text is copied as it is, and anything else as JSON", () => {
  assert.equal(copied("a\nb"), "a\nb");
  assert.equal(copied({ a: 1 }), '{\n  "a": 1\n}');
});
