"""Checks of the bypass: that both ways add, and that no array of the caller's changes."""

import numpy as np

from mydl.learn.checks import check, compare, fail, in_place, numeric_gradient

LIBRARY = ("mydl.layers.bypass:Bypass.forward", "mydl.layers.bypass:Bypass.backward")
PAGE = "layers/containers"

AXES = ("N", "H", "W", "C")


def draw(seed, shape=(2, 3, 4, 2)):
    return np.random.default_rng(seed).normal(size=shape)


def layer(seed, c_in, c_out):
    """A layer x -> tanh(x W): its forward pass, and for an x its backward pass."""
    weight = np.random.default_rng(seed).normal(size=(c_in, c_out))

    def forward(x):
        return np.tanh(x @ weight)

    def backward_at(x):
        return lambda dy: (dy * (1 - forward(x) ** 2)) @ weight.T

    return forward, backward_at


def nothing(x):
    """A layer that does nothing, such as dropout in evaluation: it returns the array it got."""
    return x


def relu_in_place(x):
    """ReLU with inplace=True."""
    x[x < 0] = 0
    return x


def halve_in_place(dy):
    dy *= 0.5
    return dy


@check("simple bypass, forwards")
def simple_forward(student):
    x = draw(0)
    inner, _ = layer(10, 2, 2)
    compare(
        student.simple(x, inner),
        inner(x) + x,
        name="y",
        axes=AXES,
        mistakes={
            "no-bypass": ("x itself is missing: y = inner(x) + x", inner(x)),
            "inner-twice": ("you added inner(x) twice; one summand is x itself", 2 * inner(x)),
            "chained": (
                "you put the sum into the layer; the layer gets x, and x is added afterwards",
                inner(x + inner(x)),
            ),
        },
    )


def simple_mistakes(dy, through):
    return {
        "identity-forgotten": (
            "dy itself is missing. x reached y in two ways, and the way around the layer sends "
            "dy back as it is: that is what a bypass is for",
            through,
        ),
        "inner-forgotten": (
            "only the way around the layer is there; add what inner_backward sends back",
            dy,
        ),
        "identity-twice": ("you added dy twice: the bypass is one summand", through + 2 * dy),
        "averaged": ("you took the mean of the two ways; they add", (through + dy) / 2),
        "multiplied": (
            "you multiplied the two ways. They are side by side, not one after the other, so their "
            "gradients add",
            through * dy,
        ),
    }


@check("simple bypass, backwards")
def simple_backward(student):
    x, dy = draw(1), draw(11)
    inner, backward_at = layer(12, 2, 2)
    want = numeric_gradient(lambda x: inner(x) + x, x, dy)
    dx = student.simple_backward(dy, backward_at(x))
    compare(dx, want, name="dx", axes=AXES, mistakes=simple_mistakes(dy, backward_at(x)(dy)))


@check("complex bypass, forwards and backwards, with equal channels")
def equal_channels(student):
    compare_projected(student, 2, 2)


@check("complex bypass, from two channels to three")
def more_channels(student):
    compare_projected(student, 2, 3)


def compare_projected(student, c_in, c_out):
    x, dy = draw(2, (2, 3, 4, c_in)), draw(21, (2, 3, 4, c_out))
    inner, inner_at = layer(22, c_in, c_out)
    projection, projection_at = layer(23, c_in, c_out)
    mistakes = {
        "no-bypass": ("the projection is missing: y = inner(x) + projection(x)", inner(x)),
        "chained": (
            "you put one layer behind the other; both get x, and their outputs are added",
            inner(projection(x)) if c_in == c_out else np.nan,
        ),
    }
    y = inner(x) + projection(x)
    compare(student.projected(x, inner, projection), y, name="y", axes=AXES, mistakes=mistakes)

    through, around = inner_at(x)(dy), projection_at(x)(dy)
    mistakes = {
        "projection-forgotten": (
            "the way through the projection is missing: add projection_backward(dy)",
            through,
        ),
        "inner-forgotten": ("the way through inner is missing: add inner_backward(dy)", around),
        "averaged": ("you took the mean of the two ways; they add", (through + around) / 2),
    }
    if c_in == c_out:
        mistakes["identity-for-projection"] = (
            "you added dy as if this were a simple bypass. x went through the projection, so dy "
            "has to go back through it",
            through + dy,
        )
        mistakes["chained"] = (
            "you sent the gradient through one layer and then through the other; both get dy",
            inner_at(x)(around),
        )
    want = numeric_gradient(lambda x: inner(x) + projection(x), x, dy)
    dx = student.projected_backward(dy, inner_at(x), projection_at(x))
    compare(dx, want, name="dx", axes=AXES, mistakes=mistakes)


def call(function, array, *layers):
    """The result of a call, and whether the array has survived it."""
    before = array.copy()
    result = in_place(function)(array, *layers)
    if result is None:
        fail("none", "your function returned None: end it with a return of the result")
    return result, np.array_equal(array, before)


ADDED_INTO = (
    "{name} changed when the layer returned the very array that it got: you added into it with "
    "+=. Write a + b, which makes a new array"
)
OVERWRITTEN = (
    "{name} was overwritten by a layer that works in place, and you read it afterwards. Hand such "
    "a layer a copy: {call}"
)


@check("layers that return the array they got")
def layers_that_do_nothing(student):
    x = draw(3)
    for function, name, layers, factor in (
        (student.simple, "x", (nothing,), 2),
        (student.simple_backward, "dy", (nothing,), 2),
        (student.projected, "x", (nothing, lambda x: 3 * x), 4),
        (student.projected_backward, "dy", (nothing, lambda dy: 3 * dy), 4),
    ):
        result, survived = call(function, x.copy(), *layers)
        if not survived:
            fail("mutated", ADDED_INTO.format(name=name))
        compare(result, factor * x, name=f"the result for inner({name}) = {name}", axes=AXES)


@check("layers that write into the array they got")
def layers_in_place(student):
    x = draw(4)
    cases = (
        (student.simple, "x", relu_in_place, np.maximum(x, 0) + x, "inner(x.copy())"),
        (student.simple_backward, "dy", halve_in_place, 1.5 * x, "inner_backward(dy.copy())"),
    )
    for function, name, inner, want, right_call in cases:
        result, survived = call(function, x.copy(), inner)
        sentence = OVERWRITTEN.format(name=name, call=right_call)
        if not survived:
            fail("overwritten-by-layer", sentence)
        wrong = 2 * inner(x.copy())
        mistakes = {"overwritten-by-layer": (sentence, wrong)}
        compare(result, want, name="the result", axes=AXES, mistakes=mistakes)


@check("two layers that write into the array they got")
def projections_in_place(student):
    x = draw(5)
    cases = (
        (student.projected, "x", "inner(x.copy()) + projection(x.copy())"),
        (
            student.projected_backward,
            "dy",
            "inner_backward(dy.copy()) + projection_backward(dy.copy())",
        ),
    )
    want = np.maximum(x, 0) + 0.5 * x
    for function, name, right_call in cases:
        result, survived = call(function, x.copy(), relu_in_place, halve_in_place)
        sentence = OVERWRITTEN.format(name=name, call=right_call)
        if not survived:
            fail("overwritten-by-layer", sentence)
        one_copy = {
            "overwritten-by-layer": (sentence, np.maximum(x, 0)),
            "overwritten-by-layer, inner": (sentence, 1.5 * np.maximum(x, 0)),
        }
        compare(result, want, name="the result", axes=AXES, mistakes=one_copy)
