"""Programs do what calling their kernels one by one does."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from mydl.kernels.first_layers import conv_pool
from mydl.kernels.im2col import im2col
from mydl.kernels.pointwise import multiply
from mydl.kernels.pooling import average, maxpool
from mydl.kernels.program import WIDTH, meeting, row, run_program
from mydl.kernels.winograd_convolution import winograd_forward

RNG = np.random.default_rng(0)

pytestmark = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="programs are addresses of compiled code"
)


def noise(*shape):
    return RNG.normal(size=shape).astype(np.float32)


# A kernel, its arguments, and which of them it writes. Some are slices of wider arrays.
CONV, POOL = ((9, 9), (1, 1), (1, 1)), ((3, 3), (2, 2), (0, 0))
WIDE, TALL, PIXELS, SUMS = noise(2, 7, 6, 64), noise(1, 9, 6, 16), noise(9, 48), noise(9, 48)
FILTERS = noise(3, 3, 16, 32)
CALLS = {
    "multiply": (multiply, [noise(9, 5), noise(5, 32), noise(32), noise(9, 32), False, True], 3),
    "multiply, added": (
        multiply,
        [PIXELS[:, 16:], noise(32, 16), noise(16), SUMS[:, :16], True, False],
        3,
    ),
    "multiply, tail": (
        multiply,
        [noise(3, 5), noise(5, 21), noise(21), noise(3, 21), False, False],
        3,
    ),
    "winograd": (
        winograd_forward,
        [noise(2, 7, 6, 16), FILTERS, noise(32), WIDE[..., 32:], (1, 1), True],
        3,
    ),
    "winograd, rows": (
        winograd_forward,
        [noise(1, 9, 6, 16), FILTERS[..., :16], noise(16), TALL[:, 4:8], (-3, 1), False],
        3,
    ),
    "maxpool": (maxpool, [noise(2, 7, 8, 16), noise(2, 3, 4, 16), None, *POOL], 1),
    "conv_pool": (
        conv_pool,
        [noise(2, 9, 9, 3), noise(3, 3, 3, 16), noise(16), noise(2, 4, 4, 16), None, CONV, POOL],
        3,
    ),
    "average": (average, [noise(2, 3, 4, 32), noise(2, 32)], 1),
    "average, tail": (average, [noise(2, 3, 4, 10), noise(2, 10)], 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_row_does_what_the_call_does(name):
    kernel, args, written = CALLS[name]
    out = args[written]
    start = out.copy()
    kernel(*args)
    expected = out.copy()
    out[...] = start
    program = np.stack([row(kernel, tuple(args))])
    at, target = run_program(program, 0, np.zeros(1, np.int64), 1, 0, 10)
    assert (at, target) == (1, 0)
    np.testing.assert_array_equal(out, expected)
    assert not np.array_equal(start, expected)


def test_what_has_no_row():
    x = noise(1, 4, 4, 3)
    assert row(im2col, (x, noise(1, 4, 4, 1, 1, 3), (1, 1), (0, 0))) is None
    double = [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in CALLS["average"][1]]
    assert row(average, tuple(double)) is None
    narrow = [noise(1, 4, 4, 8), noise(3, 3, 8, 8), noise(8), noise(1, 4, 4, 8), (1, 1), True]
    assert row(winograd_forward, tuple(narrow)) is None


def test_a_program_waits_at_a_meeting_and_goes_on_where_it_was():
    kernel, args, _ = CALLS["average"]
    program = np.stack([row(kernel, tuple(args)), meeting(), row(kernel, tuple(args)), meeting()])
    assert program.shape == (4, WIDTH)
    count = np.zeros(1, np.int64)
    assert run_program(program, 0, count, 2, 0, 5) == (1, 2)
    assert run_program(program, 1, count, 2, 2, 5) == (1, 2)  # it has not arrived twice
    assert count[0] == 1
    count[0] = 2  # the other one comes
    assert run_program(program, 1, count, 2, 2, 5) == (3, 4)
    count[0] = 4
    assert run_program(program, 3, count, 2, 4, 5) == (4, 0)


def test_two_threads_run_their_programs_side_by_side():
    """One averages what the other has multiplied, a hundred times."""
    x, weight, bias = noise(64, 16), noise(16, 16), noise(16)
    y, mean = noise(1, 8, 8, 16), noise(1, 16)
    first = row(multiply, (x, weight, bias, y.reshape(64, 16), False, False))
    second = row(average, (y, mean))
    programs = np.stack([first, meeting()]), np.stack([meeting(), second])
    count = np.zeros(1, np.int64)

    def run(program):
        at, target = 0, 0
        while at < len(program):
            at, target = run_program(program, at, count, 2, target, 1000)

    with ThreadPoolExecutor(2) as pool:
        for i in range(100):
            x[...] = i + 1
            for future in [pool.submit(run, program) for program in programs]:
                future.result()
            np.testing.assert_allclose(mean[0], (x @ weight + bias).mean(axis=0), rtol=1e-4)
