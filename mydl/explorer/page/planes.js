/**
 * Planes: an array as maps of rows and columns, one beside the other.
 *
 * An image (H, W, C) is C planes. A row of numbers (C,) is one plane, wrapped into lines. Of a
 * convolution's weights (K_h, K_w, C, K) the planes are those of one filter k; of a linear layer's
 * (in, out) the plane is what belongs to one output.
 *
 * @typedef {object} Planes
 * @property {Tensor} tensor
 * @property {number} count of planes
 * @property {number} rows
 * @property {number} columns
 * @property {(plane: number, row: number, column: number) => number[] | null} indexOf index in the
 *   array; null for what is beside it, at the end of the last line of a wrapped row.
 * @property {(plane: number, row: number, column: number) => number} positionAt where that cell
 *   lies in memory; for drawing, which asks for every cell.
 * @property {(index: number[]) => {plane: number, row: number, column: number} | null} placeOfIndex
 *   null for a cell of another filter.
 */

import { positionOf } from "./model.js";

/**
 * The planes of an activation or of its gradient.
 *
 * @param {Tensor} tensor (H, W, C), (C,) or ().
 * @returns {Planes}
 */
export function planesOfValue(tensor) {
  const { shape } = tensor;
  if (shape.length !== 3) return wrapped(tensor, shape[0] ?? 1, (at) => shape.map(() => at));
  const [rows, columns, count] = shape;
  if (rows * columns === 1) return wrapped(tensor, count, (at) => [0, 0, at]);
  return {
    tensor, count, rows, columns,
    indexOf: (plane, row, column) => [row, column, plane],
    positionAt: (plane, row, column) => (row * columns + column) * count + plane,
    placeOfIndex: ([row, column, plane]) => ({ plane, row, column }),
  };
}

/**
 * The planes of a layer's weight, or of its gradient, that belong to one output channel.
 *
 * @param {Tensor} tensor (K_h, K_w, C, K), (in, out) or (C,).
 * @param {number} k the output channel.
 * @returns {Planes}
 */
export function planesOfWeight(tensor, k) {
  const { shape } = tensor;
  if (shape.length === 1) return planesOfValue(tensor);
  if (shape.length === 2) return ofFilter(wrapped(tensor, shape[0], (at) => [at, k]), k);
  const [rows, columns, count, filters] = shape;
  if (rows * columns === 1) return ofFilter(wrapped(tensor, count, (at) => [0, 0, at, k]), k);
  const planes = {
    tensor, count, rows, columns,
    indexOf: (plane, row, column) => [row, column, plane, k],
    positionAt: (plane, row, column) => ((row * columns + column) * count + plane) * filters + k,
    placeOfIndex: ([row, column, plane]) => ({ plane, row, column }),
  };
  return ofFilter(planes, k);
}

/** Only cells of filter k have a place. */
function ofFilter(planes, k) {
  const placeOfIndex = (index) => (index.at(-1) === k ? planes.placeOfIndex(index) : null);
  return { ...planes, placeOfIndex };
}

/** One plane with `count` cells, line by line; `indexOfCell` gives the index of one. */
function wrapped(tensor, count, indexOfCell) {
  const columns = count <= 12 ? Math.min(count, 5) : Math.ceil(Math.sqrt(count * 1.3));
  const rows = Math.ceil(count / columns);
  const axis = tensor.shape.length === 2 ? 0 : tensor.shape.length === 4 ? 2 : -1;
  const indexOf = (plane, row, column) => {
    const at = row * columns + column;
    return at < count ? indexOfCell(at) : null;
  };
  return {
    tensor, count: 1, rows, columns, indexOf,
    positionAt: (plane, row, column) => {
      const index = indexOf(plane, row, column);
      return index ? positionOf(tensor.shape, index) : -1;
    },
    placeOfIndex: (index) => {
      const at = index.length ? index.at(axis) : 0;
      return { plane: 0, row: Math.floor(at / columns), column: at % columns };
    },
  };
}

/** The number at a place of a plane; undefined where there is none. */
export function numberAt({ tensor, positionAt }, plane, row, column) {
  return tensor.data[positionAt(plane, row, column)];
}
