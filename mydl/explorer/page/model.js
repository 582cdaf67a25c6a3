/**
 * The model: what the library computed for one image, read from the page's data.
 *
 * A *value* is an activation: `data` is what the forward pass made of it, `grad` the gradient of
 * the loss with respect to it. A *layer* reads values and writes one. Shapes leave out the number
 * of images: (H, W, C) for an image, (C) for a row of numbers, () for the loss. A *cell* is one
 * number of an array, found by its *index*, such as [row, column, channel].
 *
 * @typedef {{shape: number[], data: Float32Array | Float64Array | Uint8Array}} Tensor
 * @typedef {{id: number, name: string, shape: number[], data: number, grad: number}} Value
 * @typedef {{kernel: number[], stride: number[], pads: number[][]}} SlidingWindow
 * @typedef {{number: number, path: string, kind: string, inputs: number[], output: number,
 *   window?: SlidingWindow, weight?: number, bias?: number, dweight?: number,
 *   dbias?: number}} Layer
 * @typedef {{title: string, loss: number, label: number, classes: string[], layers: Layer[],
 *   values: Value[], tensors: Tensor[]}} Model
 */

const TYPED_ARRAYS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array };

/**
 * The model in the page's data.
 *
 * @param {object} payload the parsed JSON; its arrays are base64 text of little-endian numbers.
 * @returns {Model} the payload, with `tensors` in the place of the text, and numbered layers.
 */
export function readModel(payload) {
  if (payload.format !== 1) {
    throw new Error(`This page reads data of format 1, but the format is ${payload.format}.`);
  }
  const { bytes, arrays, ...rest } = payload;
  const buffer = decodeBase64(bytes).buffer;
  return {
    ...rest,
    layers: payload.layers.map((layer, number) => ({ ...layer, number })),
    tensors: arrays.map((array) => readTensor(buffer, array)),
  };
}

/** The bytes that a base64 text stands for. */
function decodeBase64(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** One array of the buffer; it is copied, as the parts of a buffer need not be aligned. */
function readTensor(buffer, { shape, offset, dtype }) {
  const Numbers = TYPED_ARRAYS[dtype];
  if (!Numbers) {
    const known = Object.keys(TYPED_ARRAYS).join(", ");
    throw new Error(`An array must be one of ${known}, but one is ${dtype}.`);
  }
  const end = offset + cellCount(shape) * Numbers.BYTES_PER_ELEMENT;
  return { shape, data: new Numbers(buffer.slice(offset, end)) };
}

// ---- cells ---------------------------------------------------------------------------------

/** How many cells an array of a shape has: 1 for the shape () of a single number. */
export function cellCount(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

/** Where the cell at `index` lies in memory: the last axis runs fastest. */
export function positionOf(shape, index) {
  return shape.reduce((position, size, axis) => position * size + index[axis], 0);
}

/** The index of the cell at a position in memory. */
export function indexAt(shape, position) {
  const index = new Array(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    index[axis] = position % shape[axis];
    position = Math.floor(position / shape[axis]);
  }
  return index;
}

/** Whether there is a cell at `index`. */
export function isInside(shape, index) {
  return (
    index.length === shape.length &&
    index.every((i, axis) => Number.isInteger(i) && i >= 0 && i < shape[axis])
  );
}

/** Throw an error if there is no cell at `index`; `what` names the array. */
export function checkIndex(shape, index, what) {
  if (isInside(shape, index)) return;
  const [asked, size] = [index, shape].map((numbers) => `(${numbers.join(", ")})`);
  throw new Error(`There is no cell ${asked} in ${what}, whose shape is ${size}.`);
}

/** The number in the cell at `index` of a tensor. */
export function cellOf(tensor, index) {
  return tensor.data[positionOf(tensor.shape, index)];
}

// ---- values and layers -----------------------------------------------------------------------

/** The value with a number. */
export function valueOf(model, id) {
  const value = model.values[id];
  return value?.id === id ? value : model.values.find((other) => other.id === id);
}

/** What the forward pass made of a value. */
export function dataOf(model, id) {
  return model.tensors[valueOf(model, id).data];
}

/** The gradient of the loss with respect to a value. */
export function gradOf(model, id) {
  return model.tensors[valueOf(model, id).grad];
}

/** An array of a layer, such as its "weight" or "dbias"; undefined if it has none. */
export function arrayOf(model, layer, name) {
  return layer[name] === undefined || layer[name] === null ? undefined : model.tensors[layer[name]];
}

/**
 * A layer by its path, its number, or itself.
 *
 * @returns {Layer | undefined}
 */
export function layerOf(model, layer) {
  if (typeof layer === "string") return model.layers.find(({ path }) => path === layer);
  return typeof layer === "number" ? model.layers[layer] : layer;
}

/** The layer that writes a value; undefined for the image. */
export function producerOf(model, id) {
  return model.layers.find((layer) => layer.output === id);
}

/** The layers that read a value, in the order of the forward pass; none for the loss. */
export function consumersOf(model, id) {
  return model.layers.filter((layer) => layer.inputs.includes(id));
}
