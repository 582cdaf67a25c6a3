"""Sphinx configuration."""

from mydl import __version__

project = "mydl"
author = "the mydl developers"
copyright = f"2026, {author}"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_custom_sections = []

html_theme = "furo"
html_title = "mydl"
exclude_patterns = ["_build"]
