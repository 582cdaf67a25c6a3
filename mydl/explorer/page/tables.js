/**
 * Tables: the terms of a sum with their numbers, and the subtotals of its groups.
 */

import { addressOf, gradientOfCell, kindsOf, madeBy } from "./address.js";
import { element } from "./dom.js";
import { paintCell } from "./maps.js";
import { longNumber, shortNumber } from "./numbers.js";

/**
 * What tables need to know beside the terms.
 *
 * @typedef {object} Looks
 * @property {Model} model
 * @property {number} x the scale of colours of the first factors; `w` and `product` too.
 */

/** One group as a table. */
export function groupTable(looks, group) {
  if (group.layout === "grid") return gridTables(looks, group);
  return group.layout === "row" ? rowTable(looks, group) : listTable(looks, group);
}

// ---- cells -------------------------------------------------------------------------------------

/** The first factor of a term, with a link to where it comes from. */
function firstFactor({ model, x }, term) {
  const { from, of, at } = term;
  const isData = of === "data" || of === "normalised" || of === "surprise";
  const there = at && (isData ? madeBy(model, from, at) : of === "grad" && gradientOfCell(model, from, at));
  const name = term.label.split(" × ")[0];
  return numberCell(term.x, x, name, there, at ? "" : "padding");
}

/** The second factor, with a link to the gradient of the weight. */
function secondFactor({ model, w }, term) {
  const { wOf, wAt } = term;
  const layer = model.layers[term.layer];
  let there = null;
  if (wOf === "grad") there = gradientOfCell(model, layer.output, wAt);
  if (wOf === "weight" && kindsOf(model, layer).includes("dw")) {
    there = { mode: "b", layer, kind: "dw", slot: 0, index: wAt };
  }
  const cell = numberCell(term.w, w, term.label.split(" × ")[1], there);
  if (!wOf) cell.removeAttribute("style"); // a constant is no part of what was learnt
  return cell;
}

/** The product; what was decided in a term is said in a word, not by colour alone. */
function productCell({ product }, term) {
  const { winner, passes } = term;
  const word = winner ? "won" : winner === false ? "lost" : passes ? "passes" : passes === false ? "cut" : "";
  const cell = numberCell(term.product, product, term.label, null, word);
  if (word) cell.append(element("small", {}, word));
  return cell;
}

function numberCell(number, scale, name, there, className = "") {
  const text = shortNumber(number);
  const title = `${name} = ${longNumber(number)}`;
  const inside = there ? element("a", { href: addressOf(there), title }, text) : element("span", { title }, text);
  return paintCell(element("td", { class: className || null }, inside), className === "padding" ? 0 : number, scale);
}

// ---- layouts -----------------------------------------------------------------------------------

/** Three grids: the first factors, the second ones, the products. */
function gridTables(looks, group) {
  const { terms, place, name, subtotal } = group;
  const places = terms.map(place);
  const rows = 1 + Math.max(...places.map(([row]) => row));
  const columns = 1 + Math.max(...places.map(([, column]) => column));
  const grid = (title, cellOfTerm) => {
    const cells = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => element("td", { class: "none" })),
    );
    terms.forEach((term, at) => {
      const [row, column] = places[at];
      cells[row][column] = cellOfTerm(looks, term);
    });
    return element("table", { class: "grid" },
      element("caption", {}, title),
      cells.map((row) => element("tr", {}, row)));
  };
  const [first, second] = factorNames(looks, terms[0]);
  return element("section", { class: "part" },
    name && element("h4", {}, name),
    element("div", { class: "equation" },
      grid(first, firstFactor),
      element("span", {}, sign("×"), grid(second, secondFactor)),
      element("span", {}, sign("="), grid("products", productCell)),
      element("span", { class: "subtotal" }, sign("Σ"), " ", shortNumber(subtotal))));
}

const sign = (text) => element("span", { class: "sign" }, text);

