/**
 * The terms: every number of the network as a sum of products, forwards and backwards.
 *
 * Forwards a cell of y is a sum over what it reads, backwards a cell of a gradient is a sum over
 * whom it reached; the chain rule is no more than that:
 *
 *     y[out]  = sum over what the window reads      x[in] * w        (+ bias)
 *     dx[in]  = sum over the cells that read x[in]  dy[out] * w
 *     dw[at]  = sum over the pairs that met in w    x[in] * dy[out]
 *     db[k]   = sum over all pixels                 dy[out] * 1
 *
 * For layers without weights, `w` is the derivative dy[out]/dx[in]: 1 for the cell that won a
 * maximum and 0 for those that lost, 1 / count in an average, 1 or 0 in a ReLU, the mask of
 * dropout. The factors are the library's own numbers; products and sums are taken in float64.
 *
 * @typedef {object} Term one product, x * w
 * @property {string} label the two factors in words, as in "x[0, 4, 2] × w[0, 1, 2, 5]".
 * @property {number} x the first factor.
 * @property {number} w the second factor.
 * @property {number} product
 * @property {number} layer number of the layer that the term goes through.
 * @property {number} from the value that x is a cell of.
 * @property {string} of what x is: "data" or "grad", a cell of that array of the value;
 *   "normalised", the data less the mean and over the standard deviation; for the loss "surprise",
 *   -log p, "probability", p, or "target", -y.
 * @property {number[] | null} at index of that cell; null for padding.
 * @property {"weight" | "grad"} [wOf] that w is a cell of the layer's weight or of the gradient of
 *   its output; missing where it is a constant of the layer.
 * @property {number[]} [wAt] index of that cell.
 * @property {boolean} [winner] in max pooling, whether this cell won the window.
 * @property {number[]} [winnerAt] in max pooling, index of the cell that did, in the layer's input.
 * @property {boolean} [passes] in ReLU and dropout, whether the cell was let through.
 *
 * @typedef {object} Sum
 * @property {number} value the library's number, in float32.
 * @property {Term[]} terms
 * @property {number} [bias] what is added to the terms.
 * @property {number} sum of the terms and the bias.
 * @property {number} magnitude the sum without signs: float32 can be expected to have lost some
 *   1e-7 of it by rounding.
 */

import { arrayOf, cellOf, checkIndex, consumersOf } from "./model.js";
import { dataOf, gradOf, layerOf, valueOf } from "./model.js";
import { BACKWARD_RULES, WEIGHT_RULES } from "./rules-backward.js";
import { biasTerms, lossByItself } from "./rules-backward.js";
import { FORWARD_RULES } from "./rules-forward.js";

/**
 * A cell of a layer's output.
 *
 * @param {Model} model
 * @param {Layer | number | string} layer itself, its number or its path.
 * @param {number[]} index of the cell, [] for the loss.
 * @returns {Sum}
 */
export function forwardTerms(model, layer, index) {
  layer = layerOf(model, layer);
  const y = dataOf(model, layer.output);
  checkIndex(y.shape, index, `the output of ${layer.path}`);
  const { terms, bias, rounded } = ruleOf(FORWARD_RULES, layer)(model, layer, index);
  return addUp(cellOf(y, index), terms, bias, rounded);
}

/**
 * A cell of the gradient with respect to a value: all terms from all layers that read it.
 *
 * @param {Model} model
 * @param {number} valueId
 * @param {number[]} index of the cell.
 * @returns {Sum}
 */
export function inputGradientTerms(model, valueId, index) {
  const dx = gradOf(model, valueId);
  checkIndex(dx.shape, index, valueOf(model, valueId).name);
  const readers = consumersOf(model, valueId);
  if (readers.length === 0) return addUp(cellOf(dx, index), [lossByItself(valueId)]);
  const terms = readers.flatMap((layer) =>
    layer.inputs.flatMap((id, slot) =>
      id === valueId ? ruleOf(BACKWARD_RULES, layer)(model, layer, index, slot) : [],
    ),
  );
  return addUp(cellOf(dx, index), terms);
}

/**
 * A cell of the gradient with respect to a layer's weight.
 *
 * @param {Model} model
 * @param {Layer | number | string} layer one with a weight.
 * @param {number[]} index as in the weight: [i, j, c, k], [in, out] or [channel].
 * @returns {Sum}
 */
export function weightGradientTerms(model, layer, index) {
  layer = layerOf(model, layer);
  const dw = gradientOf(model, layer, "weight");
  checkIndex(dw.shape, index, `the weight of ${layer.path}`);
  return addUp(cellOf(dw, index), ruleOf(WEIGHT_RULES, layer)(model, layer, index));
}

/**
 * A cell of the gradient with respect to a layer's bias: the sum of dy over all pixels.
 *
 * @param {Model} model
 * @param {Layer | number | string} layer one with a bias.
 * @param {number[]} index [k].
 * @returns {Sum}
 */
export function biasGradientTerms(model, layer, index) {
  layer = layerOf(model, layer);
  const db = gradientOf(model, layer, "bias");
  checkIndex(db.shape, index, `the bias of ${layer.path}`);
  return addUp(cellOf(db, index), biasTerms(model, layer, index));
}

/** The sum of terms; `rounded` is the size of numbers that were rounded besides the products. */
function addUp(value, terms, bias, rounded = 0) {
  let sum = bias ?? 0;
  let magnitude = Math.abs(sum) + rounded;
  for (const { product } of terms) {
    sum += product;
    magnitude += Math.abs(product);
  }
  return { value, terms, bias, sum, magnitude };
}

/** The rule of a layer's kind. */
function ruleOf(rules, layer) {
  const rule = rules[layer.kind];
  if (!rule) throw new Error(`There is no rule for ${layer.path}, which is of kind ${layer.kind}.`);
  return rule;
}

/** The gradient of a layer's weight or bias. */
function gradientOf(model, layer, name) {
  const gradient = arrayOf(model, layer, `d${name}`);
  if (!gradient) throw new Error(`${layer.path} has no ${name}.`);
  return gradient;
}
