import assert from "node:assert/strict";
import { test } from "node:test";

import {
  MAX_HEIGHT,
  OVERSCAN,
  scrolledTo,
  windowOf,
} from "../../../chaukas_spec_lite/collector/page/static/app/session/viewport.js";

test("only rows that are seen are drawn, with a few around them", () => {
  assert.deepEqual(windowOf(0, 480, 24, 20_000), { first: 0, last: 20 + OVERSCAN, top: 0, height: 480_000 });
  const middle = windowOf(24_000, 480, 24, 20_000);
  assert.deepEqual([middle.first, middle.last, middle.top], [1000 - OVERSCAN, 1020 + OVERSCAN, (1000 - OVERSCAN) * 24]);
  const end = windowOf(1e9, 480, 24, 20_000);
  assert.equal(end.last, 20_000);
  assert.deepEqual(windowOf(0, 480, 24, 0), { first: 0, last: 0, top: 0, height: 0 });
  assert.deepEqual(windowOf(50, 480, 24, 3).last, 3);
});

test("a list that is higher than browsers draw reaches its last row all the same", () => {
  const count = 1_000_000;
  const end = windowOf(MAX_HEIGHT, 480, 24, count);
  assert.equal(end.height, MAX_HEIGHT);
  assert.equal(end.last, count);
  // The last row ends where the list ends.
  assert.ok(Math.abs(end.top + (end.last - end.first) * 24 - MAX_HEIGHT) < 1);
  const row = 700_000;
  const there = windowOf(scrolledTo(row, 0, 480, 24, count), 480, 24, count);
  assert.ok(there.first <= row && row < there.last);
});

test("scrolling goes only as far as it has to", () => {
  assert.equal(scrolledTo(10, 0, 480, 24, 100), 0, "seen already");
  assert.equal(scrolledTo(50, 0, 480, 24, 100), 52 * 24 - 480);
  assert.equal(scrolledTo(5, 1000, 480, 24, 100), 4 * 24);
  assert.equal(scrolledTo(0, 1000, 480, 24, 100), 0);
  assert.equal(scrolledTo(99, 0, 480, 24, 100), 2400 - 480);
  assert.equal(scrolledTo(3, 0, 480, 24, 4), 0);
});
