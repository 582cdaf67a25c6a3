"""What the page makes of a sum before it shows it: groups, pages and addresses."""

import json
import subprocess

import pytest

from .networks import NETWORKS

# Runs in node: everything that the page can be asked about a network, without a browser.
SCRIPT = """
import { readFileSync } from "node:fs";
globalThis.window = { matchMedia: () => ({ matches: false, addEventListener() {} }) };
const { readModel } = await import("./model.js");
const address = await import("./address.js");
const { addressOf, goTo, kindsOf, otherMode, selectionAt, sumOf, tensorOf } = address;
const { groupTerms, ordersOf, pagesOf } = await import("./groups.js");
const { formulasOf } = await import("./words.js");
const { sentenceOf } = await import("./sentences.js");
const { indexAt } = await import("./model.js");

const model = readModel(JSON.parse(readFileSync(0, "utf8")));
const results = [];
for (const layer of model.layers) {
  const ways = [["f", "forward", 0]];
  for (const kind of kindsOf(model, layer)) {
    if (kind === "dx") layer.inputs.forEach((_, slot) => ways.push(["b", kind, slot]));
    else ways.push(["b", kind, 0]);
  }
  for (const [mode, kind, slot] of ways) {
    const whole = { mode, layer, kind, slot };
    const tensor = tensorOf(model, whole);
    for (let at = 0; at < tensor.data.length; at += 1 + Math.floor(tensor.data.length / 9)) {
      results.push(look({ ...whole, index: indexAt(tensor.shape, at) }));
    }
  }
}
console.log(JSON.stringify(results));

function look(selection) {
  const own = addressOf(selection);
  const sum = sumOf(model, selection);
  const orders = ordersOf(selection).map(([name]) => name);
  const groups = (orders.length ? orders : [undefined]).map((order) => {
    const found = groupTerms(model, selection, sum.terms, order);
    return {
      terms: found.reduce((count, group) => count + group.terms.length, 0),
      different: new Set(found.flatMap(({ terms }) => terms)).size,
      subtotals: found.reduce((total, group) => total + group.subtotal, 0),
      places: found.every(hasOwnPlaces),
      pages: pagesOf(found).flat().length === found.length,
      longest: Math.max(0, ...found.map(({ terms }) => terms.length)),
    };
  });
  const next = model.layers[selection.layer.number + 1] ?? model.layers[0];
  return {
    address: own, again: addressOf(selectionAt(model, own)), groups,
    terms: sum.terms.length, products: sum.sum - (sum.bias ?? 0), magnitude: sum.magnitude,
    sentence: sentenceOf(model, selection, sum),
    formulas: formulasOf(selection.layer, selection.kind),
    ways: [goTo(model, selection, next), otherMode(model, selection)].map((to) => {
      const there = addressOf(to);
      return there === addressOf(selectionAt(model, there));
    }),
  };
}

function hasOwnPlaces({ layout, place, terms }) {
  if (layout !== "grid") return true;
  const places = terms.map((term, at) => place(term, at));
  const inside = places.every((pair) => pair.every((each) => Number.isInteger(each) && each >= 0));
  return inside && new Set(places.map(String)).size === terms.length;
}
"""


@pytest.fixture(scope="module")
def look(node, page_folder):
    """``look(payload)``: for cells of all arrays what the page would show of them."""
    script = page_folder / "look.mjs"
    script.write_text(SCRIPT)

    def results(payload):
        run = subprocess.run(
            [node, str(script)],
            input=json.dumps(payload),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    return results


@pytest.fixture(scope="module", params=NETWORKS)
def cells(request, look):
    return look(NETWORKS[request.param]())


def test_every_term_of_a_sum_is_in_one_group(cells):
    for cell in cells:
        for groups in cell["groups"]:
            assert groups["terms"] == groups["different"] == cell["terms"], cell["address"]
            assert groups["subtotals"] == pytest.approx(
                cell["products"], abs=1e-9 * cell["magnitude"]
            )


def test_groups_can_be_read_and_no_two_terms_stand_in_one_place(cells):
    for cell in cells:
        for groups in cell["groups"]:
            assert groups["places"], cell["address"]
            assert groups["pages"], cell["address"]
            assert groups["longest"] <= 36, cell["address"]


def test_an_address_leads_back_to_its_cell(cells):
    for cell in cells:
        assert cell["again"] == cell["address"]
        assert cell["ways"] == [True, True], cell["address"]


def test_every_cell_has_a_sentence_and_a_formula(cells):
    for cell in cells:
        assert cell["sentence"].endswith("."), cell["address"]
        for text in (cell["sentence"], *cell["formulas"]):
            assert "undefined" not in text, cell["address"]
            assert "NaN" not in text, cell["address"]
