"""Formulas as MathML: LaTeX is converted when the site is built.

Browsers draw MathML by themselves and need neither a script nor a network for it.
"""

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)

# What docutils does not know, in words that it does: a fixed size of a bracket, and dots.
SYNONYMS = [
    (re.compile(r"\\([bB]igg?)(?=\s*(?:[(\[]|\\[{]))"), r"\\\1l"),
    (re.compile(r"\\([bB]igg?)(?=\s*(?:[)\]]|\\[}]))"), r"\\\1r"),
    (re.compile(r"\\dots(?![a-z])"), r"\\ldots"),
    (re.compile(r"\\tfrac\s*(\w)\s*(\w)"), r"\\tfrac{\1}{\2}"),
]


def mathml(node, as_block):
    """The formula of a node; one that docutils cannot convert is warned of, with its place."""
    formula = node.astext()
    for pattern, known in SYNONYMS:
        formula = pattern.sub(known, formula)
    try:
        return tex2mathml(formula, as_block)
    except MathError as error:
        logger.warning("cannot convert %r: %s", formula, error, location=node, type="mathml")
        return ""


def visit_inline(translator, node):
    translator.body.append(mathml(node, as_block=False))
    raise nodes.SkipNode


def visit_block(translator, node):
    translator.body.append(translator.starttag(node, "div", CLASS="formula"))
    translator.body.append(mathml(node, as_block=True))
    if node["number"]:
        number = f"({node['number']})"
        translator.body.append(f'<span class="eqno">{number}')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
