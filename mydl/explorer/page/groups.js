/**
 * Groups: a long sum in parts that can be looked at, each with its subtotal.
 *
 * @typedef {object} Group
 * @property {string} name such as "channel 5".
 * @property {string} short the same where there is little room.
 * @property {number} layer number of the layer that its terms go through.
 * @property {Term[]} terms
 * @property {number} subtotal
 * @property {"grid" | "list" | "row"} layout
 * @property {(term: Term, at: number) => number[]} [place] in a grid, row and column of a term.
 * @property {string} [rowName] in a grid, what counts the rows and the columns; `columnName` too.
 */

const IN_A_LIST = 16; // terms of a list
const IN_A_ROW = 32;
const GRID_SIDE = 6; // rows and columns of the largest grid

/** The orders that the terms of a selection can be in: a name for each. */
export function ordersOf({ layer, kind }) {
  if (layer.kind !== "conv2d" || kind !== "forward") return [];
  return [["channel", "by channel"], ["im2col", "as the row of im2col"]];
}

/**
 * The terms of a sum in groups.
 *
 * @param {Model} model
 * @param {{layer: Layer, kind: string, index: number[]}} selection
 * @param {Term[]} terms
 * @param {string} order one of `ordersOf`.
 * @returns {Group[]}
 */
export function groupTerms(model, selection, terms, order) {
  const own = (part) => part[0].layer === selection.layer.number;
  const byLayer = partsBy(terms, (term) => term.layer).sort((a, b) => own(b) - own(a));
  return byLayer.flatMap((part) => {
    const layer = model.layers[part[0].layer] ?? selection.layer;
    return groupsOfLayer(layer, selection, part, order).map((group) => ({
      layer: layer.number,
      subtotal: group.terms.reduce((sum, { product }) => sum + product, 0),
      ...group,
    }));
  });
}

/** Groups in pages: as many as can be read side by side. */
export function pagesOf(groups) {
  const pages = [];
  for (const group of groups) {
    const page = pages.at(-1);
    const goesOn = page && page.length < 3 && page[0].layer === group.layer;
    if (goesOn && isSmall(group) && isSmall(page[0])) page.push(group);
    else pages.push([group]);
  }
  return pages;
}

const isSmall = ({ layout, terms }) => layout === "grid" && terms.length <= 9;

function groupsOfLayer(layer, { kind }, terms, order) {
  if (kind === "dw" || kind === "db") return pixelGroups(terms, kind === "dw" ? "wAt" : "at");
  if (layer.kind === "conv2d" && kind === "forward") return convolutionGroups(layer, terms, order);
  if (layer.kind === "conv2d") return gradientGroups(terms);
  if (layer.kind === "linear") return listGroups(terms, kind === "forward" ? "input" : "output", "at");
  if (layer.kind === "globalavgpool2d" && kind === "forward") return pixelGroups(terms, "at");
  if (layer.window && kind === "forward") return [windowGroup(layer, terms)];
  if (layer.window) return [outputGrid(terms, "the windows over this cell", "windows")];
  return [{ name: "", short: "", layout: "list", terms }];
}

/** Forwards through a convolution: by input channel, or in the order of im2col. */
function convolutionGroups({ window: { kernel } }, terms, order) {
  if (order === "im2col") {
    return partsBy(terms, ({ wAt }) => `${wAt[0]},${wAt[1]}`).flatMap((part) =>
      chunks(part, IN_A_ROW).map((some) => {
        const [i, j] = some[0].wAt;
        const channels = rangeText(some[0].wAt[2], some.at(-1).wAt[2]);
        return { name: `window ${i}, ${j}: channel ${channels}`, short: `${i},${j}: ${channels}`,
          layout: "row", terms: some };
      }),
    );
  }
  if (kernel[0] * kernel[1] === 1) return listGroups(terms, "channel", "wAt", 2);
  return partsBy(terms, ({ wAt }) => wAt[2]).map((part) => ({
    name: `channel ${part[0].wAt[2]}`, short: `c ${part[0].wAt[2]}`, layout: "grid", terms: part,
    place: ({ wAt }) => [wAt[0], wAt[1]], rowName: "i", columnName: "j",
  }));
}

/** Backwards through a convolution: by channel of dy. */
function gradientGroups(terms) {
  const byFilter = partsBy(terms, ({ at }) => at[2]);
  if (byFilter[0].length === 1) return listGroups(terms, "filter", "at", 2);
  return byFilter.map((part) => {
    const k = part[0].at[2];
    return outputGrid(part, `filter ${k}`, `k ${k}`);
  });
}

/** Terms as a grid of the output's pixels. */
function outputGrid(terms, name, short) {
  const [p, q] = terms.length ? terms[0].at : [0, 0];
  return { name, short, layout: "grid", terms, place: ({ at }) => [at[0] - p, at[1] - q],
    rowName: "p", columnName: "q", first: [p, q] };
}

/** What a window of a pooling layer reads. */
function windowGroup({ window: { kernel } }, terms) {
  const whole = terms.length === kernel[0] * kernel[1];
  const [row, column] = terms[0].at ?? [0, 0];
  const place = whole
    ? (_, at) => [Math.floor(at / kernel[1]), at % kernel[1]]
    : ({ at }) => [at[0] - row, at[1] - column];
  return { name: "the window", short: "window", layout: "grid", terms, place, rowName: "i",
    columnName: "j" };
}

/** A sum over all pixels: one grid if there are few, else row by row. */
function pixelGroups(terms, key) {
  if (terms.length === 1 || terms[0][key].length < 2) {
    return [{ name: "", short: "", layout: "list", terms }];
  }
  const [rows, columns] = [0, 1].map((axis) => 1 + Math.max(...terms.map((term) => term[key][axis])));
  if (rows <= GRID_SIDE && columns <= GRID_SIDE) {
    return [{ name: "all pixels", short: "all", layout: "grid", terms,
      place: (term) => [term[key][0], term[key][1]], rowName: "p", columnName: "q" }];
  }
  return partsBy(terms, (term) => term[key][0]).flatMap((part) =>
    chunks(part, IN_A_ROW).map((some) => {
      const row = some[0][key][0];
      const columnsHere = rangeText(some[0][key][1], some.at(-1)[key][1]);
      const name = `row ${row}`;
      const more = some.length < part.length ? `, ${columnsHere}` : "";
      return { name: name + more, short: `p ${row}${more}`, layout: "list", terms: some };
    }),
  );
}

/** Terms in lists that can be read, named by one number of the index. */
function listGroups(terms, what, key, axis = 0) {
  return chunks(terms, IN_A_LIST).map((some) => {
    const range = rangeText(some[0][key][axis], some.at(-1)[key][axis]);
    return { name: `${what} ${range}`, short: range, layout: "list", terms: some };
  });
}

const rangeText = (from, to) => (from === to ? `${from}` : `${from}–${to}`);

/** A list in parts of a size. */
function chunks(list, size) {
  const parts = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
}

/** A list in parts that have the same key, in the order of their first members. */
function partsBy(list, keyOf) {
  const parts = new Map();
  for (const each of list) {
    const key = keyOf(each);
    if (!parts.has(key)) parts.set(key, []);
    parts.get(key).push(each);
  }
  return [...parts.values()];
}
