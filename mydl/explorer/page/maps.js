/**
 * Maps: planes drawn on canvas, as one large map with its cells, or many small ones side by side.
 */

import { element } from "./dom.js";
import { bracketText, colourOf, cssColour, inkOn, shortNumber } from "./numbers.js";
import { numberAt } from "./planes.js";

const NUMBER_WIDTH = 38; // a cell of so many pixels holds a number
const LARGEST_CELL = 50;
const TALLEST_MAP = 300;

/** Draw one plane into a rectangle of a canvas. */
export function drawPlane(context, planes, plane, scale, rectangle) {
  const { rows, columns } = planes;
  const image = new ImageData(columns, rows);
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, at += 4) {
      const number = numberAt(planes, plane, row, column);
      if (number === undefined) continue;
      const colour = colourOf(number, scale);
      for (let part = 0; part < 3; part += 1) image.data[at + part] = colour[part];
      image.data[at + 3] = 255;
    }
  }
  context.imageSmoothingEnabled = false;
  context.drawImage(canvasOf(image), ...rectangle);
}

/** A canvas with an image on it, to be drawn elsewhere in another size. */
function canvasOf(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** Draw a picture of (H, W, 3) or (H, W, 1) numbers up to 255 into a square. */
export function drawPicture(context, { shape: [height, width, channels], data }, side) {
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at += 1) {
    for (let c = 0; c < 3; c += 1) image.data[4 * at + c] = data[at * channels + Math.min(c, channels - 1)];
    image.data[4 * at + 3] = 255;
  }
  const small = canvasOf(image);
  const size = side / Math.max(width, height);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, (side - width * size) / 2, (side - height * size) / 2, width * size, height * size);
}

/** Make a canvas sharp for a size in CSS pixels, and give its context in these pixels. */
export function sizeCanvas(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.scale(density, density);
  return context;
}

/** A colour of the page, such as "--ink". */
export const pageColour = (name) =>
  getComputedStyle(document.body).getPropertyValue(name).trim();

/**
 * One plane, large: cells can be pointed at, picked, and walked over with the arrow keys.
 *
 * `update` takes the `planes`, the number `plane` of the one to show, the `scale` of colours, the
 * `label` for screen readers, the `name` of a cell's array, and, where there are such cells, the
 * index of the `selected` one, the indices of the `read` ones (outlined) and the `won` ones (with
 * a dot), and `pads`, the padding around, as [[top, bottom], [left, right]].
 */
