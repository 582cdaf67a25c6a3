"""What to ask about a payload, and what the answers should be."""

import base64
from functools import lru_cache

import numpy as np

SAMPLES = 60  # of the cells of each array


decoded = lru_cache(maxsize=4)(base64.b64decode)  # of a text that many arrays are in


def read_array(payload, number):
    """An array of a payload, as the page is to read it."""
    array = payload["arrays"][number]
    count = int(np.prod(array["shape"]))
    data = np.frombuffer(decoded(payload["bytes"]), array["dtype"], count, array["offset"])
    return data.reshape(array["shape"])


def targets(payload, rng):
    """(target of a finite difference, the library's gradient) for a few cells of every array."""
    for value in payload["values"]:
        gradient = read_array(payload, value["grad"])
        for index in cells(value["shape"], rng)[:10]:
            yield {"value": value["id"], "index": index}, gradient[tuple(index)]
    for layer, name, shape in parameters(payload):
        gradient = read_array(payload, payload["layers"][layer][f"d{name}"])
        for index in cells(shape, rng)[:10]:
            yield {"layer": layer, "parameter": name, "index": index}, gradient[tuple(index)]


def cells(shape, rng):
    """Indices of a few cells of an array, all of them if there are few."""
    size = int(np.prod(shape))
    chosen = rng.permutation(size)[:SAMPLES]
    return [[int(i) for i in np.unravel_index(at, shape)] for at in chosen]


def parameters(payload):
    """(layer, "weight" or "bias", the shape of its array) of all there are."""
    for number, layer in enumerate(payload["layers"]):
        for name in ("weight", "bias"):
            if name in layer:
                yield number, name, payload["arrays"][layer[name]]["shape"]


def every_kind_of_question(payload, rng):
    """Cells of every value, gradient, weight and bias."""
    questions = []
    for layer in range(len(payload["layers"])):
        shape = payload["values"][payload["layers"][layer]["output"]]["shape"]
        questions += [["forwardTerms", layer, index] for index in cells(shape, rng)]
    for value in payload["values"]:
        asked = cells(value["shape"], rng)
        questions += [["inputGradientTerms", value["id"], index] for index in asked]
    for layer, name, shape in parameters(payload):
        questions += [[f"{name}GradientTerms", layer, index] for index in cells(shape, rng)]
    return questions


def assert_adds_up(question, answer):
    assert "error" not in answer, (question, answer)
    error = abs(answer["sum"] - answer["value"])
    assert error <= 2e-6 * answer["magnitude"], (question, answer["sum"], answer["value"])
