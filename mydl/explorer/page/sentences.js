/**
 * Sentences: what happens in one cell, in words and with its own numbers.
 */

import { arrayOf, cellOf, dataOf, producerOf, valueOf } from "./model.js";
import { bracketText, longNumber, percentText, shortNumber } from "./numbers.js";
import { windowCells } from "./windows.js";

/**
 * What happens in the cell of a selection.
 *
 * @param {Model} model
 * @param {Selection} selection
 * @param {Sum} sum its terms
 * @returns {string}
 */
export function sentenceOf(model, selection, sum) {
  const { layer, kind } = selection;
  if (kind === "dw" || kind === "db") return SENTENCES[kind](model, selection, sum);
  const own = sum.terms.filter((term) => term.layer === layer.number);
  const sentence = SENTENCES[`${layer.kind} ${kind}`](model, selection, own);
  const readers = new Set(sum.terms.map((term) => term.layer)).size;
  if (kind === "forward" || readers < 2) return sentence;
  return `${sentence} ${capital(countText(readers, "layer"))} read this value, so it has as many ways to the loss: what comes back on each of them is added up.`;
}

const countText = (count, noun) => {
  const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
  return `${words[count] ?? count} ${noun}${count === 1 ? "" : "s"}`;
};
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Where a value comes from, in words. */
export function nameOfValue(model, id) {
  const layer = producerOf(model, id);
  return layer ? layer.path : "the image";
}

/** The rows and columns under a window, in words. */
function windowText(model, layer, [p, q]) {
  const { shape } = valueOf(model, layer.inputs[0]);
  const cells = windowCells(layer.window, shape, [p, q]);
  const span = (name, of) => {
    const numbers = cells.map(of);
    const [from, to] = [Math.min(...numbers), Math.max(...numbers)];
    return from === to ? `${name} ${from}` : `${name}s ${from} to ${to}`;
  };
  const padded = cells.some(({ inside }) => !inside);
  const place = `${span("row", ({ row }) => row)} and ${span("column", ({ column }) => column)}`;
  return { place, padded, cells: cells.length };
}

/** Which row of the matrix of im2col a cell of a convolution's output is computed from. */
export function im2colText(model, { layer, index: [p, q, k] }) {
  const [height, width, filters] = valueOf(model, layer.output).shape;
  const length = layer.window.kernel[0] * layer.window.kernel[1] * valueOf(model, layer.inputs[0]).shape[2];
  return `im2col writes what each window reads into a row of a matrix, ${height * width} × ${length}; the weights are a matrix of ${length} × ${filters}. This cell is row ${p} · ${width} + ${q} = ${p * width + q} of the one times column ${k} of the other.`;
}

