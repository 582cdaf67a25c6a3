/**
 * The rules forwards: for each kind of layer, the terms that a cell of its output is the sum of.
 *
 * A rule is a function (model, layer, index) of the output's cell that gives `terms` and, where
 * something is added to them, a `bias`; `rounded` is the size of what was rounded besides.
 */

import { allIndices, firstChannel, pixelsOf } from "./factors.js";
import { scaleOf, shareOf, surprises, targetOf } from "./factors.js";
import { constant, gate, ifWon, masked, nameOf, one, times } from "./factors.js";
import { inputCell, paddingCell, weightFactor } from "./factors.js";
import { arrayOf, cellOf, dataOf, indexAt } from "./model.js";
import { meanCount, windowCells, winnerOf } from "./windows.js";

/** y[p, q, k] = sum over the window's (i, j, c) of x[row, column, c] * w[i, j, c, k], plus b[k]. */
function convolutionForward(model, layer, [p, q, k]) {
  const [h, w, channels] = dataOf(model, layer.inputs[0]).shape;
  const terms = [];
  for (const { i, j, row, column, inside } of windowCells(layer.window, [h, w], [p, q])) {
    for (let c = 0; c < channels; c += 1) {
      const x = inside ? inputCell(model, layer, [row, column, c]) : paddingCell(layer, 0);
      terms.push(times(x, weightFactor(model, layer, [i, j, c, k]), layer));
    }
  }
  return { terms, bias: biasCell(model, layer, k) };
}

/** y[k] = sum over i of x[i] * w[i, k], plus b[k]. */
function linearForward(model, layer, [k]) {
  const terms = allIndices(dataOf(model, layer.inputs[0]).shape).map((at) =>
    times(inputCell(model, layer, at), weightFactor(model, layer, [at[0], k]), layer),
  );
  return { terms, bias: biasCell(model, layer, k) };
}

/** The number that a filter adds; undefined for a layer without a bias. */
function biasCell(model, layer, k) {
  const bias = arrayOf(model, layer, "bias");
  return bias && cellOf(bias, [k]);
}

/** y = x where x > 0, else 0. */
function reluForward(model, layer, index) {
  const cell = inputCell(model, layer, index);
  // Not 0 * x, which is no number where x is infinite. What is no number comes out as it is.
  const product = cell.x <= 0 ? 0 : cell.x;
  return { terms: [gate(cell, cell.x > 0, layer, { product })] };
}

/** y[p, q, c] = the largest x of the window: the winner times 1, the others times 0. */
function maxPoolForward(model, layer, [p, q, c]) {
  const x = dataOf(model, layer.inputs[0]);
  const best = winnerOf(x, layer.window, [p, q, c]);
  const winnerAt = [best.row, best.column, c];
  const terms = windowCells(layer.window, x.shape, [p, q]).map(({ i, j, row, column, inside }) => {
    const cell = inside ? inputCell(model, layer, [row, column, c]) : paddingCell(layer, -Infinity);
    return ifWon(cell, i === best.i && j === best.j, winnerAt, layer);
  });
  return { terms };
}

/** y[p, q, c] = the sum of the window's x, each divided by the number of cells. */
function averagePoolForward(model, layer, [p, q, c]) {
  const [h, w] = dataOf(model, layer.inputs[0]).shape;
  const share = shareOf(meanCount(layer, [h, w], [p, q]));
  const terms = windowCells(layer.window, [h, w], [p, q])
    .filter(({ inside }) => inside)
    .map(({ row, column }) => times(inputCell(model, layer, [row, column, c]), share, layer));
  return { terms };
}

/** y[c] = the sum of x[row, column, c] over the whole image, each divided by H * W. */
function globalAverageForward(model, layer, [c]) {
  const pixels = pixelsOf(dataOf(model, layer.inputs[0]).shape);
  const share = shareOf(pixels.length);
  const cells = pixels.map((pixel) => inputCell(model, layer, [...pixel, c]));
  return { terms: cells.map((cell) => times(cell, share, layer)) };
}

/** y[..., c] = x[..., c] * scale[c] + shift[c], with the mean and variance of the training. */
function batchNormForward(model, layer, index) {
  const c = index.at(-1);
  const terms = [times(inputCell(model, layer, index), scaleOf(model, layer, c), layer)];
  return { terms, bias: cellOf(arrayOf(model, layer, "shift"), [c]) };
}

/** y = x * mask, where the mask is 0 or 1 / (1 - p). */
function dropoutForward(model, layer, index) {
  return { terms: [masked(model, layer, inputCell(model, layer, index), index)] };
}

/** y is the inputs side by side along the channels: each cell is one cell of one input. */
function concatForward(model, layer, index) {
  const channels = index.at(-1);
  const slot = layer.inputs.findLastIndex((_, i) => firstChannel(model, layer, i) <= channels);
  const at = [...index.slice(0, -1), channels - firstChannel(model, layer, slot)];
  return { terms: [times(inputCell(model, layer, at, slot), one, layer)] };
}

/** y = the sum of the inputs, cell by cell. */
function addForward(model, layer, index) {
  const cells = layer.inputs.map((_, slot) => inputCell(model, layer, index, slot));
  return { terms: cells.map((cell) => times(cell, one, layer)) };
}

/** y has the cells of x in the same order of memory, in a row. */
function flattenForward(model, layer, index) {
  const at = indexAt(dataOf(model, layer.inputs[0]).shape, index[0]);
  return { terms: [times(inputCell(model, layer, at), one, layer)] };
}

/**
 * loss = sum over the classes of -log p[k] * y[k], where y is 1 for the right class, else 0.
 *
 * However small it is, -log p comes from a sum of exponentials of which the largest is 1, rounded.
 */
function lossForward(model, layer) {
  const from = layer.inputs[0];
  const terms = Array.from(surprises(dataOf(model, from).data), (x, k) => {
    const first = { name: nameOf("-log p", [k]), x, from, of: "surprise", at: [k] };
    const y = targetOf(model, k);
    // A class of no weight adds nothing, even where -log p is infinite.
    return times(first, constant(y, nameOf("y", [k])), layer, { product: y === 0 ? 0 : x * y });
  });
  return { terms, rounded: 1 };
}

export const FORWARD_RULES = {
  conv2d: convolutionForward,
  linear: linearForward,
  relu: reluForward,
  maxpool2d: maxPoolForward,
  avgpool2d: averagePoolForward,
  globalavgpool2d: globalAverageForward,
  batchnorm2d: batchNormForward,
  dropout: dropoutForward,
  concat: concatForward,
  add: addForward,
  flatten: flattenForward,
  softmax_cross_entropy: lossForward,
};
