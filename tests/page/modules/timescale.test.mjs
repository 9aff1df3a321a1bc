import assert from "node:assert/strict";
import { test } from "node:test";

import {
  around,
  barOf,
  hasRoom,
  isWhole,
  moved,
  rangeFrom,
  rangeText,
  scaled,
  tickText,
  ticksOf,
  wholeOf,
  zoomed,
} from "../../../chaukas_spec_lite/collector/page/static/app/session/timescale.js";

const WHOLE = wholeOf(1000);

test("bars are shares of the axis, cut at its ends", () => {
  assert.deepEqual(barOf(250, 500, WHOLE), { start: 0.25, end: 0.5 });
  assert.deepEqual(barOf(500, 250, WHOLE), { start: 0.25, end: 0.5 }, "clocks that disagree");
  assert.deepEqual(barOf(0, 1000, { from: 500, to: 600 }), { start: 0, end: 1 });
  assert.deepEqual(barOf(7, 7, wholeOf(0)), null);
  assert.deepEqual(barOf(0, 0, wholeOf(0)), { start: 0, end: 0 });
  assert.equal(barOf(0, 100, { from: 500, to: 600 }), null);
  assert.equal(barOf(NaN, 100, WHOLE), null);
});

test("dragging zooms, either way", () => {
  assert.deepEqual(zoomed(WHOLE, 0.2, 0.4), { from: 200, to: 400 });
  assert.deepEqual(zoomed({ from: 200, to: 400 }, 0.75, 0.25), { from: 250, to: 350 });
  assert.deepEqual(zoomed(WHOLE, -1, 0.5), { from: 0, to: 500 });
  assert.equal(zoomed(WHOLE, 0.3, 0.3), WHOLE);
});

test("steps of the keyboard stay within the session", () => {
  assert.deepEqual(scaled(WHOLE, 0.5, 0.5, WHOLE), { from: 250, to: 750 });
  assert.deepEqual(scaled({ from: 0, to: 600 }, 0.5, 2, WHOLE), { from: 0, to: 1000 });
  assert.deepEqual(moved({ from: 100, to: 200 }, -5, WHOLE), { from: 0, to: 100 });
  assert.deepEqual(moved({ from: 850, to: 950 }, 1, WHOLE), { from: 900, to: 1000 });
  assert.equal(isWhole(moved(WHOLE, 0.25, WHOLE), WHOLE), true);
  assert.equal(isWhole({ from: 1, to: 1000 }, WHOLE), false);
});

test("a span is shown with some room", () => {
  assert.deepEqual(around(200, 400, WHOLE), { from: 190, to: 410 });
  assert.deepEqual(around(0, 1000, WHOLE), WHOLE);
  const moment = around(500, 500, WHOLE);
  assert.deepEqual(moment, { from: 495, to: 505 });
  assert.equal(around(NaN, NaN, WHOLE), WHOLE);
});

test("a part stands in a link", () => {
  assert.deepEqual(rangeFrom(rangeText({ from: 200, to: 400 }), WHOLE), { from: 200, to: 400 });
  assert.deepEqual(rangeFrom("1.5-1.75", WHOLE), { from: 1.5, to: 1.75 });
  for (const text of ["", "5", "5-", "400-200", "a-b", "5000-6000", "-5-9", "1e3-1e4"]) {
    assert.equal(rangeFrom(text, WHOLE), null, text);
  }
});

for (const [length, most, step] of [
  [1000, 10, 100],
  [950, 10, 100],
  [0.05, 5, 0.01],
  [59_000, 6, 10_000],
  [3_600_000, 8, 600_000],
  [30 * 86_400_000, 5, 1_000_000_000],
]) {
  test(`marks of ${length} ms in room for ${most}`, () => {
    const ticks = ticksOf(wholeOf(length), most);
    assert.ok(Math.abs(ticks.step / step - 1) < 1e-9, String(ticks.step));
    assert.ok(ticks.times.length >= 2 && ticks.times.length <= most + 1);
    assert.ok(ticks.times.every((time) => time >= 0 && time <= length));
  });
}

test("marks are as exact as they are apart", () => {
  assert.equal(tickText(0, 100), "0");
  assert.equal(tickText(300, 100), "300 ms");
  assert.equal(tickText(0.25, 0.05), "0.25 ms");
  assert.equal(tickText(0.00025, 0.00005), "250 ns");
  assert.equal(tickText(2500, 500), "2.5 s");
  assert.equal(tickText(1000.25, 0.05), "1.00025 s");
  assert.equal(tickText(30_000, 10_000), "30 s");
  assert.equal(tickText(90_000, 30_000), "1 m 30 s");
  assert.equal(tickText(7_200_000, 1_800_000), "2 h");
  assert.equal(tickText(60_000, 200), "60.0 s");
});

test("no mark's text is cut by the end of the axis", () => {
  assert.equal(hasRoom("3 s", 0.9, 500), true);
  assert.equal(hasRoom("3 s", 0.967, 522), false, "17 pixels are left");
  assert.equal(hasRoom("1.00025 s", 0.9, 500), false);
  assert.equal(hasRoom("1.00025 s", 0.8, 500), true);
});
