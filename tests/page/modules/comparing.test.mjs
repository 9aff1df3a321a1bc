import assert from "node:assert/strict";
import { test } from "node:test";

import { changeText, shownPairs, signOf } from "../../../chaukas_spec_lite/collector/page/static/app/session/comparing.js";

/** @param {number} depth @param {...string} ways */
const pair = (depth, ...ways) => ({ depth, ways, before: null, after: null, answers: null });

const PAIRS = [
  pair(0),
  pair(1),
  pair(2, "slower"),
  pair(2),
  pair(1, "gone"),
  pair(0),
  pair(1),
  pair(2, "slower", "failed"),
  pair(0, "added"),
];

/** @param {string} way @param {boolean} all */
const shown = (way, all) => shownPairs(PAIRS, way, all).map(({ place, passed }) => (passed ? `(${place})` : `${place}`));

test("what differs is shown, and what is above it", () => {
  assert.deepEqual(shown("", false), ["(0)", "(1)", "2", "4", "(5)", "(6)", "7", "8"]);
  assert.deepEqual(shown("", true), ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
  assert.deepEqual(shown("failed", false), ["(5)", "(6)", "7"]);
  assert.deepEqual(shown("gone", false), ["(0)", "4"]);
  assert.deepEqual(shown("gone", true), ["(0)", "4"]);
  assert.deepEqual(shown("faster", false), []);
});

test("a sign says what became of a span", () => {
  assert.deepEqual(PAIRS.map(signOf), ["", "", "~", "", "−", "", "", "~", "+"]);
});

test("changes are told in percent", () => {
  assert.equal(changeText(100, 150), "+50%");
  assert.equal(changeText(100, 96.5), "−3.5%");
  assert.equal(changeText(0, 5), "");
  assert.equal(changeText(5, 5), "");
  assert.equal(changeText(5, 0), "−100%");
  assert.equal(changeText(1_000_000, 1), "−99.9%", "not nothing");
  assert.equal(changeText(1, 2), "+100%");
});
