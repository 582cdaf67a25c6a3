/**
 * The forward pass of each kind of layer in float64, in plain loops.
 *
 * Arrays are in the order of memory, with the channel running fastest: cell (row, column, c) of an
 * image (H, W, C) is number (row * W + column) * C + c.
 */

import { deviationOf, surprises, targetOf } from "./factors.js";
import { arrayOf, cellCount, valueOf } from "./model.js";
import { beats, meanCount } from "./windows.js";

/**
 * A layer's output.
 *
 * @param {ArrayLike<number>[]} inputs the numbers of each input.
 * @param {{weight?: ArrayLike<number>, bias?: ArrayLike<number>}} [changed] in the place of the
 *   layer's own.
 * @param {ArrayLike<number>[]} [deciders] the inputs by which a ReLU decides what passes, and a max
 *   pool who wins: the same, or others whose decisions are to be kept.
 * @returns {Float64Array}
 */
export function computeLayer(model, layer, inputs, changed = {}, deciders = inputs) {
  const compute = COMPUTE[layer.kind];
  if (!compute) throw new Error(`There is no way to compute ${layer.path}, of kind ${layer.kind}.`);
  const y = new Float64Array(cellCount(valueOf(model, layer.output).shape));
  const parameter = (name) => changed[name] ?? arrayOf(model, layer, name)?.data;
  compute({ model, layer, inputs, x: inputs[0], decider: deciders[0], y, parameter });
  return y;
}

const inputShape = (model, layer, slot = 0) => valueOf(model, layer.inputs[slot]).shape;
const outputShape = (model, layer) => valueOf(model, layer.output).shape;

/**
 * Call `visit` for each cell of each window that lies inside the image: with the number of the
 * output's pixel, the number of the image's pixel, and the number of the cell in the window.
 */
function slide(model, layer, visit) {
  const { kernel, stride, pads } = layer.window;
  const [h, w] = inputShape(model, layer);
  const [hOut, wOut] = outputShape(model, layer);
  for (let p = 0; p < hOut; p += 1) {
    for (let q = 0; q < wOut; q += 1) {
      for (let i = 0; i < kernel[0]; i += 1) {
        const row = p * stride[0] - pads[0][0] + i;
        if (row < 0 || row >= h) continue;
        for (let j = 0; j < kernel[1]; j += 1) {
          const column = q * stride[1] - pads[1][0] + j;
          if (column < 0 || column >= w) continue;
          visit(p * wOut + q, row * w + column, i * kernel[1] + j);
        }
      }
    }
  }
}

function computeConvolution({ model, layer, x, y, parameter }) {
  const [, , channels] = inputShape(model, layer);
  const [, , filters] = outputShape(model, layer);
  const weight = parameter("weight");
  fillWithBias(y, parameter("bias"), filters);
  slide(model, layer, (output, pixel, cell) => {
    for (let c = 0; c < channels; c += 1) {
      const here = x[pixel * channels + c];
      if (here === 0) continue; // about half of what a ReLU gives
      const first = (cell * channels + c) * filters;
      for (let k = 0; k < filters; k += 1) y[output * filters + k] += here * weight[first + k];
    }
  });
}

function computeLinear({ x, y, parameter }) {
  const weight = parameter("weight");
  fillWithBias(y, parameter("bias"), y.length);
  for (let i = 0; i < x.length; i += 1) {
    for (let k = 0; k < y.length; k += 1) y[k] += x[i] * weight[i * y.length + k];
  }
}

function fillWithBias(y, bias, filters) {
  if (!bias) return;
  for (let at = 0; at < y.length; at += 1) y[at] = bias[at % filters];
}

function computeRelu({ x, decider, y }) {
  for (let at = 0; at < y.length; at += 1) y[at] = decider[at] <= 0 ? 0 : x[at];
}

function computeMaxPool({ model, layer, x, decider, y }) {
  const channels = outputShape(model, layer)[2];
  winners(model, layer, decider).forEach((position, at) => {
    y[at] = x[position * channels + (at % channels)];
  });
}

/** For each cell of a max pool's output the number of the pixel that won. */
export function winners(model, layer, x) {
  const shape = outputShape(model, layer);
  const channels = shape[2];
  const pixels = new Int32Array(cellCount(shape)).fill(-1);
  slide(model, layer, (output, pixel) => {
    for (let c = 0; c < channels; c += 1) {
      const at = output * channels + c;
      const best = pixels[at];
      if (best < 0 || beats(x[pixel * channels + c], x[best * channels + c])) pixels[at] = pixel;
    }
  });
  return pixels;
}

function computeAveragePool({ model, layer, x, y }) {
  const [, wOut, channels] = outputShape(model, layer);
  const shape = inputShape(model, layer);
  slide(model, layer, (output, pixel) => {
    const count = meanCount(layer, shape, [Math.floor(output / wOut), output % wOut]);
    for (let c = 0; c < channels; c += 1) {
      y[output * channels + c] += x[pixel * channels + c] / count;
    }
  });
}

function computeGlobalAverage({ x, y }) {
  const pixels = x.length / y.length;
  for (let at = 0; at < x.length; at += 1) y[at % y.length] += x[at] / pixels;
}

function computeBatchNorm({ model, layer, x, y, parameter }) {
  const [weight, bias, mean] = ["weight", "bias", "mean"].map(parameter);
  const deviations = Array.from(weight, (_, c) => deviationOf(model, layer, c));
  for (let at = 0; at < y.length; at += 1) {
    const c = at % weight.length;
    y[at] = (weight[c] * (x[at] - mean[c])) / deviations[c] + bias[c];
  }
}

function computeDropout({ x, y, parameter }) {
  const mask = parameter("mask");
  for (let at = 0; at < y.length; at += 1) y[at] = mask ? x[at] * mask[at] : x[at];
}

function computeConcat({ model, layer, inputs, y }) {
  const total = outputShape(model, layer).at(-1);
  let first = 0;
  inputs.forEach((x, slot) => {
    const channels = inputShape(model, layer, slot).at(-1);
    for (let at = 0; at < x.length; at += 1) {
      y[Math.floor(at / channels) * total + first + (at % channels)] = x[at];
    }
    first += channels;
  });
}

function computeAdd({ inputs, y }) {
  for (const x of inputs) {
    for (let at = 0; at < y.length; at += 1) y[at] += x[at];
  }
}

function computeFlatten({ x, y }) {
  y.set(x);
}

function computeLoss({ model, x, y }) {
  surprises(x).forEach((surprise, k) => {
    const target = targetOf(model, k);
    if (target !== 0) y[0] += target * surprise;
  });
}

const COMPUTE = {
  conv2d: computeConvolution,
  linear: computeLinear,
  relu: computeRelu,
  maxpool2d: computeMaxPool,
  avgpool2d: computeAveragePool,
  globalavgpool2d: computeGlobalAverage,
  batchnorm2d: computeBatchNorm,
  dropout: computeDropout,
  concat: computeConcat,
  add: computeAdd,
  flatten: computeFlatten,
  softmax_cross_entropy: computeLoss,
};
