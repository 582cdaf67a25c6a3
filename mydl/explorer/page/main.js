/**
 * The page: what is looked at, and what is done when a key or a button is pressed.
 *
 * What is looked at stands in the address behind "#" and nowhere else, so that "back" goes back
 * and a link leads to a cell. Only which part of a long sum is open is kept here.
 */

import { addressOf, goTo, kindsOf, otherMode, selectionAt, sumOf } from "./address.js";
import { showChecks, showHeading } from "./detail.js";
import { byId, element, replaceInside } from "./dom.js";
import { groupTerms, ordersOf, pagesOf } from "./groups.js";
import { drawPicture, sizeCanvas } from "./maps.js";
import { arrayOf, readModel } from "./model.js";
import { NetworkRow } from "./network.js";
import { onSchemeChange, percentText, scaleOfArray, shortNumber } from "./numbers.js";
import { im2colText } from "./sentences.js";
import { competingWindows, normConstants, productMap, softmaxTable } from "./special.js";
import { sideOfResult, Stage } from "./stage.js";
import { groupTable, pager, subtotalList } from "./tables.js";
import { briefPath } from "./words.js";

const model = readModel(JSON.parse(byId("data").textContent));
let selection; // what is looked at
let sum; // its number and terms
let order = "channel"; // of the terms of a convolution
let pages = []; // of the groups of terms
let page = 0; // which of them is open

const stage = new Stage(model, { onCell: chooseCell, onChannel: chooseChannel });
const row = new NetworkRow(byId("network"), model, (layer) => show(goTo(model, selection, layer)));

// ---- going somewhere ---------------------------------------------------------------------------

/** Go to a cell. A small move replaces the entry in the browser's history. */
function show(next, { small = false } = {}) {
  const address = addressOf(next);
  if (small) history.replaceState(null, "", address);
  else if (address !== location.hash) history.pushState(null, "", address);
  open(address);
}

/** Show what an address stands for. */
function open(address) {
  byId("message").hidden = true;
  try {
    selection = selectionAt(model, address);
  } catch (error) {
    if (address !== "") say(error.message);
    selection ??= selectionAt(model, `#b/${model.layers.at(-1).path}/dx/${model.label}`);
  }
  sum = sumOf(model, selection);
  regroup();
  render();
}

/** Cut the terms into groups, and open the part that weighs most. */
function regroup() {
  const orders = ordersOf(selection).map(([name]) => name);
  const groups = groupTerms(model, selection, sum.terms, orders.includes(order) ? order : orders[0]);
  pages = pagesOf(groups);
  const own = ({ layer }) => layer === selection.layer.number;
  const weight = (groupsOfPage) =>
    Math.max(...groupsOfPage.map((group) => (own(group) ? Math.abs(group.subtotal) : -1)));
  page = pages.reduce((best, each, at) => (weight(each) > weight(pages[best]) ? at : best), 0);
}

function say(text) {
  byId("message").textContent = text;
  byId("message").hidden = false;
}

function chooseCell(side, index) {
  if (side === sideOfResult(selection)) show({ ...selection, index }, { small: true });
}

/** Another channel: of the cell that is looked at, or of the terms that are shown. */
function chooseChannel(side, plane) {
  const { layer, kind, index } = selection;
  if (side === sideOfResult(selection)) {
    const next = [...index];
    next[index.length === 4 ? 2 : next.length - 1] = plane;
    show({ ...selection, index: next }, { small: true });
    return;
  }
  if (kind === "dw" && layer.kind === "conv2d") {
    const axis = side === "input" ? 2 : 3;
    show({ ...selection, index: index.map((old, at) => (at === axis ? plane : old)) }, { small: true });
    return;
  }
  const part = pages.findIndex((groups) => groups.some(({ terms }) => terms.some((term) => touches(term, side, plane))));
  if (part >= 0) openPart(part);
}

/** Whether a term reads a channel of a side. */
function touches({ at, wAt }, side, plane) {
  if (side === "weight") return wAt?.[2] === plane;
  return at?.[2] === plane;
}

function openPart(number) {
  if (number < 0 || number >= pages.length) return;
  page = number;
  render();
}

/** Open the part of a sum over pixels that one of them is in. */
function openPixel(pixel) {
  const isThere = ({ wOf, at, wAt }) => pixel.every((each, axis) => each === (wOf === "grad" ? wAt : at)[axis]);
  openPart(pages.findIndex((groups) => groups.some(({ terms }) => terms.some(isThere))));
}

/** The layer so many places to the right of this one. */
function neighbour(places) {
  return model.layers[selection.layer.number + places];
}

function step(places) {
  const layer = neighbour(places);
  if (layer) show(goTo(model, selection, layer));
}

function setMode(mode) {
  if (mode !== selection.mode) show(otherMode(model, selection));
}

function setKind(kind) {
  if (selection.mode === "b" && kindsOf(model, selection.layer).includes(kind)) {
    show(selectionAt(model, `#b/${selection.layer.path}/${kind}`));
  }
}

// ---- showing it --------------------------------------------------------------------------------

