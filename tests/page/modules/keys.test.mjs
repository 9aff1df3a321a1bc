import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf, KEYS, nextPlace } from "../../../chaukas_spec_lite/collector/page/static/app/session/keys.js";
import { treeOf, visibleRows } from "../../../chaukas_spec_lite/collector/page/static/app/session/rows.js";
import { span } from "./spans.mjs";

// 0 > (1 > (2, 3), 4), 5
const TREE = treeOf([0, 1, 2, 2, 1, 0].map((depth, place) => span({ id: `${place}`, depth })));
const CLOSED = new Set([1]);

/** @param {string} action @param {number} cursor @param {ReadonlySet<number>} [collapsed] */
const next = (action, cursor, collapsed = new Set()) =>
  nextPlace(action, TREE, visibleRows(TREE, collapsed, null), collapsed, cursor);

test("the next row is the next that is shown", () => {
  assert.equal(next("next", 1), 2);
  assert.equal(next("next", 1, CLOSED), 4);
  assert.equal(next("next", 5), 5);
  assert.equal(next("previous", 4, CLOSED), 1);
  assert.equal(next("previous", 0), 0);
  assert.equal(next("previous", 3, CLOSED), 0, "the row itself is hidden, so it goes by the one above");
  assert.equal(next("first", 4), 0);
  assert.equal(next("last", 0), 5);
  assert.equal(next("page down", 0), 5);
});

test("right opens, then goes inside; left closes, then goes out", () => {
  assert.equal(next("expand", 1, CLOSED), 1);
  assert.equal(next("expand", 1), 2);
  assert.equal(next("expand", 2), -1);
  assert.equal(next("collapse", 1), 1);
  assert.equal(next("collapse", 1, CLOSED), 0);
  assert.equal(next("collapse", 2), 1);
  assert.equal(next("collapse", 5), -1);
});

test("keys of the browser are left to it", () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false };
  assert.equal(actionOf({ key: "e", ...plain }), "next error");
  assert.equal(actionOf({ key: "E", ...plain }), "previous error");
  assert.equal(actionOf({ key: "c", ...plain, ctrlKey: true }), "");
  assert.equal(actionOf({ key: "ArrowLeft", ...plain, altKey: true }), "");
  assert.equal(actionOf({ key: "g", ...plain }), "");
  const keys = KEYS.flatMap(([each]) => each);
  assert.equal(new Set(keys).size, keys.length, "no key does two things");
});
