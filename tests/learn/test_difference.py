from mydl.learn.difference import Style, diff, in_words

LOOPS = '''\
"""A docstring."""

import numpy as np


def gram(x):
    """Another."""
    n, k = x.shape  # a comment
    g = np.zeros((k, k))
    for i in range(k):
        for j in range(k):
            g[i, j] = sum(x[s, i] * x[s, j] for s in range(n))
    # a comment
    return g
'''

PRODUCT = '''\
"""A docstring."""

import numpy as np


def gram(x):
    """Another."""
    return x.T @ x
'''


def test_a_style_counts_code_loops_and_operations():
    style = Style.of(LOOPS)
    assert style.lines == 8
    assert style.loops == 3
    assert style.depth == 3
    assert style.operations == {"np.zeros"}
    assert Style.of(PRODUCT) == Style(3, 0, 0, frozenset({"@"}))


def test_differences_are_said_in_words_both_ways():
    assert in_words(LOOPS, PRODUCT) == [
        "Yours has 8 lines of code, the exercise's 3.",
        "You loop where the exercise uses whole arrays: "
        "yours has 3 loops (3 inside each other), the exercise's none.",
        "Only yours uses np.zeros.",
        "Only the exercise's uses @.",
    ]
    assert in_words(PRODUCT, LOOPS)[1] == (
        "You use whole arrays where the exercise loops: "
        "yours has no loop, the exercise's 3 (3 inside each other)."
    )
    assert in_words(PRODUCT, PRODUCT.replace("x", "y")) == [
        "It counts the same: lines, loops and the functions of NumPy."
    ]


def test_a_line_that_differs_is_shown_with_its_neighbours():
    lines = diff(PRODUCT, PRODUCT.replace("x.T @ x", "np.dot(x.T, x)"))
    assert "-    return x.T @ x" in lines
    assert "+    return np.dot(x.T, x)" in lines
    assert " def gram(x):" in lines
    assert diff(PRODUCT, PRODUCT.replace("\n", "  \n")) == []


def test_docstrings_are_no_difference():
    bare = "import numpy as np\n\n\ndef gram(x):\n    return x.T @ x\n"
    assert diff(PRODUCT, bare) == diff(bare, PRODUCT) == []
    assert "+ (" in diff(bare, " (")