function render() {
  const { mode, layer } = selection;
  document.body.dataset.mode = mode;
  byId("forward-mode").setAttribute("aria-pressed", String(mode === "f"));
  byId("backward-mode").setAttribute("aria-pressed", String(mode === "b"));
  row.update(mode, layer);
  byId("place").textContent = placeText();
  for (const [side, places] of [["left", -1], ["right", 1]]) {
    const other = neighbour(places);
    byId(`step-${side}`).disabled = !other;
    byId(`${side}-name`).textContent = other ? briefPath(other) : side === "left" ? "image" : "end";
  }
  const terms = (pages[page] ?? []).flatMap((group) => group.terms);
  const size = ({ product }) => Math.abs(product) || 0;
  terms.sort((a, b) => size(b) - size(a)); // of the maps, those are shown that weigh most
  stage.update(selection, terms);
  showHeading(model, selection, sum, (index) => show({ ...selection, index }, { small: true }));
  showChecks(model, selection, sum);
  showParts();
}

function placeText() {
  const { mode, layer } = selection;
  const count = model.layers.length;
  return mode === "f"
    ? `forward, step ${layer.number + 1} of ${count}`
    : `backward, step ${count - layer.number} of ${count}`;
}

/** The body of the detail: the terms, and whatever else belongs to the kind of layer. */
function showParts() {
  const { layer, kind } = selection;
  replaceInside(byId("orders"), ordersOf(selection).map(([name, text]) =>
    element("button", {
      type: "button", "data-key": name, "aria-pressed": String(name === order),
      onclick: () => {
        order = name;
        regroup();
        render();
      },
    }, text)));
  if (layer.kind === "softmax_cross_entropy") {
    replaceInside(byId("parts"), softmaxTable(model, selection));
    return;
  }
  const looks = looksOf(selection);
  const shown = pages[page] ?? [];
  const isOverPixels = kind === "dw" || kind === "db";
  const products = isOverPixels && productMap(sum.terms, shown.flatMap(({ terms }) => terms), openPixel);
  const subtotals = subtotalList(looks, pages, page, sum, openPart);
  replaceInside(byId("parts"),
    ordersOf(selection).length > 0 && order === "im2col" && element("p", {}, im2colText(model, selection)),
    pages.length > 1 && element("div", { class: "over" }, products, subtotals),
    pager(pages, page, openPart),
    element("div", { class: "groups" }, shown.map((group) => groupTable(looks, group))),
    pages.length < 2 && subtotals,
    layer.kind === "maxpool2d" && kind === "dx" && competingWindows(model, selection),
    layer.kind === "batchnorm2d" && normConstants(model, selection));
}

/** The scales of colours of the tables, which are those of the maps where there are any. */
function looksOf({ layer }) {
  const sizes = (name) => scaleOfArray(sum.terms.map((term) => term[name]).filter(Number.isFinite));
  return {
    model, x: sizes("x"), w: sizes("w"), product: sizes("product"),
    biasName: layer.kind === "batchnorm2d" ? "shift" : "bias",
  };
}

/** The picture, and what the network says it is. */
function showImage() {
  byId("title").textContent = model.title;
  document.title = model.title;
  const loss = model.layers.at(-1);
  const p = arrayOf(model, loss, "probabilities").data;
  const guess = p.indexOf(p.reduce((a, b) => Math.max(a, b)));
  const name = (k) => `“${model.classes[k]}”`;
  const verdict = guess === model.label
    ? `The network is right: ${name(guess)}, ${percentText(p[guess])}.`
    : `The network says ${name(guess)}, ${percentText(p[guess])}; right is ${name(model.label)}, ${percentText(p[model.label])}.`;
  byId("verdict").textContent = `${verdict} Loss ${shortNumber(model.loss)}.`;
  const canvas = byId("picture");
  drawPicture(sizeCanvas(canvas, 44, 44), model.tensors[model.image.array], 44);
  canvas.setAttribute("aria-label", `the image, of class ${model.classes[model.label]}`);
}

// ---- keys and buttons --------------------------------------------------------------------------

const KEYS = {
  f: () => setMode("f"),
  b: () => setMode("b"),
  n: () => step(selection.mode === "f" ? 1 : -1),
  p: () => step(selection.mode === "f" ? -1 : 1),
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  x: () => setKind("dx"),
  w: () => setKind("dw"),
  i: () => setKind("db"),
  ",": () => openPart(page - 1),
  ".": () => openPart(page + 1),
  d: () => selection.kind !== "forward" && byId("difference-button").click(),
  "?": () => byId("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const isTyping = target.closest("input, dialog, .scroll");
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping || !Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]();
});
byId("forward-mode").addEventListener("click", KEYS.f);
byId("backward-mode").addEventListener("click", KEYS.b);
byId("step-left").addEventListener("click", KEYS.ArrowLeft);
byId("step-right").addEventListener("click", KEYS.ArrowRight);
byId("help-button").addEventListener("click", KEYS["?"]);
byId("skip").addEventListener("click", () => byId("detail").focus());
window.addEventListener("hashchange", () => {
  open(location.hash);
  // Whoever followed a link from the keyboard goes on from the cell that it led to.
  if (document.activeElement === document.body) byId("detail").focus({ preventScroll: true });
});
onSchemeChange(() => {
  row.redraw();
  render();
});

showImage();
open(location.hash);
