"""Formulas as MathML: LaTeX is converted when the site is built.

Browsers draw MathML by themselves and need neither a script nor a network for it.
"""

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)

# What docutils does not know, in words that it does.
SYNONYMS = [
    (re.compile(r"\\([bB]igg?)(?=\s*(?:[(\[]|\\[{]))"), r"\\\1l"),
    (re.compile(r"\\([bB]igg?)(?=\s*(?:[)\]]|\\[}]))"), r"\\\1r"),
    (re.compile(r"\\dots(?![a-z])"), r"\\ldots"),
    (re.compile(r"\\tfrac\s*(\w)\s*(\w)"), r"\\tfrac{\1}{\2}"),
]
PRIMES = re.compile(r"'+")  # of a derivative, f'
TEXT = re.compile(r"(\\(?:text|mathrm|operatorname)\{[^{}]*\})")  # where ' is an apostrophe


def in_known_words(formula):
    """The same formula in the LaTeX that docutils converts, and converts well."""
    for pattern, known in SYNONYMS:
        formula = pattern.sub(known, formula)
    pieces = TEXT.split(formula)
    pieces[::2] = [PRIMES.sub(raised, piece) for piece in pieces[::2]]
    return "".join(pieces)


def raised(primes):
    return "^{" + r"\prime" * len(primes.group()) + "}"


def mathml(node, as_block):
    """The formula of a node; one that docutils cannot convert is warned of, with its place."""
    try:
        return tex2mathml(in_known_words(node.astext()), as_block)
    except MathError as error:
        logger.warning("cannot convert %r: %s", node.astext(), error, location=node, type="mathml")
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
