/**
 * The rules backwards: for each kind of layer, the terms that it adds to a cell of a gradient.
 *
 * A rule for dx is a function (model, layer, index, slot) of the cell's index in the layer's input
 * and of which of its inputs it is; it gives a term for each cell of the output that reads x. A
 * rule for dw is a function (model, layer, index) of the weight's cell; it gives a term for each
 * pair that the weight brought together.
 */

import { deviationOf, firstChannel, pixelsOf, scaleOf, shareOf, targetOf } from "./factors.js";
import { constant, gate, ifWon, masked, nameOf, one, times } from "./factors.js";
import { gradientCell, gradientFactor, inputCell, paddingCell, weightFactor } from "./factors.js";
import { arrayOf, cellOf, dataOf, gradOf, isInside, positionOf } from "./model.js";
import { meanCount, windowsOver, winnerOf } from "./windows.js";

// ---- the gradient of the input -----------------------------------------------------------------

/** dx[row, column, c] = sum over the windows over it, and k, of dy[p, q, k] * w[i, j, c, k]. */
function convolutionBackward(model, layer, [row, column, c]) {
  const shape = gradOf(model, layer.output).shape;
  const terms = [];
  for (const { p, q, i, j } of windowsOver(layer.window, shape, [row, column])) {
    for (let k = 0; k < shape[2]; k += 1) {
      const dy = gradientCell(model, layer, [p, q, k]);
      terms.push(times(dy, weightFactor(model, layer, [i, j, c, k]), layer));
    }
  }
  return terms;
}

/** dx[i] = sum over k of dy[k] * w[i, k]. */
function linearBackward(model, layer, [i]) {
  const { data } = gradOf(model, layer.output);
  return Array.from(data, (_, k) =>
    times(gradientCell(model, layer, [k]), weightFactor(model, layer, [i, k]), layer),
  );
}

/** dx = dy where y > 0, else 0: what was cut forwards gets nothing back. */
function reluBackward(model, layer, index) {
  const passes = cellOf(dataOf(model, layer.output), index) > 0;
  return [gate(gradientCell(model, layer, index), passes, layer)];
}

/** dx[row, column, c] = sum of dy over the windows that the pixel won. */
function maxPoolBackward(model, layer, [row, column, c]) {
  const x = dataOf(model, layer.inputs[0]);
  const windows = windowsOver(layer.window, gradOf(model, layer.output).shape, [row, column]);
  return windows.map(({ p, q, i, j }) => {
    const best = winnerOf(x, layer.window, [p, q, c]);
    const won = i === best.i && j === best.j;
    return ifWon(gradientCell(model, layer, [p, q, c]), won, [best.row, best.column, c], layer);
  });
}

/** dx[row, column, c] = sum of dy / count over the windows over the pixel. */
function averagePoolBackward(model, layer, [row, column, c]) {
  const { shape } = dataOf(model, layer.inputs[0]);
  const windows = windowsOver(layer.window, gradOf(model, layer.output).shape, [row, column]);
  return windows.map(({ p, q }) => {
    const share = shareOf(meanCount(layer, shape, [p, q]));
    return times(gradientCell(model, layer, [p, q, c]), share, layer);
  });
}

/** dx[row, column, c] = dy[c] / (H W), the same for every pixel. */
function globalAverageBackward(model, layer, index) {
  const [h, w] = dataOf(model, layer.inputs[0]).shape;
  return [times(gradientCell(model, layer, [index[2]]), shareOf(h * w), layer)];
}

/** dx[..., c] = dy[..., c] * scale[c]: the training's mean and variance do not depend on x. */
function batchNormBackward(model, layer, index) {
  return [times(gradientCell(model, layer, index), scaleOf(model, layer, index.at(-1)), layer)];
}

/** dx = dy * mask: what was dropped forwards gets nothing back. */
function dropoutBackward(model, layer, index) {
  return [masked(model, layer, gradientCell(model, layer, index), index)];
}

