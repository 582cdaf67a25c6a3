"""Links between pages, to files and to headings lead somewhere, on a code host too.

Addresses of other hosts are checked by `sphinx-build -b linkcheck`, where there is a network.
"""

import functools
import json
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FRONT = [ROOT / name for name in ("README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = sorted(
    page
    for page in [*FRONT, *DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]
    if page.is_file() and ".ipynb_checkpoints" not in page.parts
)
LAYER_PAGES = sorted(set(DOCS.glob("layers/*.md")) - {DOCS / "layers" / "index.md"})
MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)


def name_of(path):
    return str(path.relative_to(ROOT))


@functools.cache
def tokens(page):
    """The parsed Markdown of a page, or of a notebook's cells of text, without formulas."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    parsed = MarkdownIt("commonmark").enable("table").parse(text)
    for token in parsed:
        # In a formula, f[i](x) is no link; in code, $ is no formula.
        if token.type == "inline" and "$" in token.content:
            token.children = (
                MarkdownIt("commonmark").parseInline(without_maths(token.content))[0].children
            )
    return parsed


def without_maths(text):
    """The text with its formulas left out, but not what stands between two $ in code."""
    pieces = re.split(r"(`+[^`]+`+)", text)
    return "".join(piece if i % 2 else MATHS.sub("", piece) for i, piece in enumerate(pieces))


def links(page):
    """Every target of a link and of an image."""
    found = []
    for token in tokens(page):
        if token.type == "html_block":
            found += re.findall(r"""\b(?:href|src)=["']([^"']+)""", token.content)
        for child in token.children or []:
            if child.type == "link_open":
                found.append(child.attrs["href"])
            elif child.type == "image":
                found.append(child.attrs["src"])
            elif child.type == "html_inline":
                found += re.findall(r"""\b(?:href|src)=["']([^"']+)""", child.content)
    return [unquote(target) for target in found]


@functools.cache
def anchors(page):
    """The anchors of a page's headings, as code hosts make them."""
    found, taken = set(), {}
    parsed = tokens(page)
    for heading, inline in pairwise(parsed):
        if heading.type == "heading_open":
            text = "".join(c.content for c in inline.children if c.type in ("text", "code_inline"))
            anchor = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            times = taken.get(anchor, 0)
            taken[anchor] = times + 1
            found.add(f"{anchor}-{times}" if times else anchor)
    return found


def wrong(page, target):
    """What is wrong with a link of a page, or None."""
    if re.match(r"(https?|mailto):", target):
        return None
    path, _, anchor = target.partition("#")
    place = (page.parent / path).resolve() if path else page
    if path.startswith("/") or not place.is_relative_to(ROOT):
        return "leads out of the repository"
    if not place.exists():
        return "there is no such file"
    if place.name not in {path.name for path in place.parent.iterdir()}:
        return "upper and lower case differ"
    if not anchor:
        return None
    if re.fullmatch(r"L\d+(-L\d+)?", anchor):
        return "the line will be another one after the next change: link to the file"
    if place.suffix not in (".md", ".ipynb"):
        return "only Markdown has anchors"
    if anchor not in anchors(place):
        return f"there is no such heading; there are {sorted(anchors(place))}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    found = {target: wrong(page, target) for target in links(page)}
    assert not {target: reason for target, reason in found.items() if reason}


def reached(page):
    """The pages, files and folders that a page links to."""
    targets = (target.partition("#")[0] for target in links(page) if "://" not in target)
    return {(page.parent / target).resolve() for target in targets if target}


def test_every_page_can_be_reached_from_the_front_page():
    seen, front = set(), {ROOT / "README.md"}
    while front:
        seen |= front
        linked = set().union(*(reached(page) for page in front if page in PAGES))
        front = linked - seen
    # The two pages that include a file stand for it on the site.
    included = {DOCS / "changelog.md", DOCS / "contributing.md"}
    assert not sorted(name_of(page) for page in {*PAGES} - seen - included)


@pytest.mark.parametrize("page", LAYER_PAGES, ids=name_of)
def test_a_layer_leads_on_to_its_code_its_check_and_its_exercise(page):
    """From the derivation to the code, to the check, to an exercise: a link each."""
    linked = reached(page)
    sources = {ROOT / "mydl" / "losses.py", *(ROOT / "mydl" / "layers").glob("*.py")}
    assert linked & sources, "no link to the layer's source"
    assert DOCS / "gradient-checking.md" in linked, "no link to the page on gradient checking"
    text = page.read_text(encoding="utf-8")
    assert re.search(r"mydl gradcheck \w+", text), "no command that checks the layer"
    assert "exercises" in anchors(page) or DOCS / "learn.md" in linked, "no exercise"


def test_the_checker_sees_what_is_wrong(tmp_path):
    """The checks above find each kind of broken link."""
    page = DOCS / "index.md"
    assert wrong(page, "no-such-page.md") == "there is no such file"
    assert "no such heading" in wrong(page, "design.md#no-such-heading")
    assert "line" in wrong(page, "../mydl/layer.py#L10")
    assert wrong(page, "../../elsewhere.md") == "leads out of the repository"
    assert wrong(page, "design.md#arrays-are-n-h-w-c") is None


def test_formulas_are_no_links():
    assert without_maths("$f[i](x)$ and `$a` then [b](c) `$d`") == " and `$a` then [b](c) `$d`"
