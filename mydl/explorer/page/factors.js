/**
 * Factors: the two sides of a product, each with the cell that it comes from.
 *
 * A *first factor* has `x`, `from`, `of` and `at`, a *second factor* `w`, `wOf` and `wAt`, as in
 * the terms that are made of them (terms.js); `name` is what the label calls it.
 */

import { arrayOf, cellCount, cellOf, dataOf, gradOf, indexAt } from "./model.js";

/** A term: the product of two factors, and where they come from. */
export function times(first, second, layer, more) {
  const { x, from, of, at } = first;
  const { w, wOf, wAt } = second;
  const label = `${first.name} × ${second.name}`;
  return { label, x, w, product: x * w, layer: layer.number, from, of, at, wOf, wAt, ...more };
}

/** What a label calls a cell, as in "w[0, 1, 2, 5]". */
export const nameOf = (letters, index) => `${letters}[${index.join(", ")}]`;

/** A cell of an input of a layer, as first factor. */
export function inputCell(model, layer, at, slot = 0) {
  const from = layer.inputs[slot];
  return { name: nameOf("x", at), x: cellOf(dataOf(model, from), at), from, of: "data", at };
}

/** What a window reads beside the image, as first factor. */
export function paddingCell(layer, x) {
  return { name: "padding", x, from: layer.inputs[0], of: "data", at: null };
}

/** A cell of the gradient with respect to a layer's output, as first factor. */
export function gradientCell(model, layer, at) {
  const from = layer.output;
  return { name: nameOf("dy", at), x: cellOf(gradOf(model, from), at), from, of: "grad", at };
}

/** The same cell as second factor. */
export function gradientFactor(model, layer, at) {
  const { name, x } = gradientCell(model, layer, at);
  return { name, w: x, wOf: "grad", wAt: at };
}

/** A cell of a layer's weight, as second factor. */
export function weightFactor(model, layer, at) {
  const w = cellOf(arrayOf(model, layer, "weight"), at);
  return { name: nameOf("w", at), w, wOf: "weight", wAt: at };
}

/** A number that is no cell of an array, as second factor. */
export const constant = (w, name = String(w)) => ({ name, w });

/** The factor of what is passed on unchanged. */
export const one = constant(1);

/** A share of a mean: 1 / count. */
export const shareOf = (count) => constant(1 / count, `1/${count}`);

/** What batch normalisation multiplies a channel by: weight / sqrt(var + eps). */
export function scaleOf(model, layer, channel) {
  const w = cellOf(arrayOf(model, layer, "scale"), [channel]);
  return constant(w, nameOf("scale", [channel]));
}

/** What batch normalisation divides a channel by: sqrt(var + eps), the training's. */
export function deviationOf(model, layer, channel) {
  return Math.sqrt(cellOf(arrayOf(model, layer, "var"), [channel]) + (layer.eps ?? 1e-5));
}

// ---- what a layer lets through -----------------------------------------------------------------

/** A term of a ReLU: the cell times 1 where it passes, times 0 where it is cut. */
export function gate(cell, passes, layer, more) {
  return times(cell, constant(passes ? 1 : 0), layer, { passes, ...more });
}

/** A term of max pooling: the cell times 1 if it won its window, times 0 if it lost. */
export function ifWon(cell, winner, winnerAt, layer) {
  const product = winner ? cell.x : 0;
  return times(cell, constant(winner ? 1 : 0), layer, { product, winner, winnerAt });
}

/** A term of dropout: the cell times the mask, which is missing where nothing is dropped. */
export function masked(model, layer, cell, index) {
  const mask = arrayOf(model, layer, "mask");
  const w = mask ? cellOf(mask, index) : 1;
  return times(cell, constant(w), layer, { passes: w !== 0 });
}

// ---- shapes ------------------------------------------------------------------------------------

/** The index of every cell of a shape, in the order of memory. */
export function allIndices(shape) {
  return Array.from({ length: cellCount(shape) }, (_, position) => indexAt(shape, position));
}

/** The pixels of a shape (..., C): every index without its channel. */
export const pixelsOf = (shape) => allIndices(shape.slice(0, -1));

/** The channel of a concatenation's output at which one of its inputs begins. */
export function firstChannel(model, layer, slot) {
  const before = layer.inputs.slice(0, slot);
  return before.reduce((sum, id) => sum + dataOf(model, id).shape.at(-1), 0);
}

// ---- the loss ----------------------------------------------------------------------------------

/**
 * -log p of each class, p = softmax(z): log sum exp(z) - z[k].
 *
 * @param {ArrayLike<number>} z the logits.
 * @returns {Float64Array} of the same length.
 */
export function surprises(z) {
  const largest = z.reduce((a, b) => Math.max(a, b)); // taken off, so that exp cannot overflow
  const total = z.reduce((sum, each) => sum + Math.exp(each - largest), 0);
  return Float64Array.from(z, (each) => Math.log(total) + largest - each);
}

/** What the probability of a class should be: 1 for the right one, 0 for the others. */
export const targetOf = (model, k) => (k === model.label ? 1 : 0);
