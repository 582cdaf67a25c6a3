"""The built site: it loads nothing from elsewhere, its links work, and it fits on a phone.

`$MYDL_SITE` names a site that was built; otherwise one is built here, without running notebooks.
"""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from .public import defined_in, everything, modules, packages_above

ROOT = Path(__file__).parents[2]
pytest.importorskip("myst_nb", reason="needs pip install 'mydl[docs]'")
pytest.importorskip("numpydoc", reason="needs pip install 'mydl[docs]'")
pytestmark = pytest.mark.slow

# What a browser fetches by itself, and the attribute that says from where.
LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("source", "src"),
    ("source", "srcset"),
    ("iframe", "src"),
    ("embed", "src"),
    ("object", "data"),
    ("video", "src"),
    ("video", "poster"),
    ("audio", "src"),
    ("input", "src"),
    ("image", "href"),
    ("use", "href"),
}
LOADING_LINKS = {"stylesheet", "icon", "shortcut icon", "preload", "modulepreload", "manifest"}
PHONE = {"width": 360, "height": 740}
PATIENCE = 300_000  # milliseconds, for machines that are busy with other things
# The formulas that reach beyond the page and are in no box that scrolls.
CUT_OFF = """() => {
  const scrolls = (e) =>
    e.tagName !== "ARTICLE" &&
    (getComputedStyle(e).overflowX === "auto" || scrolls(e.parentElement));
  return [...document.querySelectorAll("article math")]
    .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth)
    .filter((e) => !scrolls(e))
    .map((e) => e.textContent);
}"""
PAGES_ON_A_PHONE = [
    "index.html",
    "layers/index.html",
    "layers/conv2d.html",
    "layers/softmax-cross-entropy.html",
    "squeezenet.html",
    "zh/squeezenet.html",
    "winograd.html",
    "notebooks/02-convolution.html",
    "reference/index.html",
    "reference/layers.html",
    "reference/commands.html",
    "source/mydl/layers/conv.py.html",
]


class Page(HTMLParser):
    """What a page loads, what it links to, and what may be linked to in it."""

    def __init__(self, path):
        super().__init__()
        self.loaded, self.links, self.ids, self.formulas = [], [], set(), 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.formulas += tag == "math"
        self.ids |= {values[name] for name in ("id", "name") if values.get(name)}
        for name, value in values.items():
            if (tag, name) in LOADED and value:
                self.loaded += re.split(r",\s+", value) if name == "srcset" else [value]
            if name == "style" and value:
                self.loaded += addresses_in_style(value)
        if tag == "link" and values.get("rel") in LOADING_LINKS:
            self.loaded.append(values["href"])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])


def addresses_in_style(text):
    return [a or b for a, b in re.findall(r"""url\(["']?([^"')]+)|@import\s+["']([^"']+)""", text)]


def elsewhere(address):
    """Whether an address is on another host; what is in the page itself (data:) is not."""
    return address.startswith("//") or urlsplit(address).scheme not in ("", "data")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder with the built site."""
    if "MYDL_SITE" in os.environ:
        return ROOT / os.environ["MYDL_SITE"]
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    quick = ["-D", "nb_execution_mode=off"]
    done = subprocess.run(
        [*command, *quick, ROOT / "docs", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    """The pages of the site by their path."""
    paths = (path for path in site.rglob("*.html") if "_static" not in path.parts)
    return {path: Page(path) for path in paths}


def test_nothing_is_loaded_from_another_host(site, pages):
    assert len(pages) > 60
    loaded = {address for page in pages.values() for address in page.loaded}
    assert loaded
    for sheet in site.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        loaded |= {*addresses_in_style(text)}
    assert not [address for address in sorted(loaded) if elsewhere(address)]


def test_what_is_looked_for_would_be_found():
    """The test above sees an address of another host where there is one."""
    found = addresses_in_style('@import "https://a.b/c.css"; x { background: url(//a.b/d.png) }')
    assert [elsewhere(address) for address in found] == [True, True]
    assert not elsewhere("_static/site.css?v=1")
    assert not elsewhere("data:image/png;base64,AAAA")


def test_links_inside_the_site_work(site, pages):
    """Every page and every place in a page that another one links to."""
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            there = pages.get(target)
            if not target.exists() or (anchor and there and anchor not in there.ids):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert not broken


def test_links_to_source_files_show_them(site, pages):
    """From the page of a layer one gets to its code, as a page of the site."""
    conv = site / "layers" / "conv2d.html"
    code = site / "source" / "mydl" / "layers" / "conv.py.html"
    links = {(conv.parent / link).resolve() for link in pages[conv].links if "://" not in link}
    assert code in links
    assert "im2col" in code.read_text(encoding="utf-8")
    assert "L1" in pages[code].ids


def test_formulas_are_mathml(site, pages):
    assert pages[site / "layers" / "conv2d.html"].formulas > 10
    loaded = {address for page in pages.values() for address in page.loaded}
    assert not [address for address in loaded if "mathjax" in address.lower()]


def test_every_public_name_is_in_the_index(site):
    """What other projects' documentation, and the search, know of this one."""
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    known = {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}
    # By the name of the module that defines it, or of a package that exports it.
    missing = {
        f"{module}.{name}"
        for module in modules()
        for name in defined_in(module)
        if not {f"{home}.{name}" for home in (module, *packages_above(module))} & known
    }
    assert len(known) > 1000
    assert not missing


def test_docstrings_keep_to_numpydocs_format():
    """By the validator of numpydoc itself; test_reference.py compares lists of parameters."""
    from numpydoc.validate import validate

    # A parameter that there is not, or without a description; sections that are unknown or in
    # disorder; markup that is none; no summary.
    asked = {"PR02", "PR07", "PR10", "GL05", "GL06", "GL07", "GL10", "SS01", "SS04"}
    wrong = {}
    for name, thing in everything():
        # What a method has from its base class is looked at there.
        if not isinstance(thing, property) and thing.__doc__:
            found = [error for error in validate(name)["errors"] if error[0] in asked]
            if found:
                wrong[name] = found
    assert not wrong


# ---- in a browser --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="needs pip install 'mydl[browser]'"
    )
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("there is no Chromium: install it, or say with $CHROMIUM where it is")
    root = os.name == "posix" and os.geteuid() == 0  # Chromium's sandbox refuses to run for root
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"] if root else []
        )
        yield browser
        browser.close()


@pytest.mark.parametrize("name", PAGES_ON_A_PHONE)
def test_a_page_fits_on_a_phone_and_asks_nobody_for_anything(site, browser, name):
    """What is wider than the page (a formula, a table, code) scrolls in a box of its own."""
    asked = []
    context = browser.new_context(viewport=PHONE)
    context.set_default_timeout(PATIENCE)
    context.on("request", lambda request: asked.append(request.url))
    tab = context.new_page()
    tab.goto((site / name).as_uri())
    width = tab.evaluate("document.documentElement.scrollWidth")
    cut_off = tab.evaluate(CUT_OFF)
    context.close()
    assert width <= PHONE["width"]
    assert not cut_off
    assert not [url for url in asked if urlsplit(url).scheme not in ("file", "data")]


def test_search_works_from_a_folder(site, browser):
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    tab.goto(f"{(site / 'search.html').as_uri()}?q=im2col")
    tab.wait_for_selector("#search-results li a")
    found = tab.locator("#search-results li a").all_inner_texts()
    context.close()
    assert found