/** What the two factors of a term are, in words. */
function factorNames({ model }, { of, at, wOf, label, layer }) {
  const [first, second] = label.split(" × ").map((name) => name.replace(/\[.*/, ""));
  const letters = first === "padding" ? "x" : first;
  if (wOf === "weight") return [letters, of === "grad" && at.length === 3 ? "w, as it met x" : "w"];
  if (wOf === "grad") return [letters, second];
  const { kind } = model.layers[layer] ?? {};
  return [letters, kind === "maxpool2d" ? "won?" : "share"];
}

/** One line for each term. */
function listTable(looks, { name, terms, subtotal }) {
  const size = terms.length === 1 ? "lists single" : "lists";
  const half = terms.length > 8 ? Math.ceil(terms.length / 2) : terms.length;
  const table = (some) =>
    element("table", { class: "list" },
      element("tbody", {}, some.map((term) => {
        const [first, second] = term.label.split(" × ");
        const isPlain = second === String(term.w); // the number says it already
        return element("tr", {},
          element("th", { scope: "row" }, first), firstFactor(looks, term), element("td", { class: "sign" }, "×"),
          element("th", {}, isPlain ? "" : second), secondFactor(looks, term), element("td", { class: "sign" }, "="),
          productCell(looks, term));
      })));
  return element("section", { class: "part" },
    name && element("h4", {}, name),
    element("div", { class: size }, table(terms.slice(0, half)), terms.length > half && table(terms.slice(half))),
    terms.length > 1 && element("p", { class: "subtotal" }, sign("Σ"), " ", shortNumber(subtotal)));
}

/** A piece of a row of the matrix of im2col above the column of weights that it meets. */
function rowTable(looks, { name, terms, subtotal }) {
  const line = (title, cell) => element("tr", {}, element("th", { scope: "row" }, title), terms.map(cell));
  return element("section", { class: "part" },
    element("h4", {}, name),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "a row of im2col" },
      element("table", { class: "row" },
        line("i, j, c", ({ wAt }) => element("td", { class: "place" }, wAt.slice(0, 3).join(","))),
        line("row", (term) => firstFactor(looks, term)),
        line("weights", (term) => secondFactor(looks, term)),
        line("products", (term) => productCell(looks, term)))),
    element("p", { class: "subtotal" }, sign("Σ"), " ", shortNumber(subtotal)));
}

// ---- subtotals ---------------------------------------------------------------------------------

/**
 * The subtotals of all groups as a list of buttons, the bias, and the sum.
 *
 * @param {Looks} looks
 * @param {Group[][]} pages
 * @param {number} current the page that is shown.
 * @param {Sum} sum
 * @param {(page: number) => void} onPage
 */
export function subtotalList(looks, pages, current, sum, onPage) {
  const groups = pages.flatMap((page, number) => page.map((group) => ({ ...group, number })));
  if (groups.length < 2 && sum.bias === undefined) return null;
  const scale = Math.max(...groups.map(({ subtotal }) => Math.abs(subtotal)), Math.abs(sum.bias ?? 0));
  const layers = [...new Set(groups.map(({ layer }) => layer))];
  const parts = layers.map((layer) => {
    const own = groups.filter((group) => group.layer === layer);
    const subtotal = own.reduce((total, group) => total + group.subtotal, 0);
    return element("div", { class: "way" },
      layers.length > 1 && element("h4", {}, `through ${looks.model.layers[layer].path}: ${shortNumber(subtotal)}`),
      element("div", { class: "chips" }, own.map((group) => chip(group, scale, group.number === current, onPage))));
  });
  return element("section", { class: "subtotals", "aria-label": "subtotals" },
    element("h3", {}, groups.length > 1 ? "All parts of the sum" : "The sum"),
    groups.length > 1 && parts,
    element("p", { class: "total" },
      groups.length > 1 ? "Σ of the parts" : "Σ of the terms",
      sum.bias !== undefined &&
        [" ", shortNumber(sum.sum - sum.bias), " + ", looks.biasName, " ", element("b", {}, shortNumber(sum.bias))],
      " = ", element("b", {}, shortNumber(sum.sum))));
}

function chip({ short, name, subtotal, number }, scale, current, onPage) {
  return paintCell(
    element("button", {
      type: "button", class: "chip", "data-key": `part ${short} ${number}`,
      "aria-pressed": String(current), title: `${name}: ${longNumber(subtotal)}`,
      onclick: () => onPage(number),
    }, element("small", {}, short || "terms"), shortNumber(subtotal)),
    subtotal, scale);
}

/** Buttons to the page before and behind. */
export function pager(pages, current, onPage) {
  if (pages.length < 2) return null;
  const button = (text, label, page) =>
    element("button", {
      type: "button", "data-key": label, "aria-label": label, disabled: page < 0 || page >= pages.length,
      onclick: () => onPage(page),
    }, text);
  return element("nav", { class: "pager", "aria-label": "parts of the sum" },
    button("◂", "part before", current - 1),
    element("span", {}, `part ${current + 1} of ${pages.length}`),
    button("▸", "next part", current + 1));
}
