/**
 * Words: what a kind of layer is called, where the library computes it, and in which steps.
 *
 * What happens in one cell is told in sentences.js.
 */

/**
 * For each kind of layer: what it is called, its short name, the library's file, and the formulas
 * of its passes.
 */
export const LAYER_WORDS = {
  conv2d: {
    name: "convolution", short: "conv", file: "mydl/layers/conv.py",
    forward: ({ rows, columns, over, at, bias }) =>
      `y_{p,q,k} = sum_{${over}c} x_{${rows},${columns},c} · w_{${at},c,k}${bias}`,
    dx: ({ fromRow, fromColumn }) =>
      `dx_{r,s,c} = sum_{p,q,k} dy_{p,q,k} · w_{i,j,c,k} ; i = ${fromRow} ; j = ${fromColumn}`,
    dw: ({ rows, columns }) => `dw_{i,j,c,k} = sum_{p,q} x_{${rows},${columns},c} · dy_{p,q,k}`,
    db: () => "db_k = sum_{p,q} dy_{p,q,k}",
  },
  linear: {
    name: "linear layer", short: "linear", file: "mydl/layers/linear.py",
    forward: () => "y_k = sum_i x_i · w_{i,k} + b_k",
    dx: () => "dx_i = sum_k dy_k · w_{i,k}",
    dw: () => "dw_{i,k} = x_i · dy_k",
    db: () => "db_k = dy_k",
  },
  relu: {
    name: "ReLU", short: "ReLU", file: "mydl/layers/relu.py",
    forward: () => "y = max ( x , 0 )",
    dx: () => "dx = dy · [ x > 0 ]",
  },
  maxpool2d: {
    name: "max pooling", short: "max pool", file: "mydl/layers/pool.py",
    forward: ({ rows, columns }) => `y_{p,q,c} = max_{i,j} x_{${rows},${columns},c}`,
    dx: () => "dx_{r,s,c} = sum_{p,q} dy_{p,q,c} · [ ( r , s ) won ]",
  },
  avgpool2d: {
    name: "average pooling", short: "avg pool", file: "mydl/layers/avgpool.py",
    forward: ({ rows, columns }) => `y_{p,q,c} = frac{1}{n} sum_{i,j} x_{${rows},${columns},c}`,
    dx: () => "dx_{r,s,c} = sum_{p,q} frac{1}{n} dy_{p,q,c}",
  },
  globalavgpool2d: {
    name: "global average pooling", short: "mean", file: "mydl/layers/avgpool.py",
    forward: () => "y_c = frac{1}{HW} sum_{r,s} x_{r,s,c}",
    dx: () => "dx_{r,s,c} = frac{1}{HW} dy_c",
  },
  batchnorm2d: {
    name: "batch normalisation", short: "norm", file: "mydl/layers/batchnorm.py",
    forward: () => "y_{p,q,c} = γ_c · frac{x_{p,q,c} - μ_c}{sqrt{σ^2_c + ε}} + β_c",
    dx: () => "dx_{p,q,c} = frac{γ_c}{sqrt{σ^2_c + ε}} · dy_{p,q,c}",
    dw: () => "dγ_c = sum_{p,q} hat{x}_{p,q,c} · dy_{p,q,c}",
    db: () => "dβ_c = sum_{p,q} dy_{p,q,c}",
  },
  dropout: {
    name: "dropout", short: "dropout", file: "mydl/layers/dropout.py",
    forward: () => "y = x · mask",
    dx: () => "dx = dy · mask",
  },
  concat: {
    name: "concatenation", short: "concat", file: "mydl/layers/concat.py",
    forward: () => "y = [ x_0 , x_1 ]",
    dx: () => "[ dx_0 , dx_1 ] = dy",
  },
  add: {
    name: "bypass", short: "add", file: "mydl/layers/bypass.py",
    forward: () => "y = x_0 + x_1",
    dx: () => "dx_0 = dx_1 = dy",
  },
  flatten: {
    name: "flatten", short: "flatten", file: "mydl/layers/flatten.py",
    forward: () => "y_{(r · W + s) · C + c} = x_{r,s,c}",
    dx: () => "dx_{r,s,c} = dy_{(r · W + s) · C + c}",
  },
  softmax_cross_entropy: {
    name: "softmax and cross-entropy", short: "loss", file: "mydl/losses.py",
    forward: () => "loss = - log p_{label} ; p_k = frac{exp z_k}{sum_j exp z_j}",
    dx: () => "dz_k = p_k - y_k",
  },
};

/** What a layer is called below its picture: its own name if it has weights, else its kind's. */
export function shortNameOf({ path, kind, weight }) {
  const own = path.split(".").filter((part) => part !== "conv").at(-1);
  return weight !== undefined && /[a-z]/i.test(own) ? own : (LAYER_WORDS[kind]?.short ?? kind);
}

/** A layer's path without what says little, as in "fire3.squeeze". */
export function briefPath({ path }) {
  const parts = path.split(".").filter((part) => !["features", "classifier", "inner"].includes(part));
  return parts.join(".") || path;
}

/** The formulas of a pass through a layer, with its own stride and padding in them. */
export function formulasOf(layer, kind) {
  return LAYER_WORDS[layer.kind][kind](placesOf(layer)).split(" ; ");
}

/** Which row of x lies under row i of window p, and which i of window p lies over row r. */
function placesOf({ window, bias }) {
  if (!window) return {};
  const { kernel, stride, pads } = window;
  const isPoint = kernel[0] * kernel[1] === 1;
  const there = (p, i, axis) =>
    `${multiple(stride[axis], p)}${isPoint ? "" : ` + ${i}`}${minus(pads[axis][0])}`;
  const back = (r, p, axis) => `${r} - ${multiple(stride[axis], p)}${plus(pads[axis][0])}`;
  return {
    rows: there("p", "i", 0), columns: there("q", "j", 1),
    fromRow: back("r", "p", 0), fromColumn: back("s", "q", 1),
    over: isPoint ? "" : "i,j,", at: isPoint ? "0,0" : "i,j",
    bias: bias === undefined ? "" : " + b_k",
  };
}

const multiple = (times, letter) => (times === 1 ? letter : `${times} ${letter}`);
const minus = (number) => (number ? ` - ${number}` : "");
const plus = (number) => (number ? ` + ${number}` : "");

/** What the numbers of an index count, for the boxes that one types them into. */
export function axesOf(model, { layer, kind, index }) {
  if (kind === "dw" && index.length === 4) {
    return ["row i", "column j", "channel c", "filter k"];
  }
  if (kind === "dw" && index.length === 2) return ["input i", "output k"];
  if (kind === "dw" || (kind === "db" && layer.kind === "batchnorm2d")) return ["channel c"];
  if (kind === "db") return [layer.kind === "conv2d" ? "filter k" : "output k"];
  if (index.length === 3) return ["row", "column", "channel"];
  if (layer.kind === "softmax_cross_entropy") return index.length ? ["class k"] : [];
  return index.map(() => "number");
}

/** The letters that stand for the array of a selection. */
export function lettersOf({ layer, kind }) {
  if (layer.kind === "softmax_cross_entropy") return kind === "forward" ? "loss" : "dz";
  if (kind === "forward") return "y";
  if (layer.kind === "batchnorm2d") return { dx: "dx", dw: "dγ", db: "dβ" }[kind];
  return kind;
}

/** What a kind of gradient is the gradient of. */
export const KIND_NAMES = { dx: "of the input", dw: "of the weight", db: "of the bias" };
