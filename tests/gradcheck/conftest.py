"""What it means that the checker catches a wrong layer."""

import copy

import pytest

from mydl.gradcheck import gradcheck


def right_twin(wrong):
    """The same layer as an instance of the class that it derives from."""
    twin = copy.deepcopy(wrong)
    twin.__class__ = type(wrong).__mro__[1]
    return twin


@pytest.fixture
def assert_caught():
    """A function that asserts that a wrong layer is caught, where it is wrong, and its twin passes.

    Its argument ``where`` names the arrays whose gradients are wrong, and "fault" for a broken rule
    that no derivative shows.
    """

    def check(wrong, x, where, labels=None):
        for method, seed in [("central", 0), ("central", 1), ("complex", 0)]:
            report = gradcheck(wrong, x, labels=labels, method=method, seed=seed)
            assert not report
            found = {entry.array for entry in report.failures}
            if report.faults:
                found.add("fault")
            assert found == where, str(report)
            right = gradcheck(right_twin(wrong), x, labels=labels, method=method, seed=seed)
            assert right, str(right)

    return check