const SENTENCES = {
  "conv2d forward": (model, { layer, index: [p, q, k] }, terms) => {
    const channels = valueOf(model, layer.inputs[0]).shape[2];
    const { place, padded, cells } = windowText(model, layer, [p, q]);
    const around = padded ? " Beyond the edge it reads zeros, the padding." : "";
    const bias = layer.bias === undefined ? "is y" : "and the bias is y";
    if (cells === 1) {
      return `Filter ${k} looks at one pixel, ${place}, through all ${channels} channels: the sum of the ${terms.length} products of x and weight ${bias}.`;
    }
    return `Filter ${k} lies on ${place} of x, in all ${channels} channels.${around} Each number under it is multiplied by the weight that lies on it: the sum of the ${terms.length} products ${bias}.`;
  },
  "conv2d dx": (model, { layer, index: [row, column, c] }, terms) => {
    const windows = new Set(terms.map(({ at }) => `${at[0]},${at[1]}`)).size;
    if (windows === 0) return "No window reads this cell, so the loss does not depend on it: its gradient is 0.";
    const filters = valueOf(model, layer.output).shape[2];
    const where = windows === 1 ? "in one window" : `in ${countText(windows, "window")}`;
    return `Forwards, x[${row}, ${column}, ${c}] was read ${where}, by each of ${filters} filters. Backwards, it gets from each output that it went into dy times the weight that it met there.`;
  },
  "linear forward": (model, { index: [k] }, terms) =>
    `Output ${k} is the sum of all ${terms.length} inputs, each times its weight, and the bias.`,
  "linear dx": (model, { index: [i] }, terms) =>
    `Input ${i} went into all ${terms.length} outputs, so it gets dy from each of them, times the weight on the way.`,
  "relu forward": (model, selection, [{ passes, x }]) =>
    passes
      ? `x is positive, so it goes through as it is.`
      : `x is ${x === 0 ? "zero" : "negative"}: it is cut, and y is 0.`,
  "relu dx": (model, { layer, index }, [{ passes, x }]) => {
    const before = shortNumber(cellOf(dataOf(model, layer.inputs[0]), index));
    if (passes) return `Forwards, x was ${before}, positive, and went through; so does its gradient.`;
    const although = x === 0 ? "" : `, although dy is ${shortNumber(x)}`;
    return `Forwards, x was ${before} and was cut. To change it a little changes nothing, so its gradient is 0${although}.`;
  },
  "maxpool2d forward": (model, { layer, index }, terms) => {
    const { place } = windowText(model, layer, index);
    const won = terms.find(({ winner }) => winner);
    return `The window lies on ${place} of channel ${index[2]}. The largest of its ${terms.length} numbers wins: x${bracketText(won.at)}. The others have no influence.`;
  },
  "maxpool2d dx": (model, selection, terms) => {
    const won = terms.filter(({ winner }) => winner).length;
    const windows = countText(terms.length, "window");
    if (terms.length === 0) return "No window reads this cell, so its gradient is 0.";
    if (won === 0) {
      return `${capital(windows)} read this cell, and it won none of them. It had no influence on the loss: its gradient is 0, and dy goes to the winners.`;
    }
    const all = won === terms.length ? (won === 1 ? "it won it" : "it won all of them") : `it won ${won} of them`;
    return `${capital(windows)} read this cell, and ${all}. From a window that it won it gets the whole dy, from one that it lost nothing.`;
  },
  "avgpool2d forward": (model, { layer, index }, terms) =>
    `y is the mean of the window on ${windowText(model, layer, index).place}: each of its numbers counts ${terms[0]?.label.split(" × ")[1]}.`,
  "avgpool2d dx": (model, selection, terms) =>
    `${capital(countText(terms.length, "window"))} read this cell; each hands its dy out to its cells in equal shares.`,
  "globalavgpool2d forward": (model, { index }, terms) =>
    `y is the mean of all ${terms.length} pixels of channel ${index.at(-1)}.`,
  "globalavgpool2d dx": (model, { index }, [{ label }]) =>
    `dy of channel ${index[2]} is handed out to all its pixels in equal shares of ${label.split(" × ")[1]}.`,
  "batchnorm2d forward": (model, { index }) =>
    `Channel ${index.at(-1)} is shifted and scaled with the mean and the variance that were estimated in training.`,
  "batchnorm2d dx": () =>
    "In evaluation mode mean and variance are fixed numbers that do not depend on x, so that only the scale comes back.",
  "dropout forward": (model, { layer }, [{ passes, w }]) => {
    if (!arrayOf(model, layer, "mask")) return "This dropout has p = 0 and changes nothing.";
    return passes
      ? `This number was kept. It is scaled by ${shortNumber(w)}, so that the sum stays the same on average.`
      : "This number was dropped: y is 0.";
  },
  "dropout dx": (model, { layer }, [{ passes, w }]) => {
    if (!arrayOf(model, layer, "mask")) return "This dropout has p = 0 and changes nothing.";
    return passes
      ? `Forwards, this number was scaled by ${shortNumber(w)}; so is its gradient.`
      : "Forwards, this number was dropped; nothing comes back to it.";
  },
  "concat forward": (model, { layer }, [{ from, at }]) =>
    `The inputs are laid side by side. This cell is channel ${at.at(-1)} of ${nameOfValue(model, from)}; nothing is computed.`,
  "concat dx": (model, { layer, slot }, [{ at }]) =>
    `Input ${slot} became some of the channels of y; its gradient is cut out of dy there, from channel ${at.at(-1)}.`,
  "add forward": () => "Two ways meet: the layers inside, and the bypass around them. y is their sum.",
  "add dx": (model, { slot }) =>
    `A sum hands dy on to both of its summands as it is, also to ${slot ? "the bypass, where it goes around the layers inside" : "the layers inside"}.`,
  "flatten forward": () => "The cells are written in a row, in the order of memory; nothing is computed.",
  "flatten dx": () => "The same cells in their old shape; nothing is computed.",
  "softmax_cross_entropy forward": (model, { layer }) => {
    const p = arrayOf(model, layer, "probabilities").data[model.label];
    return `Softmax turns the outputs z into probabilities. The right class, “${model.classes[model.label]}”, gets ${percentText(p)}, and the loss is −log of that: ${longNumber(dataOf(model, layer.output).data[0])}.`;
  },
  "softmax_cross_entropy dx": (model, { layer, index: [k] }) => {
    const p = arrayOf(model, layer, "probabilities").data[k];
    const right = k === model.label;
    return `Softmax and cross-entropy together leave something simple: the probability that there is, less the one there should be. “${model.classes[k]}” has ${percentText(p)} and should have ${right ? "100 %" : "none"}.`;
  },
  dw: (model, { layer, index }, { terms }) => {
    if (layer.kind === "batchnorm2d") {
      return "γ scales every pixel of the channel, so its gradient is the sum, over all pixels, of the normalised x times dy.";
    }
    if (layer.kind === "linear") return "This weight was used once, between one input and one output: its gradient is that x times that dy.";
    return `This weight was used at each of the ${terms.length} pixels of y: at each it was multiplied by one number of x. Its gradient is the sum of these x, each times the dy of its pixel.`;
  },
  db: (model, selection, { terms }) =>
    terms.length === 1
      ? "The bias is added to y, so its gradient is dy."
      : `The bias is added to each of the ${terms.length} pixels of the channel, so its gradient is the sum of their dy.`,
};
