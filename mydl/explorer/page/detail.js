/**
 * The detail: one cell taken apart into what it is made of.
 */

import { addressOf, gradientOfCell, kindsOf, madeBy, tensorOf } from "./address.js";
import { byId, element, replaceInside } from "./dom.js";
import { formula } from "./formulas.js";
import { finiteDifference } from "./forward.js";
import { bracketText, longNumber, shortNumber } from "./numbers.js";
import { sentenceOf } from "./sentences.js";
import { axesOf, formulasOf, LAYER_WORDS, KIND_NAMES, lettersOf } from "./words.js";

/** The title, the way to type a cell's index, and what happens in words. */
export function showHeading(model, selection, sum, onIndex) {
  const { layer, kind, index } = selection;
  const detail = byId("detail");
  detail.dataset.layer = layer.path;
  detail.dataset.kind = kind;
  detail.dataset.slot = selection.slot;
  detail.dataset.index = index.join(",");
  byId("cell-name").textContent = lettersOf(selection) + bracketText(index);
  byId("cell-layer").textContent = `${layer.path} · ${LAYER_WORDS[layer.kind].name}`;
  replaceInside(byId("kinds"), kindLinks(model, selection));
  replaceInside(byId("index"), indexBoxes(model, selection, onIndex));
  byId("words").textContent = sentenceOf(model, selection, sum);
  byId("formula").replaceChildren(...formulasOf(layer, kind).map(formula));
  const pass = kind === "forward" ? "forward" : "backward";
  byId("read").textContent = `${LAYER_WORDS[layer.kind].file}, ${pass}`;
}

/** Links to dx, dw and db of a layer. */
function kindLinks(model, { mode, layer, kind, slot, index }) {
  if (mode === "f") return [];
  const inputs = layer.inputs.length;
  const links = kindsOf(model, layer).flatMap((name) =>
    name !== "dx" || inputs === 1 ? [[name, 0, KIND_NAMES[name]]]
    : layer.inputs.map((_, at) => [name, at, `of input ${at}`]),
  );
  return links.map(([name, at, what]) => {
    const current = name === kind && at === slot;
    const letters = lettersOf({ layer, kind: name });
    const href = current
      ? addressOf({ mode, layer, kind, slot, index })
      : `#${mode}/${layer.path}/${name}${at || ""}`;
    return element("a", { href, "data-key": `${name}${at}`, "aria-current": current ? "true" : null },
      element("b", {}, letters), ` ${what}`);
  });
}

/** A box for each number of the index. */
function indexBoxes(model, selection, onIndex) {
  const { shape } = tensorOf(model, selection);
  const names = axesOf(model, selection);
  return selection.index.map((number, axis) =>
    element("label", {}, names[axis],
      element("input", {
        type: "number", min: 0, max: shape[axis] - 1, value: number, inputmode: "numeric",
        "data-key": `index${axis}`,
        onchange: ({ target }) => {
          const typed = Math.max(0, Math.min(shape[axis] - 1, Math.round(Number(target.value) || 0)));
          onIndex(selection.index.map((old, at) => (at === axis ? typed : old)));
        },
      })),
  );
}

// ---- what the number is, three ways ------------------------------------------------------------

/** The library's number, the sum of the terms, and, on request, the finite difference. */
export function showChecks(model, selection, sum) {
  setNumber("library", sum.value);
  setNumber("sum", sum.sum);
  const agrees = equalByRounding(sum);
  byId("agrees").textContent = agrees
    ? `✓ equal but for the rounding of float32 (${sum.terms.length} ${sum.terms.length === 1 ? "term" : "terms"})`
    : `✗ differs by ${shortNumber(sum.sum - sum.value)}`;
  byId("agrees").classList.toggle("wrong", !agrees);
  const isGradient = selection.kind !== "forward";
  byId("difference-row").hidden = !isGradient;
  replaceInside(byId("elsewhere"), otherSide(model, selection));
  const output = byId("difference");
  output.removeAttribute("data-value");
  output.textContent = "";
  byId("difference-note").textContent = "";
  const button = byId("difference-button");
  button.hidden = false;
  button.onclick = () => showDifference(model, selection, sum);
}

/** Whether a float32 sum can be as far from the exact one as this. */
function equalByRounding({ sum, value, magnitude }) {
  return Object.is(sum, value) || Math.abs(sum - value) <= 1e-5 * magnitude + 1e-30;
}

function setNumber(id, number) {
  const output = byId(id);
  output.textContent = longNumber(number);
  output.dataset.value = String(number);
}

function targetOfDifference({ layer, kind, slot, index }) {
  if (kind === "dx") return { value: layer.inputs[slot], index };
  return { layer, parameter: kind === "dw" ? "weight" : "bias", index };
}

function showDifference(model, selection, sum) {
  const found = finiteDifference(model, targetOfDifference(selection));
  const { difference, h, plus, minus, kinks } = found;
  const compared = found.held ?? difference;
  setNumber("difference", compared);
  byId("difference-button").hidden = true;
  const size = Math.max(Math.abs(sum.value), Math.abs(compared));
  const error = size ? Math.abs(compared - sum.value) / size : 0;
  const parts = [
    `(loss at +h − loss at −h) / 2h with h = ${shortNumber(h)}, in float64, where the loss is ${plus.toPrecision(12)} and ${minus.toPrecision(12)}. `,
  ];
  if (kinks.length) {
    parts.push(
      `That would be ${longNumber(difference)}, but the loss has a kink here: ${kinks.join(" and ")} would decide differently on the two sides, as where equal numbers tie. In the number shown every ReLU and max pool decides as in the library. `,
    );
  }
  parts.push(
    error < 1e-3 || Math.abs(compared - sum.value) < 1e-8
      ? `✓ The relative difference from the library is ${shortNumber(error)}.`
      : `It differs from the library by ${shortNumber(compared - sum.value)}.`,
  );
  byId("difference-note").textContent = parts.join("");
}

/** Links to the same cell in the other mode. */
function otherSide(model, selection) {
  const { layer, kind, slot, index } = selection;
  if (kind === "forward") {
    const there = gradientOfCell(model, layer.output, index);
    return there && element("a", { href: addressOf(there) }, "gradient of the loss here, dy");
  }
  if (kind !== "dx") return null;
  const there = madeBy(model, layer.inputs[slot], index);
  return there && element("a", { href: addressOf(there) }, "the number itself, forwards");
}
