/**
 * Windows that slide over an image, for convolution and pooling.
 *
 * The window of output pixel (p, q) starts at row p * stride - top and column q * stride - left of
 * the image, where top and left count the padding. Its cell (i, j) lies over pixel
 *
 *     row = p * stride - top + i,    column = q * stride - left + j
 *
 * and backwards the same two equations, solved for (p, q), give the windows that read a pixel.
 */

import { cellOf, dataOf } from "./model.js";

/**
 * The cells of one window, row by row.
 *
 * @param {SlidingWindow} window
 * @param {number[]} shape of the image, (H, W, C).
 * @param {number[]} pixel (p, q) of the output.
 * @returns {{i: number, j: number, row: number, column: number, inside: boolean}[]} `inside` is
 *   false where the cell lies on the padding, or hangs over the edge of it.
 */
export function windowCells({ kernel, stride, pads }, [h, w], [p, q]) {
  const cells = [];
  for (let i = 0; i < kernel[0]; i += 1) {
    for (let j = 0; j < kernel[1]; j += 1) {
      const row = p * stride[0] - pads[0][0] + i;
      const column = q * stride[1] - pads[1][0] + j;
      cells.push({ i, j, row, column, inside: row >= 0 && row < h && column >= 0 && column < w });
    }
  }
  return cells;
}

/**
 * The windows that read one pixel, and the cell of each that lies over it.
 *
 * @param {SlidingWindow} window
 * @param {number[]} shape of the output, (H_out, W_out, C_out).
 * @param {number[]} pixel (row, column) of the image.
 * @returns {{p: number, q: number, i: number, j: number}[]} in the order of the output's pixels.
 */
export function windowsOver({ kernel, stride, pads }, [hOut, wOut], [row, column]) {
  const along = (size, k, step, start) => {
    const found = [];
    for (let p = 0; p < size; p += 1) {
      const i = start - p * step;
      if (i >= 0 && i < k) found.push([p, i]);
    }
    return found;
  };
  const rows = along(hOut, kernel[0], stride[0], row + pads[0][0]);
  const columns = along(wOut, kernel[1], stride[1], column + pads[1][0]);
  return rows.flatMap(([p, i]) => columns.map(([q, j]) => ({ p, q, i, j })));
}

/**
 * Whether a cell beats the best of the window so far: a larger number does, and so does what is
 * no number, that it may be seen. Of equal numbers the first stays.
 */
export function beats(x, best) {
  return x > best || Number.isNaN(x);
}

/**
 * The cell that wins the maximum of a window in one channel. Padding never wins.
 *
 * @param {Tensor} x the image, (H, W, C).
 * @param {number[]} index (p, q, channel) of the output.
 * @returns {{i: number, j: number, row: number, column: number}}
 */
export function winnerOf(x, window, [p, q, channel]) {
  let winner;
  let best;
  for (const cell of windowCells(window, x.shape, [p, q])) {
    if (!cell.inside) continue;
    const here = cellOf(x, [cell.row, cell.column, channel]);
    if (winner === undefined || beats(here, best)) {
      winner = cell;
      best = here;
    }
  }
  return winner;
}

/**
 * How many cells the mean of an average pooling's window is over.
 *
 * What hangs over the edge of the padding never counts; the padding itself counts unless the
 * layer has `count_include_pad` false.
 */
export function meanCount(layer, [h, w], [p, q]) {
  const { kernel, stride, pads } = layer.window;
  const include = layer.count_include_pad !== false;
  const along = (size, k, step, [before, after], at) => {
    const start = at * step - before;
    const [low, high] = include ? [-before, size + after] : [0, size];
    return Math.min(start + k, high) - Math.max(start, low);
  };
  return along(h, kernel[0], stride[0], pads[0], p) * along(w, kernel[1], stride[1], pads[1], q);
}

/**
 * A row of the matrix `cols` of im2col: what the window of output pixel (p, q) reads.
 *
 * @param {Layer} layer one with a window.
 * @param {number[]} pixel (p, q).
 * @returns {{x: number, window: number[], at: number[] | null}[]} K_h * K_w * C entries in the
 *   order of one filter's weights; `window` is the (i, j, channel) of the cell, `at` the index in
 *   the image, null for padding, which is read as zero.
 */
export function im2colRow(model, layer, [p, q]) {
  const x = dataOf(model, layer.inputs[0]);
  const row = [];
  for (const { i, j, row: r, column, inside } of windowCells(layer.window, x.shape, [p, q])) {
    for (let channel = 0; channel < x.shape[2]; channel += 1) {
      const at = inside ? [r, column, channel] : null;
      row.push({ x: inside ? cellOf(x, at) : 0, window: [i, j, channel], at });
    }
  }
  return row;
}
