/**
 * Formulas: a line of text such as "y_{p,q,k} = sum_{i,j,c} x_{i,j,c} · w_{i,j,c,k} + b_k" as
 * MathML.
 *
 * Letters are variables, `dx` and the like too; "_" sets what follows in its braces below, "^"
 * above; "sum", "max" and "log" are what they say; frac{a}{b} is a fraction and hat{x} wears one.
 */

import { mathElement } from "./dom.js";

const FUNCTIONS = ["max", "log", "exp"];
const WITH_BOUNDS = ["sum", "max"]; // what is set below them stands under them
const TOKENS = /\s+|[A-Za-zγβσμ]+|[0-9.]+|[_^{}()[\],;]|[^\s]/gu;

/** A formula as an element; screen readers get its text. */
export function formula(text) {
  const reader = { tokens: text.match(TOKENS).filter((token) => token.trim()), at: 0 };
  return mathElement("math", { "aria-label": text, displaystyle: "true" }, readRow(reader));
}

/** Everything until a closing brace. */
function readRow(reader) {
  const parts = [];
  while (reader.at < reader.tokens.length && reader.tokens[reader.at] !== "}") {
    parts.push(readScripts(reader));
  }
  return mathElement("mrow", {}, parts);
}

/** One thing with what is set below and above it. */
function readScripts(reader) {
  const hasBounds = WITH_BOUNDS.includes(reader.tokens[reader.at]);
  let node = readOne(reader);
  while (reader.tokens[reader.at] === "_" || reader.tokens[reader.at] === "^") {
    const name = reader.tokens[reader.at] === "^" ? "msup" : hasBounds ? "munder" : "msub";
    reader.at += 1;
    node = mathElement(name, {}, node, readOne(reader));
  }
  return node;
}

function readOne(reader) {
  const token = reader.tokens[reader.at];
  reader.at += 1;
  if (token === "{") {
    const row = readRow(reader);
    reader.at += 1;
    return row;
  }
  if (token === "sum") return mathElement("mo", { largeop: "true", movablelimits: "false" }, "∑");
  if (token === "frac") return mathElement("mfrac", {}, readOne(reader), readOne(reader));
  if (token === "sqrt") return mathElement("msqrt", {}, readOne(reader));
  if (token === "hat") {
    return mathElement("mover", { accent: "true" }, readOne(reader), mathElement("mo", {}, "^"));
  }
  if (FUNCTIONS.includes(token)) return mathElement("mi", { mathvariant: "normal" }, token);
  if (/^[0-9.]+$/.test(token)) return mathElement("mn", {}, token);
  if (/^\p{L}+$/u.test(token)) return mathElement("mi", { class: "letters" }, token);
  return mathElement("mo", { stretchy: "false" }, token === "-" ? "−" : token);
}
