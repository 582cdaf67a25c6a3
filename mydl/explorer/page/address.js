/**
 * Addresses: every cell has one, in the part of the page's address behind "#".
 *
 *     #f/features.conv1/forward/4,7,2     a cell of the layer's output
 *     #b/features.conv1/dx/4,7,2          of the gradient of its input; dx1 is that of a second one
 *     #b/features.conv1/dw/0,1,2,5        of the gradient of its weight
 *     #b/features.conv1/db/5              of the gradient of its bias
 *
 * @typedef {object} Selection what an address stands for.
 * @property {"f" | "b"} mode forward or backward
 * @property {Layer} layer
 * @property {"forward" | "dx" | "dw" | "db"} kind
 * @property {number} slot for dx, the number of the input.
 * @property {number[]} index of the cell.
 */

import { arrayOf, consumersOf, dataOf, gradOf, indexAt, isInside, positionOf } from "./model.js";
import { layerOf, producerOf } from "./model.js";
import { biasGradientTerms, forwardTerms, inputGradientTerms, weightGradientTerms } from "./terms.js";

/** The array that a selection is a cell of. */
export function tensorOf(model, { layer, kind, slot }) {
  if (kind === "forward") return dataOf(model, layer.output);
  if (kind === "dx") return gradOf(model, layer.inputs[slot]);
  return arrayOf(model, layer, kind === "dw" ? "dweight" : "dbias");
}

/** The kinds of gradient that a layer has. */
export function kindsOf(model, layer) {
  const has = (name) => Boolean(arrayOf(model, layer, name));
  return ["dx", has("dweight") && "dw", has("dbias") && "db"].filter(Boolean);
}

/** The number of a selection's cell, as the library computed it, and the terms that give it. */
export function sumOf(model, { layer, kind, slot, index }) {
  if (kind === "forward") return forwardTerms(model, layer, index);
  if (kind === "dx") return inputGradientTerms(model, layer.inputs[slot], index);
  if (kind === "dw") return weightGradientTerms(model, layer, index);
  return biasGradientTerms(model, layer, index);
}

/** The address of a selection. */
export function addressOf({ mode, layer, kind, slot, index }) {
  const name = kind === "dx" && slot ? `dx${slot}` : kind;
  return `#${mode}/${layer.path}/${name}/${index.join(",")}`;
}

/**
 * The selection that an address stands for. What is missing is filled in: the kind with the
 * first that the layer has, the cell with the one that holds the largest number.
 *
 * @returns {Selection}
 * @throws {Error} one sentence, where there is no such cell.
 */
