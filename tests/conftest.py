"""Settings for all tests."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the first example of a test may wait for a kernel to be compiled.
settings.register_profile("mydl", deadline=None)
settings.register_profile("few", deadline=None, max_examples=5)
settings.load_profile(os.environ.get("MYDL_HYPOTHESIS_PROFILE", "mydl"))


def pytest_configure():
    """Let Ctrl-C and a closed terminal mean what they mean.

    A shell that starts the tests in the background, or nohup, has them ignored, which the commands
    that are tested would inherit.
    """
    for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(scope="session")
def test_data():
    """The folder with real data that is no part of the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MYDL_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no test data in {folder}; $MYDL_TEST_DATA says where it is")
    return folder


@pytest.fixture(scope="session")
def real_weights(test_data):
    """The folder with real weight files."""
    return _present(test_data / "weights")


@pytest.fixture(scope="session")
def photographs_folder(test_data):
    """The folder with 200 photographs, one for each of as many ImageNet classes."""
    return _present(test_data / "imagenet-sample")


def _present(folder):
    if not folder.is_dir():
        pytest.skip(f"no {folder}; $MYDL_TEST_DATA says where the test data are")
    return folder