export class LargeMap {
  /** @param {{onPick: (index: number[]) => void, onPlane: (step: number) => void}} listeners */
  constructor(listeners) {
    this.listeners = listeners;
    this.canvas = element("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "map",
      onclick: (event) => this.pick(event),
      onpointermove: (event) => this.say(this.indexUnder(event)),
      onpointerleave: () => this.say(null),
      onkeydown: (event) => this.walk(event),
    });
    this.readout = element("p", { class: "readout", "aria-live": "polite" });
    this.node = element("div", { class: "large-map" }, this.canvas, this.readout);
    new ResizeObserver(() => this.view && this.draw()).observe(this.node);
  }

  update(view) {
    this.view = view;
    this.canvas.setAttribute("aria-label", view.label);
    this.canvas.classList.toggle("pickable", Boolean(view.pickable));
    this.draw();
    this.say(null);
  }

  draw() {
    const { planes, plane, scale, pads = [[0, 0], [0, 0]] } = this.view;
    const { rows, columns } = planes;
    const [[top, bottom], [left, right]] = pads;
    const room = (this.node.clientWidth || 240) - 2;
    const cell = Math.min(
      LARGEST_CELL,
      room / (columns + left + right),
      TALLEST_MAP / (rows + top + bottom),
    );
    // Whole pixels give cells of one size, as long as there are any.
    const size = cell >= 3 ? Math.floor(cell) : cell;
    this.geometry = { size, x: left * size, y: top * size };
    const width = (columns + left + right) * size;
    const height = (rows + top + bottom) * size;
    const context = sizeCanvas(this.canvas, Math.ceil(width) + 2, Math.ceil(height) + 2);
    context.translate(1, 1);
    this.context = context;
    this.drawPadding(width, height);
    const area = [left * size, top * size, columns * size, rows * size];
    drawPlane(context, planes, plane, scale, area);
    if (size >= 8) this.drawGrid();
    context.strokeStyle = pageColour("--rule");
    context.lineWidth = 1;
    context.strokeRect(...area);
    if (size >= NUMBER_WIDTH) this.drawNumbers();
    this.outline(this.view.read ?? [], pageColour("--accent"));
    for (const index of this.view.won ?? []) this.dot(index);
    if (this.view.selected) this.outline([this.view.selected], pageColour("--ink"), 3);
  }

  drawPadding(width, height) {
    const { context } = this;
    context.fillStyle = pageColour("--padding");
    context.fillRect(0, 0, width, height);
  }

  drawGrid() {
    const { context, geometry: { size, x, y } } = this;
    const { rows, columns } = this.view.planes;
    context.strokeStyle = pageColour("--grid");
    context.lineWidth = 0.5;
    context.beginPath();
    for (let row = 1; row < rows; row += 1) {
      context.moveTo(x, y + row * size);
      context.lineTo(x + columns * size, y + row * size);
    }
    for (let column = 1; column < columns; column += 1) {
      context.moveTo(x + column * size, y);
      context.lineTo(x + column * size, y + rows * size);
    }
    context.stroke();
  }

  drawNumbers() {
    const { context, geometry: { size, x, y } } = this;
    const { planes, plane, scale } = this.view;
    context.font = `${Math.min(12, size / 3.9)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let row = 0; row < planes.rows; row += 1) {
      for (let column = 0; column < planes.columns; column += 1) {
        const number = numberAt(planes, plane, row, column);
        if (number === undefined) continue;
        context.fillStyle = inkOn(colourOf(number, scale));
        context.fillText(shortNumber(number), x + (column + 0.5) * size, y + (row + 0.5) * size);
      }
    }
  }

  /** The row and column of an index on the plane that is shown; null if it is on another. */
  placeOf(index) {
    const place = this.view.planes.placeOfIndex(index);
    return place && place.plane === this.view.plane ? place : null;
  }

  /** A line around a set of cells, with a lighter one beside it, seen on every colour. */
  outline(indices, colour, width = 2) {
    const places = indices.map((index) => this.placeOf(index)).filter(Boolean);
    if (places.length === 0) return;
    const taken = new Set(places.map(({ row, column }) => `${row},${column}`));
    const { context, geometry: { size, x, y } } = this;
    const path = new Path2D();
    for (const { row, column } of places) {
      const [l, t] = [x + column * size, y + row * size];
      const side = (r, c, x0, y0, x1, y1) => {
        if (taken.has(`${row + r},${column + c}`)) return;
        path.moveTo(x0, y0);
        path.lineTo(x1, y1);
      };
      side(-1, 0, l, t, l + size, t);
      side(1, 0, l, t + size, l + size, t + size);
      side(0, -1, l, t, l, t + size);
      side(0, 1, l + size, t, l + size, t + size);
    }
    context.lineCap = "square";
    for (const [stroke, thick] of [[pageColour("--panel"), width + 2], [colour, width]]) {
      context.strokeStyle = stroke;
      context.lineWidth = thick;
      context.stroke(path);
    }
  }

  /** A dot in a cell: it won. */
  dot(index) {
    const place = this.placeOf(index);
    if (!place) return;
    const { context, geometry: { size, x, y } } = this;
    context.beginPath();
    const [centre, middle] = [x + (place.column + 0.5) * size, y + (place.row + 0.5) * size];
    context.arc(centre, size >= NUMBER_WIDTH ? y + (place.row + 0.2) * size : middle,
      Math.max(1.5, Math.min(4, size / 5)), 0, 2 * Math.PI);
    context.fillStyle = pageColour("--accent");
    context.fill();
    context.strokeStyle = pageColour("--panel");
    context.lineWidth = 1;
    context.stroke();
  }

  /** The index of the cell under the pointer; null beside the map. */
  indexUnder(event) {
    const { size, x, y } = this.geometry;
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - 1 - x) / size);
    const row = Math.floor((event.clientY - box.top - 1 - y) / size);
    const { planes, plane } = this.view;
    if (row < 0 || column < 0 || row >= planes.rows || column >= planes.columns) return null;
    return planes.indexOf(plane, row, column);
  }

  pick(event) {
    const index = this.indexUnder(event);
    if (index && this.view.pickable) this.listeners.onPick(index);
  }

  /** Say what is in a cell, or in the selected one. */
  say(index) {
    const { planes, selected, name, hint } = this.view;
    const place = (index ?? (selected && this.placeOf(selected) ? selected : null));
    if (!place) {
      this.readout.textContent = hint ?? "";
      return;
    }
    const { plane, row, column } = planes.placeOfIndex(place);
    const number = numberAt(planes, plane, row, column);
    this.readout.textContent = `${name}${bracketText(place)} = ${shortNumber(number)}`;
  }

  walk(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const change = { PageUp: -1, PageDown: 1 }[event.key];
    if (!this.view.pickable || (!step && !change) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (change) {
      this.listeners.onPlane(change);
      return;
    }
    const { planes, plane, selected } = this.view;
    const { row, column } = (selected && this.placeOf(selected)) ?? { row: 0, column: 0 };
    const [r, c] = [row + step[0], column + step[1]];
    if (r < 0 || c < 0 || r >= planes.rows || c >= planes.columns) return;
    const index = planes.indexOf(plane, r, c);
    if (index) this.listeners.onPick(index);
  }
}

/** All planes, small, in lines; one of them is chosen. */
export class Mosaic {
  /** @param {(plane: number) => void} onPlane */
  constructor(onPlane) {
    this.onPlane = onPlane;
    this.canvas = element("canvas", {
      tabindex: 0,
      role: "slider",
      "aria-orientation": "horizontal",
      "aria-valuemin": 0,
      onclick: (event) => this.pick(event),
      onkeydown: (event) => this.walk(event),
    });
    this.node = element("div", { class: "mosaic" }, this.canvas);
    new ResizeObserver(() => this.view && this.draw()).observe(this.node);
  }

  /** @param {{planes: Planes, plane: number, scale: number, label: string}} view */
  update(view) {
    this.view = view;
    this.node.hidden = view.planes.count === 1;
    const { canvas } = this;
    canvas.setAttribute("aria-label", view.label);
    canvas.setAttribute("aria-valuemax", view.planes.count - 1);
    canvas.setAttribute("aria-valuenow", view.plane);
    canvas.setAttribute("aria-valuetext", `channel ${view.plane}`);
    this.draw();
    this.reveal();
  }

  draw() {
    const { planes, plane, scale } = this.view;
    if (this.node.hidden) return;
    const { rows, columns, count } = planes;
    const room = this.node.clientWidth || 240;
    const size = count <= 16 ? 44 : count <= 64 ? 31 : 25;
    const gap = 3;
    const high = Math.max(8, Math.round((size * rows) / Math.max(rows, columns)));
    const wide = Math.max(8, Math.round((size * columns) / Math.max(rows, columns)));
    this.perLine = Math.max(1, Math.floor((room - gap) / (wide + gap)));
    this.pitch = [wide + gap, high + gap];
    const lines = Math.ceil(count / this.perLine);
    const across = Math.min(count, this.perLine);
    const context = sizeCanvas(this.canvas, across * (wide + gap) + gap, lines * (high + gap) + gap);
    for (let at = 0; at < count; at += 1) {
      const [x, y] = this.cornerOf(at);
      drawPlane(context, planes, at, scale, [x + gap, y + gap, wide, high]);
    }
    context.strokeStyle = pageColour("--ink");
    context.lineWidth = 2;
    const [x, y] = this.cornerOf(plane);
    context.strokeRect(x + gap - 1, y + gap - 1, wide + 2, high + 2);
  }

  cornerOf(plane) {
    const [wide, high] = this.pitch;
    return [(plane % this.perLine) * wide, Math.floor(plane / this.perLine) * high];
  }

  /** Scroll to the chosen plane. */
  reveal() {
    if (this.node.hidden) return;
    const [, y] = this.cornerOf(this.view.plane);
    const { scrollTop, clientHeight } = this.node;
    if (y < scrollTop || y + this.pitch[1] > scrollTop + clientHeight) this.node.scrollTop = y - 8;
  }

  pick(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / this.pitch[0]);
    const line = Math.floor((event.clientY - box.top) / this.pitch[1]);
    const plane = line * this.perLine + Math.min(column, this.perLine - 1);
    if (plane < this.view.planes.count) this.onPlane(plane);
  }

  walk(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.perLine, ArrowDown: this.perLine };
    const plane = this.view.plane + steps[event.key];
    if (!(event.key in steps) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (plane >= 0 && plane < this.view.planes.count) this.onPlane(plane);
  }
}

/** A number on its colour, as a part of a table. */
export function paintCell(node, number, scale) {
  const colour = colourOf(number, scale);
  node.style.backgroundColor = cssColour(colour);
  node.style.color = inkOn(colour);
  return node;
}
