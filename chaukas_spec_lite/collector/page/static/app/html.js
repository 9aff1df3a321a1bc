// What views are written with. Everything that is put into a template becomes a text node or an attribute, never markup.

import { h } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(h);
