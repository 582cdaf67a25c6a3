"""The pages of the documentation are tests: see tests/documentation/collect.py."""

pytest_plugins = ["tests.documentation.collect"]
