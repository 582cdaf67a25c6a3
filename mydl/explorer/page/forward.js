/**
 * The forward pass in float64, and finite differences: a gradient without any backward pass.
 *
 *     dloss/dx  is close to  (loss(x + h) - loss(x - h)) / 2h
 *
 * One cell is moved up and down by h, and what follows from it is computed anew until the loss.
 * What does not follow from it stays as the library computed it; so do dropout's mask and batch
 * normalisation's mean and variance. In float64 the difference is right to about nine digits, in
 * float32 it would be to three.
 */

import { computeLayer, winners } from "./compute.js";
import { arrayOf, checkIndex, dataOf, layerOf, positionOf, valueOf } from "./model.js";

/** How far a cell is moved: so little that kinks are rarely crossed, and float64 is still exact. */
export const STEP = 1e-5;

/**
 * The derivative of the loss with respect to one cell, by central differences.
 *
 * @param {Model} model
 * @param {{value: number, index: number[]} | {layer: Layer | number | string,
 *   parameter: "weight" | "bias", index: number[]}} target a cell of a value, or of a layer's
 *   weight or bias.
 * @param {number} [h] the step; STEP times the cell's size, if that is above 1.
 * @returns {{difference: number, h: number, plus: number, minus: number, kinks: string[],
 *   held?: number}} the derivative, the step, the loss on either side, and the paths of the ReLUs
 *   and max pools that decided differently on the two sides. Where there are any, the loss has a
 *   kink in between and no derivative, as where equal pixels tie for a maximum; `held` is then the
 *   difference with every decision as the library made it, which is what its gradient is of.
 */
export function finiteDifference(model, target, h) {
  const { tensor, name, start } = placeOf(model, target);
  checkIndex(tensor.shape, target.index, name);
  const position = positionOf(tensor.shape, target.index);
  h ??= STEP * Math.max(1, Math.abs(tensor.data[position]));

  const moved = (step, hold = false) => {
    const data = Float64Array.from(tensor.data);
    data[position] += step;
    return recompute(model, start(data), hold);
  };
  const slope = (upper, lower) => (lossIn(model, upper) - lossIn(model, lower)) / (2 * h);
  const [above, below] = [moved(h), moved(-h)];
  const kinks = kinksBetween(model, above, below);
  return {
    difference: slope(above, below),
    h,
    plus: lossIn(model, above),
    minus: lossIn(model, below),
    kinks,
    held: kinks.length > 0 ? slope(moved(h, true), moved(-h, true)) : undefined,
  };
}

/**
 * The loss if a value had other numbers.
 *
 * @param {Model} model
 * @param {number} valueId
 * @param {Float64Array} data as many numbers as the value has cells.
 * @returns {number}
 */
export function forwardFrom(model, valueId, data) {
  return lossIn(model, recompute(model, new Map([[valueId, data]])));
}

/** The array that a target is a cell of, its name, and the values that follow first from it. */
function placeOf(model, target) {
  if (target.parameter === undefined) {
    const id = target.value;
    const start = (data) => new Map([[id, data]]);
    return { tensor: dataOf(model, id), name: valueOf(model, id).name, start };
  }
  const layer = layerOf(model, target.layer);
  const name = `the ${target.parameter} of ${layer.path}`;
  const tensor = arrayOf(model, layer, target.parameter);
  if (!tensor) throw new Error(`There is no such thing as ${name}.`);
  const start = (data) => {
    const changed = { [target.parameter]: data };
    return new Map([[layer.output, computeLayer(model, layer, inputsOf(model, layer), changed)]]);
  };
  return { tensor, name, start };
}

/**
 * Every value that follows from the changed ones, computed anew.
 *
 * @param {Map<number, Float64Array>} changed numbers by the value's id.
 * @param {boolean} hold whether ReLUs and max pools decide as they did in the library.
 * @returns {Map<number, Float64Array>} those, and all that follow from them.
 */
function recompute(model, changed, hold = false) {
  const values = new Map(changed);
  for (const layer of model.layers) {
    if (values.has(layer.output) || !layer.inputs.some((id) => values.has(id))) continue;
    const inputs = inputsOf(model, layer, values);
    const deciders = hold ? inputsOf(model, layer) : inputs;
    values.set(layer.output, computeLayer(model, layer, inputs, {}, deciders));
  }
  return values;
}

/** The numbers of a layer's inputs: the recomputed ones, else those of the library. */
function inputsOf(model, layer, values = new Map()) {
  return layer.inputs.map((id) => values.get(id) ?? dataOf(model, id).data);
}

/** The loss among recomputed values. */
function lossIn(model, values) {
  const { output } = model.layers.at(-1);
  return (values.get(output) ?? dataOf(model, output).data)[0];
}

// ---- kinks -------------------------------------------------------------------------------------

/** The paths of the layers that let other cells through above than below. */
function kinksBetween(model, above, below) {
  return model.layers
    .filter((layer) => {
      const decide = DECISIONS[layer.kind];
      if (!decide || !layer.inputs.some((id) => above.has(id))) return false;
      const [upper, lower] = [above, below].map((values) => inputsOf(model, layer, values)[0]);
      return decide(model, layer, upper, lower);
    })
    .map(({ path }) => path);
}

/** Whether a layer decides differently about x than about other numbers, by its kind. */
const DECISIONS = {
  relu: (model, layer, x, other) => x.some((each, at) => each > 0 !== other[at] > 0),
  maxpool2d: (model, layer, x, other) => {
    const before = winners(model, layer, x);
    return winners(model, layer, other).some((pixel, at) => pixel !== before[at]);
  },
};
