import assert from "node:assert/strict";
import { test } from "node:test";

import { conditionOf, countOf, wantedOf } from "../../../chaukas_spec_lite/collector/page/static/app/session/filter.js";
import {
  ancestorsOf,
  childrenOf,
  hasChildren,
  milliseconds,
  nextError,
  placeOf,
  placesOf,
  rowOf,
  shownTo,
  treeOf,
  visibleRows,
} from "../../../chaukas_spec_lite/collector/page/static/app/session/rows.js";
import { span } from "./spans.mjs";

// session > (agent > (model, tool!), agent), and a session of its own behind it.
const SPANS = [
  span({ id: "s", kind: "session", start: "2026-01-01T00:00:00Z", duration_ms: 1000 }),
  span({ id: "a", depth: 1, kind: "agent", name: "triage", start: "2026-01-01T00:00:00.1Z", duration_ms: 500 }),
  span({ id: "m", depth: 2, kind: "model", model: "gpt-4o", start: "2026-01-01T00:00:00.1000005Z", duration_ms: 200 }),
  span({ id: "t", depth: 2, kind: "tool", name: "search", error: "no such order", status: "failed" }),
  span({ id: "b", depth: 1, kind: "agent", name: "refund agent", status: "open", marks: ["no_end"], start: "2026-01-01T00:00:02Z" }),
  span({ id: "o", kind: "error", name: "lost", status: "failed", marks: ["orphan"], events: ["e-o"] }),
];
const TREE = treeOf(SPANS);

test("parents and what is below follow from the depths", () => {
  assert.deepEqual([...TREE.parents], [-1, 0, 1, 1, 0, -1]);
  assert.deepEqual([...TREE.ends], [5, 4, 3, 4, 5, 6]);
  assert.deepEqual(ancestorsOf(TREE, 3), [1, 0]);
  assert.deepEqual(childrenOf(TREE, 0, 10), [1, 4]);
  assert.deepEqual(childrenOf(TREE, 0, 1), [1]);
  assert.equal(hasChildren(TREE, 1), true);
  assert.equal(hasChildren(TREE, 4), false);
});

test("times count from the first, finer than a millisecond, to the last", () => {
  assert.equal(TREE.began, Date.parse("2026-01-01T00:00:00Z"));
  assert.ok(Math.abs(TREE.from[2] - 100.0005) < 1e-3);
  assert.equal(TREE.to[1], 600);
  assert.ok(Number.isNaN(TREE.from[3]));
  assert.equal(TREE.length, 2000);
  assert.equal(milliseconds("2026-01-01T00:00:00.25+01:00"), Date.parse("2025-12-31T23:00:00.250Z"));
});

test("nothing has a time, or there is nothing at all", () => {
  const timeless = treeOf([span({ id: "x" })]);
  assert.ok(Number.isNaN(timeless.began));
  assert.equal(timeless.length, 0);
  assert.equal(visibleRows(treeOf([]), new Set(), null).length, 0);
});

test("what is below a collapsed span is not shown", () => {
  assert.deepEqual([...visibleRows(TREE, new Set(), null)], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...visibleRows(TREE, new Set([1]), null)], [0, 1, 4, 5]);
  assert.deepEqual([...visibleRows(TREE, new Set([0, 1]), null)], [0, 5]);
  const rows = visibleRows(TREE, new Set([1]), null);
  assert.equal(rowOf(rows, 4), 2);
  assert.equal(rowOf(rows, 3), 1, "the span itself is hidden, its parent is shown");
  assert.equal(rowOf(rows.subarray(1), 0), -1);
});

test("a span is brought to light by what is above it alone", () => {
  assert.deepEqual([...shownTo(TREE, new Set(["s", "a", "b"]), 3)], ["b"]);
  const closed = new Set(["b"]);
  assert.equal(shownTo(TREE, closed, 3), closed);
  assert.deepEqual([...placesOf(TREE, new Set(["b", "t", "gone"]))], [3, 4]);
});

test("errors are gone through in a circle", () => {
  assert.equal(nextError(TREE, 0, 1, null), 3);
  assert.equal(nextError(TREE, 3, 1, null), 5);
  assert.equal(nextError(TREE, 5, 1, null), 3);
  assert.equal(nextError(TREE, 3, -1, null), 5);
  assert.equal(nextError(TREE, 5, -1, null), 3);
  assert.equal(nextError(treeOf([span({ id: "x" })]), 0, 1, null), -1);
  assert.equal(nextError(TREE, 0, 1, wantedOf(TREE, conditionOf("lost"))), 5);
});

test("a link names a span by its id or by an event", () => {
  assert.equal(placeOf(TREE, "m"), 2);
  assert.equal(placeOf(TREE, "e-o"), 5);
  assert.equal(placeOf(TREE, "nobody"), -1);
  assert.equal(placeOf(treeOf([span({ id: "" })]), ""), -1);
});

test("a filter finds spans, and what is above them keeps its place", () => {
  const wanted = wantedOf(TREE, conditionOf("ORDER"));
  assert.deepEqual([.../** @type {Uint8Array} */ (wanted)], [1, 1, 0, 2, 0, 0]);
  assert.equal(countOf(wanted), 1);
  assert.deepEqual([...visibleRows(TREE, new Set(), wanted)], [0, 1, 3]);
  assert.equal(wantedOf(TREE, conditionOf("   ")), null);
});

for (const [text, found] of Object.entries({
  "kind:agent": ["a", "b"],
  "kind:agent refund": ["b"],
  'name:"refund agent"': ["b"],
  "is:error": ["t", "o"],
  "is:open": ["b"],
  "is:orphan is:error": ["o"],
  "model:GPT": ["m"],
  "id:t": ["t"],
  "is:nothing": [],
  "other:words": [],
  "gpt-4o": ["m"],
  '"': ["s", "a", "m", "t", "b", "o"],
})) {
  test(`the filter ${text}`, () => {
    const condition = /** @type {(given: any) => boolean} */ (conditionOf(text));
    assert.deepEqual(SPANS.filter(condition).map((each) => each.id), found);
  });
}

test("20,000 spans one below the other", () => {
  const deep = treeOf(Array.from({ length: 20_000 }, (_, depth) => span({ id: `${depth}`, depth })));
  assert.equal(deep.ends[0], 20_000);
  assert.deepEqual([...visibleRows(deep, new Set([10]), null)].length, 11);
  assert.equal(countOf(wantedOf(deep, conditionOf("id:19999"))), 1);
});
