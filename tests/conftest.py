"""Settings for all tests."""

from hypothesis import settings

# No deadline: the first example of a test may wait for a kernel to be compiled.
settings.register_profile("mydl", deadline=None)
settings.load_profile("mydl")
