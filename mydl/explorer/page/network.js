/**
 * The network as a row of layers: each a small picture of its maps, those of a fire module
 * together, with its branches one above the other.
 */

import { element } from "./dom.js";
import { drawPicture, drawPlane, sizeCanvas } from "./maps.js";
import { dataOf, gradOf, producerOf, valueOf } from "./model.js";
import { scaleOfArray, shapeText } from "./numbers.js";
import { planesOfValue } from "./planes.js";
import { shortNameOf } from "./words.js";

const SIDE = 40; // of a picture, in pixels

export class NetworkRow {
  /**
   * @param {HTMLElement} container
   * @param {Model} model
   * @param {(layer: Layer) => void} onPick
   */
  constructor(container, model, onPick) {
    this.container = container;
    this.model = model;
    this.tiles = new Map();
    this.seen = new IntersectionObserver((entries) => this.drawSeen(entries), { rootMargin: "200px" });
    const groups = groupsOfLayers(model.layers);
    const image = { path: "image", output: model.layers[0].inputs[0], kind: "image" };
    const first = this.tileOf(image, () => onPick(model.layers[0]));
    container.replaceChildren(
      element("div", { class: "group" }, element("div", { class: "tiles" }, first)),
      ...groups.map((group) => this.groupOf(group, onPick)));
  }

  groupOf({ name, layers }, onPick) {
    const places = placesIn(layers, this.model);
    const tiles = layers.map((layer) => {
      const { column, lane, span } = places.get(layer);
      const tile = this.tileOf(layer, onPick);
      tile.style.gridColumn = column + 1;
      tile.style.gridRow = `${lane + 1} / span ${span}`;
      return tile;
    });
    const bypass = layers.some(({ kind }) => kind === "add") ? " with bypass" : "";
    const title = name && name.split(".").at(-1) + bypass;
    return element("div", { class: name ? "group named" : "group", role: "group", "aria-label": name ?? "layers" },
      title && element("h3", {}, title), element("div", { class: "tiles" }, tiles));
  }

  tileOf(layer, onPick) {
    const canvas = element("canvas", { "aria-hidden": "true" });
    canvas.style.width = canvas.style.height = `${SIDE}px`;
    const shape = valueOf(this.model, layer.output).shape;
    const tile = element("button", {
      type: "button", class: "tile", "data-key": layer.path, "data-kind": layer.kind, tabindex: -1,
      title: layer.path, "aria-label": `${layer.path}, ${shapeText(shape)}`,
      onclick: () => onPick(layer),
    }, canvas, element("b", {}, shortNameOf(layer)), element("small", {}, shape.join("×") || "1"));
    this.tiles.set(layer.path, { tile, canvas, layer });
    this.seen.observe(tile);
    return tile;
  }

  /** Show activations or gradients, and mark a layer as the one that is looked at. */
  update(mode, layer) {
    if (mode !== this.mode) {
      this.mode = mode;
      this.redraw();
    }
    const hadFocus = this.container.contains(document.activeElement);
    for (const { tile, layer: each } of this.tiles.values()) {
      const current = each === layer;
      tile.toggleAttribute("aria-current", current);
      if (current) tile.setAttribute("aria-current", "true");
      tile.tabIndex = current ? 0 : -1;
    }
    const { tile } = this.tiles.get(layer.path);
    if (hadFocus) tile.focus({ preventScroll: true });
    this.reveal(tile);
  }

  /** Scroll the row, and nothing else, until a tile is in its middle. */
  reveal(tile) {
    const [box, inside] = [this.container.getBoundingClientRect(), tile.getBoundingClientRect()];
    this.container.scrollBy({
      left: inside.left + inside.width / 2 - box.left - box.width / 2,
      top: inside.top + inside.height / 2 - box.top - box.height / 2,
    });
  }

  /** Draw everything again when it is next seen, in other colours or another mode. */
  redraw() {
    for (const { tile } of this.tiles.values()) {
      this.seen.unobserve(tile);
      this.seen.observe(tile);
    }
  }

  drawSeen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.seen.unobserve(target);
      this.draw(this.tiles.get(target.dataset.key));
    }
  }

  draw({ canvas, layer }) {
    if (layer.kind === "image" && this.mode === "f") {
      drawPicture(sizeCanvas(canvas, SIDE, SIDE), this.model.tensors[this.model.image.array], SIDE);
      return;
    }
    const tensor = (this.mode === "b" ? gradOf : dataOf)(this.model, layer.output);
    const planes = planesOfValue(tensor);
    const scale = scaleOfArray(tensor.data);
    const context = sizeCanvas(canvas, SIDE, SIDE);
    const across = planes.count > 1 ? 2 : 1;
    const part = (SIDE - (across - 1) * 2) / across;
    strongest(planes, across * across).forEach((plane, at) => {
      const [x, y] = [(at % across) * (part + 2), Math.floor(at / across) * (part + 2)];
      drawPlane(context, planes, plane, scale, fitted(planes, x, y, part));
    });
  }
}

/** The planes with the largest numbers, so many of them, in their order. */
function strongest({ tensor: { data }, count }, many) {
  if (count <= many) return Array.from({ length: count }, (_, plane) => plane);
  const sizes = new Float64Array(count);
  for (let at = 0; at < data.length; at += 1) sizes[at % count] += Math.abs(data[at]);
  const order = Array.from(sizes, (_, plane) => plane).sort((a, b) => sizes[b] - sizes[a]);
  return order.slice(0, many).sort((a, b) => a - b);
}

/** A plane's rectangle in a square, without distortion. */
function fitted({ rows, columns }, x, y, side) {
  const size = side / Math.max(rows, columns);
  const [width, height] = [columns * size, rows * size];
  return [x + (side - width) / 2, y + (side - height) / 2, width, height];
}

/** Neighbours that belong together. */
function groupsOfLayers(layers) {
  const groups = [];
  for (const layer of layers) {
    const name = layer.group ?? null;
    if (groups.length === 0 || groups.at(-1).name !== name) groups.push({ name, layers: [] });
    groups.at(-1).layers.push(layer);
  }
  return groups;
}

/**
 * For each layer of a group, its column, the branch (lane) it lies in, and how many branches it
 * stands before: those that it joins, or that its only reader of the group has joined.
 */
function placesIn(layers, model) {
  const places = new Map();
  const goesOn = new Set(); // layers whose branch already has a next one
  let lanes = 0;
  for (const layer of layers) {
    const producers = layer.inputs.map((id) => producerOf(model, id));
    const before = producers.filter((one) => places.has(one));
    const own = before.map((one) => places.get(one));
    const column = 1 + Math.max(-1, ...own.map((place) => place.column));
    let [lane, end] = [lanes, lanes + 1]; // a branch of its own
    if (before.length > 1 || (before.length === 1 && !goesOn.has(before[0]))) {
      lane = Math.min(...own.map((place) => place.lane));
      end = Math.max(...own.map((place) => place.lane + place.span));
    }
    lanes = Math.max(lanes, end);
    for (const one of before) goesOn.add(one);
    places.set(layer, { column, lane, span: end - lane });
  }
  return places;
}
