"""Sphinx configuration: `sphinx-build -W -j auto docs build/docs` makes the site."""

import sys
from pathlib import Path

from mydl import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "mydl"
author = "the mydl developers"
copyright = f"2026, {author}"
release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "mathml",
    "source_pages",
    "command_pages",
    "reference",
    "notebook_links",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]

smartquotes_action = "qe"  # quotes and ellipses; two hyphens begin an option

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4

nb_execution_mode = "force"
nb_execution_timeout = 300  # seconds a cell; a busy machine must not fail
nb_execution_raise_on_error = True
nb_merge_streams = True  # what a cell prints is one block
nb_ipywidgets_js = {}  # no page loads anything from elsewhere

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# Shown by name; docs/reference/index.md says what they stand for.
names = ("Array", "ArrayLike", "DTypeLike", "Padding", "Shape")
autodoc_type_aliases = {name: name for name in names}
numpydoc_show_class_members = False

html_theme = "furo"
html_title = "mydl"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"

linkcheck_timeout = 30  # seconds
linkcheck_retries = 3
linkcheck_rate_limit_timeout = 60
linkcheck_anchors = False  # of pages that scripts put together, anchors cannot be seen
