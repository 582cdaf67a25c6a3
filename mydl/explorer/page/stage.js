/**
 * The stage: the maps around a layer, its input at the left, its weights, its output at the right.
 *
 * Forwards they show x, w and y, backwards dx, dw and dy. The cell that is looked at is framed on
 * one of them, what it is made of on the others.
 */

import { tensorOf } from "./address.js";
import { byId } from "./dom.js";
import { LargeMap, Mosaic } from "./maps.js";
import { arrayOf, dataOf, gradOf } from "./model.js";
import { scaleOfArray, shapeText, shortNumber } from "./numbers.js";
import { numberAt, planesOfValue, planesOfWeight } from "./planes.js";
import { nameOfValue } from "./sentences.js";

export class Stage {
  /**
   * @param {Model} model
   * @param {{onCell: (side: string, index: number[]) => void,
   *   onChannel: (side: string, plane: number) => void}} listeners `side` is "input", "weight" or
   *   "output"; only cells of the side that is looked at are picked.
   */
  constructor(model, listeners) {
    this.model = model;
    this.sides = new Map(["input", "weight", "output"].map((side) => {
      const map = new LargeMap({
        onPick: (index) => listeners.onCell(side, index),
        onPlane: (step) => this.step(side, step, listeners),
      });
      const mosaic = new Mosaic((plane) => listeners.onChannel(side, plane));
      byId(`${side}-maps`).append(map.node, mosaic.node);
      return [side, { map, mosaic, plane: 0, count: 1 }];
    }));
  }

  step(side, change, { onChannel }) {
    const { plane, count } = this.sides.get(side);
    if (plane + change >= 0 && plane + change < count) onChannel(side, plane + change);
  }

  /** Show what belongs to a selection, with the cells that some terms of it read. */
  update(selection, terms) {
    for (const [side, view] of Object.entries(viewsOf(this.model, selection, terms))) {
      byId(`${side}-side`).hidden = !view;
      if (view) this.show(side, view, selection, terms);
    }
  }

  show(side, view, selection, terms) {
    const { tensor, planes, name, title } = view;
    const own = this.sides.get(side);
    const isResult = side === sideOfResult(selection);
    const read = isResult ? [] : cellsRead(this.model, view, terms);
    const plane = planeToShow(planes, isResult ? [selection.index] : read, own.plane);
    const scale = scaleOfArray(tensor.data);
    own.plane = plane;
    own.count = planes.count;
    const place = planes.count > 1 ? `channel ${plane} / ${planes.count}` : "";
    byId(`${side}-title`).textContent = name;
    byId(`${side}-about`).textContent = title;
    byId(`${side}-channel`).textContent = place || shapeText(tensor.shape);
    byId(`${side}-side`).classList.toggle("result", isResult);
    byId(`${side}-scale`).textContent = `±${shortNumber(scale)}`;
    const [row, column] = [planes.rows, planes.columns];
    const picked = isResult && planes.placeOfIndex(selection.index);
    const spoken = picked ? ` At ${selection.index.join(", ")}: ${shortNumber(numberAt(planes, picked.plane, picked.row, picked.column))}.` : "";
    own.map.update({
      planes, plane, scale, name, read,
      selected: isResult ? selection.index : null,
      pickable: isResult,
      won: terms.filter(({ winner, at }) => winner && at && !isResult).map(({ at }) => at),
      pads: side === "input" && selection.layer.window ? selection.layer.window.pads : undefined,
      hint: read.length ? "outlined: the terms shown" : "",
      label: `${name}, ${title}, ${place} ${row} by ${column}.${spoken}${isResult ? " Arrow keys choose a cell." : ""}`,
    });
    own.mosaic.update({ planes, plane, scale, label: `channels of ${name}` });
  }
}

/** On which side the cell that is looked at lies. */
export function sideOfResult({ kind }) {
  return { forward: "output", dx: "input", dw: "weight", db: "weight" }[kind];
}

/** What each of the sides shows; null where there is nothing to show. */
function viewsOf(model, selection, terms) {
  const { layer, kind, slot, index } = selection;
  const through = model.layers[terms[0]?.layer] ?? layer;
  const isLoss = layer.kind === "softmax_cross_entropy";
  const inputId = kind === "forward" ? (terms[0]?.from ?? layer.inputs[0]) : layer.inputs[slot];
  const input = { array: `${kind === "dx" || kind === "db" ? "grad" : "data"} ${inputId}` };
  const ofInput = kind === "dx" || kind === "db" ? gradOf : dataOf;
  const views = {
    input: {
      ...input, ...valueView(ofInput(model, inputId)),
      name: `${kind === "dx" || kind === "db" ? "d" : ""}${isLoss ? "z" : "x"}`, title: `of ${nameOfValue(model, inputId)}`,
    },
    weight: weightView(model, selection, through, terms),
    output: null,
  };
  const backward = kind !== "forward";
  views.output = {
    array: `${backward ? "grad" : "data"} ${through.output}`,
    ...valueView((backward ? gradOf : dataOf)(model, through.output)),
    name: isLoss ? "loss" : backward ? "dy" : "y",
    title: isLoss ? "" : `of ${through.path}`,
  };
  return views;
}

const valueView = (tensor) => ({ tensor, planes: planesOfValue(tensor) });

function weightView(model, selection, through, terms) {
  const { kind, index } = selection;
  if (kind === "dw" || kind === "db") {
    const tensor = tensorOf(model, selection);
    const planes = kind === "dw" ? planesOfWeight(tensor, index.at(-1)) : planesOfValue(tensor);
    const filter = kind === "dw" && tensor.shape.length > 1 ? `, filter ${index.at(-1)}` : "";
    return { array: kind, tensor, planes, name: kind, title: `the ${kind === "dw" ? "weight" : "bias"}'s gradient${filter}` };
  }
  const tensor = arrayOf(model, through, "weight");
  if (!tensor) return null;
  const k = terms.find(({ wOf }) => wOf === "weight")?.wAt.at(-1) ?? (kind === "forward" ? index.at(-1) : 0);
  const filter = tensor.shape.length > 1 ? `, filter ${k}` : "";
  return { array: `weight ${through.number}`, tensor, planes: planesOfWeight(tensor, k), name: "w", title: `the weight${filter}` };
}

/** The cells of a side that some terms read. */
function cellsRead(model, { array }, terms) {
  return terms.flatMap((term) => {
    const { of, from, at, wOf, wAt, layer } = term;
    const places = [];
    if (at && (of === "grad" ? `grad ${from}` : `data ${from}`) === array) places.push(at);
    if (wOf === "weight" && `weight ${layer}` === array) places.push(wAt);
    if (wOf === "grad" && `grad ${model.layers[layer]?.output}` === array) places.push(wAt);
    return places;
  });
}

/** The plane with the first of some cells on it, or the one that was shown before. */
function planeToShow(planes, indices, before) {
  for (const index of indices) {
    const place = planes.placeOfIndex(index);
    if (place) return place.plane;
  }
  return before < planes.count ? before : 0;
}

