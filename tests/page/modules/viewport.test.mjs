import assert from "node:assert/strict";
import { test } from "node:test";

import {
  MAX_HEIGHT,
  NO_RING,
  OVERSCAN,
  elementOf,
  ringOf,
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

/** @param {any} ring */
const elementsOf = (ring) => Array.from({ length: ring.last - ring.first }, (_, nth) => elementOf(ring, ring.first + nth));

test("a row that comes into sight has the element of one that has gone out of it", () => {
  const before = ringOf(NO_RING, 100, 140);
  assert.deepEqual(elementsOf(before), Array.from({ length: 40 }, (_, nth) => nth));
  for (const first of [104, 96, 139, 61]) {
    const after = ringOf(before, first, first + 40);
    assert.deepEqual(elementsOf(after).sort((a, b) => a - b), elementsOf(before), "the same ones, each once");
    for (let row = Math.max(first, 100); row < Math.min(first, 100) + 40; row += 1) {
      assert.equal(elementOf(after, row), elementOf(before, row), "what stays in sight stays where it is");
    }
  }
});

test("where nothing stays in sight no element moves", () => {
  const before = ringOf(ringOf(NO_RING, 0, 30), 4, 44);
  for (const first of [44, 5000, 0]) {
    const last = first ? first + 40 : 4;
    const after = ringOf(before, first, last);
    assert.deepEqual(elementsOf(after), Array.from({ length: last - first }, (_, nth) => nth));
  }
});

test("no two rows have one element, however the list is scrolled and sized", () => {
  let ring = NO_RING;
  for (const [first, last] of [[0, 30], [4, 40], [8, 20], [0, 0], [0, 60], [50, 90], [49, 109], [0, 1]]) {
    ring = ringOf(ring, first, last);
    assert.equal(new Set(elementsOf(ring)).size, last - first);
  }
});