export function selectionAt(model, address) {
  const [mode, path, name, cell] = decodeURIComponent(address.replace(/^#/, "")).split("/");
  if (mode !== "f" && mode !== "b") throw new Error(`An address begins with f or b, not ${mode}.`);
  const layer = layerOf(model, path ?? "");
  if (!layer) throw new Error(`There is no layer ${path} in this network.`);
  if (mode === "f") {
    const numbers = /^\d/.test(name ?? "") ? name : cell; // "forward" may be left out
    return withIndex(model, { mode, layer, kind: "forward", slot: 0 }, numbers);
  }
  const [, kind, slot] = /^(dx|dw|db)(\d*)$/.exec(name || "dx") ?? [];
  if (!kindsOf(model, layer).includes(kind) || Number(slot) >= layer.inputs.length) {
    throw new Error(`${layer.path} has no ${name}, it has ${kindsOf(model, layer).join(", ")}.`);
  }
  return withIndex(model, { mode, layer, kind, slot: Number(slot) }, cell);
}

function withIndex(model, selection, cell) {
  const tensor = tensorOf(model, selection);
  if (cell === undefined || (cell === "" && tensor.shape.length)) {
    return { ...selection, index: indexOfLargest(tensor) };
  }
  const index = cell === "" ? [] : cell.split(",").map(Number);
  if (!isInside(tensor.shape, index)) {
    const shape = tensor.shape.join(", ");
    throw new Error(`There is no cell ${cell} in ${selection.layer.path}; the shape is (${shape}).`);
  }
  return { ...selection, index };
}

/** The index of the number that is furthest from zero. */
export function indexOfLargest({ shape, data }) {
  let best = 0;
  for (let at = 1; at < data.length; at += 1) {
    if (Math.abs(data[at]) > Math.abs(data[best])) best = at;
  }
  return indexAt(shape, best);
}

// ---- ways from one cell to another -------------------------------------------------------------

/** The output cell of the layer that made a value's cell; null for the image. */
export function madeBy(model, valueId, index) {
  const layer = producerOf(model, valueId);
  return layer ? { mode: "f", layer, kind: "forward", slot: 0, index } : null;
}

/** The gradient of a value's cell, as dx of the first layer that reads it; null for the loss. */
export function gradientOfCell(model, valueId, index) {
  const layer = consumersOf(model, valueId)[0];
  if (!layer) return null;
  return { mode: "b", layer, kind: "dx", slot: layer.inputs.indexOf(valueId), index };
}

/** The same layer in the other mode, at a cell that has to do with this one. */
export function otherMode(model, selection) {
  const { layer, kind, slot, index } = selection;
  if (kind === "forward") {
    return { mode: "b", layer, kind: "dx", slot: 0, index: cellBefore(model, layer, index, 0) };
  }
  return { mode: "f", layer, kind: "forward", slot: 0, index: cellAfter(model, layer, kind, slot, index) };
}

/**
 * The cell to look at in another layer: if the two are neighbours, the one that has most to do
 * with the cell that is looked at now, else the one that holds the largest number.
 */
export function goTo(model, selection, layer) {
  const { mode, kind, slot, index, layer: from } = selection;
  if (layer === from) return selection;
  if (mode === "b") {
    const output = from.inputs[slot];
    if (kind === "dx" && layer.output === output) {
      return { mode, layer, kind, slot: 0, index: cellBefore(model, layer, index, 0) };
    }
    const back = layer.inputs.indexOf(from.output);
    if (back >= 0) {
      const next = cellAfter(model, from, kind, slot, index);
      return { mode, layer, kind: "dx", slot: back, index: next };
    }
    return { mode, layer, kind: "dx", slot: 0, index: indexOfLargest(gradOf(model, layer.inputs[0])) };
  }
  const there = layer.inputs.indexOf(from.output);
  const source = from.inputs.indexOf(layer.output);
  const next =
    there >= 0 ? cellAfter(model, layer, "dx", there, index)
    : source >= 0 ? cellBefore(model, from, index, source, dataOf)
    : indexOfLargest(dataOf(model, layer.output));
  return { mode, layer, kind: "forward", slot: 0, index: next };
}

/** Of the cells that an output's cell reads, the one with the largest gradient (or number). */
function cellBefore(model, layer, index, slot, arrayOfValue = gradOf) {
  const from = layer.inputs[slot];
  const tensor = arrayOfValue(model, from);
  const read = forwardTerms(model, layer, index)
    .terms.filter((term) => term.from === from && term.at)
    .map(({ at }) => at);
  return largestAmong(tensor, read);
}

/** Of the output's cells that a cell went into, the one with the largest number. */
function cellAfter(model, layer, kind, slot, index) {
  const y = dataOf(model, layer.output);
  if (layer.kind === "softmax_cross_entropy") return [];
  const { terms } = sumOf(model, { layer, kind, slot, index });
  const reached = terms
    .filter((term) => term.layer === layer.number)
    .map(({ of, at, wAt }) => (of === "grad" ? at : wAt));
  return largestAmong(y, reached);
}

function largestAmong(tensor, indices) {
  if (indices.length === 0) return indexOfLargest(tensor);
  const size = (index) => Math.abs(tensor.data[positionOf(tensor.shape, index)]);
  return indices.reduce((best, index) => (size(index) > size(best) ? index : best));
}
