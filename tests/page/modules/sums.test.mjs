import assert from "node:assert/strict";
import { test } from "node:test";

import { treeOf } from "../../../chaukas_spec_lite/collector/page/static/app/session/rows.js";
import { ownTime } from "../../../chaukas_spec_lite/collector/page/static/app/session/sums.js";
import { span } from "./spans.mjs";

/** @param {number} seconds */
const at = (seconds) => `2026-01-01T00:00:0${seconds}Z`;
/** @param {number} total */
const tokens = (total) => ({ prompt: total, completion: 0, total });

test("what is inside of a span is summed up at whatever depth, the span itself left out", () => {
  const { inside } = treeOf([
    span({ kind: "session" }),
    span({ depth: 1, status: "failed" }),
    span({ depth: 2, kind: "model", tokens: tokens(30), cost: { USD: 0.25, EUR: 1 } }),
    span({ depth: 2, kind: "tool", status: "failed", cost: { USD: 0.5 } }),
    span({ depth: 3, kind: "model", tokens: tokens(12), cost: { USD: 2 } }),
    span({ depth: 1 }),
    span({ kind: "model", tokens: tokens(1000), cost: { USD: 1000 } }),
  ]);
  assert.deepEqual([...inside.tokens], [42, 42, 0, 12, 0, 0, 0]);
  assert.deepEqual([...inside.errors], [2, 1, 0, 0, 0, 0, 0]);
  const all = { USD: 2.75, EUR: 1 };
  assert.deepEqual(inside.cost, [all, all, null, { USD: 2 }, null, null, null]);
});

test("so many currencies as anybody pays in are summed up", () => {
  const spans = Array.from({ length: 100 }, (_, depth) => span({ depth, cost: { [`C${depth}`]: 1, USD: 1 } }));
  const { cost } = treeOf(spans).inside;
  assert.equal(Object.keys(cost[0] ?? {}).length, 20);
  assert.equal(cost[0]?.USD, 99);
});

test("a span's own time is that in which nothing inside of it ran", () => {
  /** @param {object[]} inside */
  const own = (...inside) => {
    const spans = inside.map((each) => span({ depth: 1, ...each }));
    return ownTime(treeOf([span({ start: at(1), duration_ms: 5000 }), ...spans]), 0);
  };
  assert.equal(own(), null, "nothing is inside");
  assert.equal(own({ start: at(2), duration_ms: 1000 }, { start: at(4), duration_ms: 1000 }), 3000);
  assert.equal(own({ start: at(2), duration_ms: 2000 }, { start: at(3), duration_ms: 500 }, { start: at(3), duration_ms: 2000 }), 2000, "at once");
  assert.equal(own({ start: at(2), duration_ms: 1000 }, { depth: 2, start: at(4), duration_ms: 1000 }), 4000, "children alone");
  assert.equal(own({ start: at(3) }), 5000, "a moment takes no time");
  assert.equal(own({ start: at(3), status: "open" }), 2000, "what has no end goes on");
  assert.equal(own({ start: at(0), duration_ms: 9000 }), 0, "a clock that is wrong");
  assert.equal(own({ start: at(7), duration_ms: 1000 }), 5000);
  assert.equal(own({ start: null, duration_ms: 1000 }), 5000, "no time at all");
  assert.equal(ownTime(treeOf([span({ start: at(1) }), span({ depth: 1 })]), 0), null, "no duration");
});