/** dx is the part of dy that holds this input's channels. */
function concatBackward(model, layer, index, slot) {
  const at = [...index.slice(0, -1), firstChannel(model, layer, slot) + index.at(-1)];
  return [times(gradientCell(model, layer, at), one, layer)];
}

/** dx = dy, for each of the inputs. */
function addBackward(model, layer, index) {
  return [times(gradientCell(model, layer, index), one, layer)];
}

/** dx has the cells of dy in the same order of memory. */
function flattenBackward(model, layer, index) {
  const at = [positionOf(dataOf(model, layer.inputs[0]).shape, index)];
  return [times(gradientCell(model, layer, at), one, layer)];
}

/** dz[k] = p[k] - y[k], the probability less what it should be. */
function lossBackward(model, layer, index) {
  const k = index[0];
  const from = layer.inputs[0];
  const p = cellOf(arrayOf(model, layer, "probabilities"), index);
  const ofLoss = constant(cellOf(gradOf(model, layer.output), []), "dloss");
  const y = targetOf(model, k);
  const parts = [
    { name: nameOf("p", index), x: p, from, of: "probability", at: index },
    { name: nameOf("-y", index), x: y === 0 ? 0 : -y, from, of: "target", at: index },
  ];
  return parts.map((part) => times(part, ofLoss, layer));
}

export const BACKWARD_RULES = {
  conv2d: convolutionBackward,
  linear: linearBackward,
  relu: reluBackward,
  maxpool2d: maxPoolBackward,
  avgpool2d: averagePoolBackward,
  globalavgpool2d: globalAverageBackward,
  batchnorm2d: batchNormBackward,
  dropout: dropoutBackward,
  concat: concatBackward,
  add: addBackward,
  flatten: flattenBackward,
  softmax_cross_entropy: lossBackward,
};

/** Where the backward pass begins: the loss changes by 1 when the loss changes by 1. */
export function lossByItself(from) {
  return times({ name: "dloss/dloss", x: 1, from, of: "grad", at: [] }, one, { number: null });
}

// ---- the gradient of the weight and of the bias ------------------------------------------------

/** dw[i, j, c, k] = sum over the output's pixels (p, q) of x[row, column, c] * dy[p, q, k]. */
function convolutionWeight(model, layer, [i, j, c, k]) {
  const { shape } = dataOf(model, layer.inputs[0]);
  const { stride, pads } = layer.window;
  return pixelsOf(gradOf(model, layer.output).shape).map(([p, q]) => {
    const at = [p * stride[0] - pads[0][0] + i, q * stride[1] - pads[1][0] + j, c];
    const x = isInside(shape, at) ? inputCell(model, layer, at) : paddingCell(layer, 0);
    return times(x, gradientFactor(model, layer, [p, q, k]), layer);
  });
}

/** dw[i, k] = x[i] * dy[k]. */
function linearWeight(model, layer, [i, k]) {
  return [times(inputCell(model, layer, [i]), gradientFactor(model, layer, [k]), layer)];
}

/** dweight[c] = sum over the pixels of x_hat * dy, x_hat = (x - mean) / sqrt(var + eps). */
function batchNormWeight(model, layer, [c]) {
  const mean = cellOf(arrayOf(model, layer, "mean"), [c]);
  const deviation = deviationOf(model, layer, c);
  return pixelsOf(gradOf(model, layer.output).shape).map((pixel) => {
    const at = [...pixel, c];
    const x = (inputCell(model, layer, at).x - mean) / deviation;
    const first = { name: nameOf("x_hat", at), x, from: layer.inputs[0], of: "normalised", at };
    return times(first, gradientFactor(model, layer, at), layer);
  });
}

export const WEIGHT_RULES = {
  conv2d: convolutionWeight,
  linear: linearWeight,
  batchnorm2d: batchNormWeight,
};

/** db[k] = sum over the output's pixels of dy[..., k], for every layer with a bias. */
export function biasTerms(model, layer, [k]) {
  return pixelsOf(gradOf(model, layer.output).shape).map((pixel) =>
    times(gradientCell(model, layer, [...pixel, k]), one, layer),
  );
}
