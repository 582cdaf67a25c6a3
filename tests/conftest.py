"""Settings for all tests."""

import os

from hypothesis import settings

# No deadline: the first example of a test may wait for a kernel to be compiled.
settings.register_profile("mydl", deadline=None)
settings.register_profile("few", deadline=None, max_examples=5)
settings.load_profile(os.environ.get("MYDL_HYPOTHESIS_PROFILE", "mydl"))
