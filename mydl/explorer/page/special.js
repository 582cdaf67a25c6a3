/**
 * Views of what is more than a sum: softmax, the windows that compete for a maximum, and the
 * constants of batch normalisation.
 */

import { addressOf } from "./address.js";
import { element } from "./dom.js";
import { LargeMap, paintCell } from "./maps.js";
import { arrayOf, cellOf, dataOf, gradOf, isInside } from "./model.js";
import { longNumber, percentText, scaleOfArray, shortNumber } from "./numbers.js";
import { windowCells, windowsOver, winnerOf } from "./windows.js";

const CLASSES_SHOWN = 12;

/**
 * Softmax and cross-entropy as a table of the classes: output z, probability p, what it should
 * be, y, and the gradient p - y.
 */
export function softmaxTable(model, { layer, kind, index }) {
  const z = dataOf(model, layer.inputs[0]).data;
  const dz = gradOf(model, layer.inputs[0]).data;
  const p = arrayOf(model, layer, "probabilities").data;
  const chosen = kind === "dx" ? index[0] : model.label;
  const largest = z.reduce((a, b) => Math.max(a, b));
  const power = Array.from(z, (each) => Math.exp(each - largest));
  const total = power.reduce((a, b) => a + b, 0);
  const rows = classesToShow(p, [chosen, model.label]);
  const largestOf = (array) => Math.max(...rows.map((k) => Math.abs(array[k])));
  const scales = { z: largestOf(z), dz: largestOf(dz) };
  const left = p.length - rows.length;
  return element("section", { class: "part" },
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "softmax" },
      element("table", { class: "softmax" },
        element("thead", {}, element("tr", {},
          ["class", "z", "exp(z − max z)", "p", "y", "p − y"].map((name) =>
            element("th", { scope: "col", class: name.startsWith("exp") ? "power" : null }, name)))),
        element("tbody", {}, rows.map((k) => {
          const right = k === model.label;
          return element("tr", { class: k === chosen ? "chosen" : null },
            element("th", { scope: "row" }, className(model, k), right && element("small", {}, " right")),
            paintCell(element("td", {}, shortNumber(z[k])), z[k], scales.z),
            element("td", { class: "power" }, shortNumber(power[k])),
            element("td", { class: "bar" }, bar(p[k]), percentText(p[k])),
            element("td", {}, right ? "1" : "0"),
            paintCell(element("td", {}, element("a", {
              href: addressOf({ mode: "b", layer, kind: "dx", slot: 0, index: [k] }),
              title: longNumber(dz[k]),
            }, shortNumber(dz[k]))), dz[k], scales.dz));
        })),
        element("tfoot", {}, element("tr", {},
          element("th", { scope: "row" }, "sum of all"), element("td"), element("td", { class: "power" }, shortNumber(total)),
          element("td", {}, "100 %"), element("td", {}, "1"), element("td", {}, "0"))))),
    left > 0 && element("p", { class: "soft" }, `${left} classes of lower probability are not shown; type the number of one above.`));
}

/** The classes in their order if there are few, else the likeliest, and those that must be there. */
function classesToShow(p, needed) {
  const all = Array.from(p, (_, k) => k);
  if (all.length <= CLASSES_SHOWN) return all;
  const likeliest = all.toSorted((a, b) => p[b] - p[a]).slice(0, CLASSES_SHOWN);
  return [...new Set([...likeliest, ...needed])];
}

const className = (model, k) => {
  const name = model.classes[k] ?? "";
  return name === String(k) || name === "" ? String(k) : `${k} ${name}`;
};

function bar(share) {
  const node = element("span", { "aria-hidden": "true" });
  node.style.width = `${100 * share}%`;
  return node;
}

/** Backwards through max pooling: every window over the cell, with its numbers and its winner. */
export function competingWindows(model, { layer, slot, index: [row, column, c] }) {
  const x = dataOf(model, layer.inputs[slot]);
  const dy = gradOf(model, layer.output);
  const scale = scaleOfArray(x.data);
  const windows = windowsOver(layer.window, dy.shape, [row, column]);
  if (windows.length === 0) return null;
  return element("section", { class: "part" },
    element("h4", {}, "Who won each window: x, forwards"),
    element("div", { class: "equation windows" }, windows.map(({ p, q }) => {
      const winner = winnerOf(x, layer.window, [p, q, c]);
      const cells = windowCells(layer.window, x.shape, [p, q]).map(({ i, j, row: r, column: s }) => {
        const inside = isInside(x.shape, [r, s, c]);
        const number = inside ? cellOf(x, [r, s, c]) : -Infinity;
        const here = r === row && s === column;
        const won = i === winner.i && j === winner.j;
        const names = [here && "here", won && "winner", !inside && "padding"].filter(Boolean).join(" ");
        const cell = element("td", { class: names || null, title: `x[${r}, ${s}, ${c}]${won ? ", the winner" : ""}` },
          inside ? shortNumber(number) : "", won && element("small", {}, "won"));
        return paintCell(cell, inside ? number : 0, scale);
      });
      const wide = layer.window.kernel[1];
      const lines = Array.from({ length: layer.window.kernel[0] }, (_, line) =>
        element("tr", {}, cells.slice(line * wide, (line + 1) * wide)));
      return element("table", { class: "grid" },
        element("caption", {}, `y[${p}, ${q}]: dy ${shortNumber(cellOf(dy, [p, q, c]))}`), lines);
    })),
    element("p", { class: "soft" }, "The framed cell is the one whose gradient this is. Of equal numbers the first wins."));
}

/** What batch normalisation does to one channel. */
export function normConstants(model, { layer, index }) {
  const c = [index.at(-1)];
  const names = { weight: "γ (weight)", bias: "β (bias)", mean: "μ (mean)", var: "σ² (variance)",
    scale: "scale = γ / √(σ² + ε)", shift: "shift = β − μ · scale" };
  return element("section", { class: "part" },
    element("h4", {}, `The numbers of channel ${c[0]}`),
    element("dl", { class: "constants" }, Object.entries(names).map(([name, text]) => {
      const array = arrayOf(model, layer, name);
      return array && element("div", {}, element("dt", {}, text), element("dd", {}, shortNumber(cellOf(array, c))));
    })));
}

/**
 * The products of a sum over all pixels, as a map: where a weight's gradient comes from.
 *
 * @param {Term[]} terms of all pixels.
 * @param {Term[]} shown those that are open.
 * @param {(pixel: number[]) => void} onPick
 * @returns {HTMLElement | null} null where the sum is short enough to be seen at once.
 */
export function productMap(terms, shown, onPick) {
  const pixelOf = ({ wOf, at, wAt }) => (wOf === "grad" ? wAt : at).slice(0, 2);
  const last = pixelOf(terms.at(-1));
  if (terms.length === shown.length || last.length < 2) return null;
  const [rows, columns] = last.map((each) => each + 1);
  const tensor = { shape: [rows, columns], data: terms.map(({ product }) => product) };
  const planes = {
    tensor, count: 1, rows, columns,
    indexOf: (plane, row, column) => [row, column],
    positionAt: (plane, row, column) => row * columns + column,
    placeOfIndex: ([row, column]) => ({ plane: 0, row, column }),
  };
  const map = new LargeMap({ onPick, onPlane: () => {} });
  const section = element("section", { class: "part products" },
    element("h4", {}, "The product at each pixel"), map.node);
  map.update({
    planes, plane: 0, scale: scaleOfArray(tensor.data), name: "product", pickable: true,
    read: shown.map(pixelOf), hint: "outlined: the terms shown below",
    label: `the products of all ${terms.length} pixels`,
  });
  return section;
}
