"""A machine finds the README's two commands, and pages in two languages show the same.

That its links lead to files is asked in tests/documentation/test_links.py, and that its blocks run
by the pages themselves: ``pytest README.md``.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from .documentation.page import blocks, inline_commands
from .documentation.test_links import links

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TWINS = {
    ROOT / "README.md": ROOT / "README.zh.md",
    DOCS / "tutorial.md": DOCS / "zh" / "tutorial.md",
    DOCS / "squeezenet.md": DOCS / "zh" / "squeezenet.md",
}
ENGLISH = {chinese: english for english, chinese in TWINS.items()}
twins = pytest.mark.parametrize("english", TWINS, ids=lambda page: str(page.relative_to(ROOT)))
# The numbers in the text of the third are asked for in tests/documentation/test_squeezenet_page.py.
translated = pytest.mark.parametrize(
    "english", list(TWINS)[:2], ids=lambda page: str(page.relative_to(ROOT))
)


def text_of(page):
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["main", "test"])
@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_two_commands_can_be_found_by_a_machine(name, kind):
    lines = text_of(ROOT / name).splitlines()
    place = lines.index(f"<!-- {kind} command -->")
    assert lines[place + 1] == "```bash"
    assert lines[place + 2].startswith("pip install ")
    assert lines[place + 3] == "```"


@twins
def test_both_languages_show_the_same_blocks(english):
    assert shown(TWINS[english]) == shown(english)


def shown(page):
    """A page's blocks, and what is done with them; a file that is included by its place."""
    text, found = text_of(page), []
    for block in blocks(text):
        opening = text.split("\n")[block.line - 1]
        if included := re.match(r"```{literalinclude} (.+)", opening):
            opening = (page.parent / included[1]).resolve()
        found.append((opening, block.text, block.markers))
    return found


@translated
def test_both_languages_name_the_same_commands(english):
    of_english, of_chinese = (
        [command for _, command in inline_commands(text_of(page))]
        for page in (english, TWINS[english])
    )
    assert Counter(of_chinese) == Counter(of_english)


@translated
def test_both_languages_lead_to_the_same_places(english):
    assert places(TWINS[english]) == places(english)


def places(page):
    """Where a page leads: to which pages, in whichever language, and to which addresses."""
    found = set()
    for target in links(page):
        path = target.partition("#")[0]
        place = target if "://" in target else (page.parent / path).resolve()
        found.add(ENGLISH.get(place, place))
    return found


@translated
def test_both_languages_say_the_same_numbers(english):
    assert numbers(TWINS[english]) == numbers(english)


def numbers(page):
    """The numbers of a page's text and formulas, without blocks and the targets of links."""
    text = text_of(page)
    for block in blocks(text):
        text = text.replace(block.text, "")
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return Counter(re.findall(r"\d(?:[\d.,]*\d)?(?:e-\d+)?", text))
