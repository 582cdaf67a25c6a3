"""The page in a real browser: its numbers are the library's, and keys, clicks and sizes work."""

import os
import re
import shutil
import time
from contextlib import contextmanager

import numpy as np
import pytest

from mydl.explorer.build import page as page_of
from mydl.explorer.payload import payload
from mydl.explorer.trace import trace

from .traced import LABEL, network_and_image

sync_api = pytest.importorskip("playwright.sync_api", reason="needs pip install 'mydl[browser]'")
pytestmark = pytest.mark.slow

CELLS = 200
DIFFERENCES = 24
PAGES = {
    "simple": "simple bypass, batch norm",
    "complex": "1.1 complex bypass, dropout, final ReLU",
    "own": "own",
}
WIDTH = 360  # CSS pixels of a phone
PATIENCE = 300_000  # milliseconds, for machines that are busy with other things

# Goes to addresses one after the other, and reads off what the page says of each.
READ = """async ([addresses, differences]) => {
  const read = (id) => document.getElementById(id).dataset.value;
  const found = [];
  for (const [number, address] of addresses.entries()) {
    const changed = new Promise((done) => addEventListener("hashchange", done, { once: true }));
    location.hash = address;
    await changed;
    if (differences.includes(number)) document.getElementById("difference-button").click();
    found.push({
      ...document.getElementById("detail").dataset,
      library: read("library"),
      sum: read("sum"),
      difference: read("difference"),
      agrees: document.getElementById("agrees").textContent,
    });
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
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


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """``made(name)``: a page's trace and the address of its file."""
    folder, pages = tmp_path_factory.mktemp("pages"), {}

    def make(name):
        if name not in pages:
            network, image = network_and_image(PAGES[name])
            result = trace(network, image, LABEL)
            picture = np.random.default_rng(0).integers(0, 256, image.shape).astype(np.uint8)
            document = payload(result, picture, f"noise & {name}", [f"class {k}" for k in "abcde"])
            path = folder / f"{name}.html"
            path.write_text(page_of(document), encoding="utf-8")
            pages[name] = result, path.as_uri()
        return pages[name]

    return make


@pytest.fixture
def visit(browser, made):
    """``with visit(name, hash, **options) as (tab, trace)``: a page, which must not complain.

    Whatever it writes to the console is an error here, and so is any request but that for itself.
    """

    @contextmanager
    def visiting(name, address="", **options):
        result, uri = made(name)
        said, asked = [], []
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda request: asked.append(request.url))
        tab = context.new_page()
        tab.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: said.append(f"error: {error}"))
        tab.goto(uri + address)
        yield tab, result
        context.close()
        assert said == []
        assert {url.partition("#")[0] for url in asked if not url.startswith("data:")} == {uri}

    return visiting


def state(tab):
    """Layer, kind and index of the cell that is shown."""
    detail = tab.locator("#detail")
    return tuple(detail.get_attribute(f"data-{what}") for what in ("layer", "kind", "index"))


# ---- numbers -----------------------------------------------------------------------------------


def arrays_of(result):
    """(address without index, kind of layer, kind of number, array) of all that can be shown."""
    for step in result.steps:
        yield f"f/{step.path}/forward", step.kind, "forward", result.values[step.output].data
        for slot, number in enumerate(step.inputs):
            kind = f"dx{slot}" if slot else "dx"
            yield f"b/{step.path}/{kind}", step.kind, "dx", result.values[number].grad
        for kind, name in (("dw", "dweight"), ("db", "dbias")):
            if name in step.arrays:
                yield f"b/{step.path}/{kind}", step.kind, kind, step.arrays[name]


def drawn_cells(results, rng):
    """Cells of all pages, as many of each kind of number of each kind of layer, by page."""
    groups = {}
    for name, result in results.items():
        for address, layer, kind, array in arrays_of(result):
            groups.setdefault((layer, kind), []).append((name, address, kind, array))
    cells = {name: {} for name in results}
    while sum(map(len, cells.values())) < CELLS:
        for arrays in groups.values():
            name, address, kind, array = arrays[rng.integers(len(arrays))]
            index = np.unravel_index(rng.integers(array.size), array.shape)
            where = f"#{address}/{','.join(map(str, index))}"
            cells[name][where] = kind, array, index
    return groups.keys(), cells


def test_numbers_on_the_page_are_the_library_s(visit, made):
    rng = np.random.default_rng(11)
    kinds, cells = drawn_cells({name: made(name)[0] for name in PAGES}, rng)
    assert len({layer for layer, _ in kinds}) == 12
    for name, drawn in cells.items():
        gradients = [at for at, (kind, *_) in enumerate(drawn.values()) if kind != "forward"]
        differences = rng.permutation(gradients)[: DIFFERENCES // len(PAGES)].tolist()
        with visit(name) as (tab, _):
            found = tab.evaluate(READ, [list(drawn), differences])
        for number, (address, cell) in enumerate(zip(drawn, found, strict=True)):
            kind, array, index = drawn[address]
            assert (cell["kind"], cell["index"]) == (kind, address.rpartition("/")[2])
            assert f"/{cell['layer']}/" in address
            assert float(cell["library"]) == array[index], address
            scale = float(np.abs(array).max())
            assert float(cell["sum"]) == pytest.approx(array[index], rel=1e-4, abs=1e-5 * scale)
            assert cell["agrees"].startswith("✓"), f"{address}: {cell}"
            if number in differences:
                allowed = {"rel": 1e-3, "abs": 1e-4 * scale}
                assert float(cell["difference"]) == pytest.approx(array[index], **allowed), address


# ---- keys and clicks ---------------------------------------------------------------------------


def test_step_by_step_from_the_loss_to_the_image_and_back(visit):
    with visit("simple") as (tab, result):
        paths = [step.path for step in result.steps]
        assert state(tab) == ("loss", "dx", str(LABEL))
        seen = ["loss"]
        for _ in paths[1:]:
            tab.keyboard.press("n")
            seen.append(state(tab)[0])
        assert seen == paths[::-1]
        assert state(tab)[1] == "dx"
        tab.keyboard.press("p")
        assert state(tab)[0] == paths[1]
        tab.keyboard.press("f")
        assert state(tab)[:2] == (paths[1], "forward")
        tab.keyboard.press("n")
        assert state(tab)[:2] == (paths[2], "forward")
        tab.keyboard.press("ArrowLeft")
        assert state(tab)[0] == paths[1]
        tab.keyboard.press("b")
        assert state(tab)[:2] == (paths[1], "dx")


def test_kinds_of_gradient_by_key_and_by_link(visit):
    with visit("complex", "#b/features.conv1/dx/4,7,2") as (tab, _):
        assert state(tab) == ("features.conv1", "dx", "4,7,2")
        tab.keyboard.press("w")
        assert state(tab)[:2] == ("features.conv1", "dw")
        assert len(state(tab)[2].split(",")) == 4
        tab.keyboard.press("i")
        assert state(tab)[:2] == ("features.conv1", "db")
        tab.locator("#kinds a").first.click()
        assert state(tab)[:2] == ("features.conv1", "dx")
        assert tab.locator("#difference").get_attribute("data-value") is None
        tab.keyboard.press("d")
        slope = float(tab.locator("#difference").get_attribute("data-value"))
        library = float(tab.locator("#library").get_attribute("data-value"))
        assert slope == pytest.approx(library, rel=1e-3, abs=1e-6)


def test_layers_modes_and_cells_by_click(visit):
    with visit("simple") as (tab, _):
        tab.locator('[data-key="features.pool1"]').click()
        assert state(tab)[0] == "features.pool1"
        tab.locator("#forward-mode").click()
        assert state(tab)[:2] == ("features.pool1", "forward")
        canvas = tab.locator("#output-maps canvas").first
        box = canvas.bounding_box()
        canvas.click(position={"x": 2, "y": 2})
        channel = state(tab)[2].split(",")[2]
        assert state(tab)[2] == f"0,0,{channel}"
        canvas.click(position={"x": box["width"] - 3, "y": box["height"] - 3})
        assert state(tab)[2] == f"15,15,{channel}"
        canvas.press("ArrowUp")
        canvas.press("ArrowLeft")
        assert state(tab) == ("features.pool1", "forward", f"14,14,{channel}")
        canvas.press("PageDown")
        assert int(state(tab)[2].split(",")[2]) == int(channel) + 1
        tab.locator("#step-right").click()
        assert state(tab)[0] == "features.fire2.squeeze.conv"
        tab.go_back()
        tab.wait_for_function("document.getElementById('detail').dataset.layer.endsWith('pool1')")


@pytest.mark.parametrize("name", PAGES)
def test_every_layer_can_be_reached_and_taken_apart(visit, name):
    with visit(name) as (tab, result):
        addresses = [f"#{address}" for address, *_ in arrays_of(result)]
        for address, cell in zip(addresses, tab.evaluate(READ, [addresses, []]), strict=True):
            assert f"/{cell['layer']}/" in address
            assert cell["agrees"].startswith("✓"), f"{address}: {cell}"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("#b/features.conv99/dx/0,0,0", "There is no layer features.conv99"),
        ("#b/features.conv1.conv/dx/0,0,99", "There is no cell 0,0,99"),
        ("#b/features.relu1/dw", "features.relu1 has no dw, it has dx"),
        ("#sideways", "An address begins with f or b"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(visit, address, message):
    with visit("simple", address) as (tab, _):
        assert message in tab.locator("#message").inner_text()
        assert state(tab)[0] == "loss"


def test_the_help_opens_and_closes(visit):
    with visit("simple") as (tab, _):
        tab.keyboard.press("?")
        assert tab.locator("#help").is_visible()
        tab.keyboard.press("Escape")
        assert not tab.locator("#help").is_visible()


def test_all_that_can_be_pressed_has_a_name(visit):
    with visit("simple", "#b/features.fire3.inner.expand3x3.conv/dx") as (tab, _):
        nameless = tab.evaluate(
            """() => [...document.querySelectorAll("button, a, input, [tabindex]")]
              .filter((node) => node.checkVisibility() && !(node.textContent.trim()
                || node.ariaLabel || node.getAttribute("aria-labelledby") || node.labels?.length))
              .map((node) => node.outerHTML.slice(0, 80))"""
        )
        assert nameless == []


# ---- sizes, colours, time ------------------------------------------------------------------------


def test_nothing_is_wider_than_a_phone(visit):
    with visit("simple", viewport={"width": WIDTH, "height": 740}) as (tab, result):
        for address, *_ in arrays_of(result):
            tab.evaluate(READ, [[f"#{address}"], []])
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= WIDTH, f"{address} is {wide} pixels wide"


def luminance(colour):
    """Of a colour as browsers write it, by WCAG 2."""
    channels = np.array([float(number) for number in re.findall(r"[\d.]+", colour)[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(visit, scheme):
    with visit("simple", "#b/features.conv1.conv/dw", color_scheme=scheme) as (tab, _):
        ground = luminance(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert (ground > 0.5) == (scheme == "light")
        texts = tab.evaluate(
            """() => [...document.querySelectorAll("h1, h2, p, dt, dd, td, th, small, a, button")]
              .filter((node) => node.checkVisibility() && !node.disabled && node.innerText.trim())
              .map((node) => {
                let under = node;
                const ground = () => getComputedStyle(under).backgroundColor;
                const isClear = () => /^rgba.*, 0\\)$/.test(ground());
                while (under.parentElement && isClear()) under = under.parentElement;
                return [node.outerHTML.slice(0, 80), getComputedStyle(node).color, ground()];
              })"""
        )
        assert len(texts) > 20
        for text, colour, behind in texts:
            high, low = sorted((luminance(colour), luminance(behind)), reverse=True)
            contrast = (high + 0.05) / (low + 0.05)
            assert contrast >= 4.5, f"{text}: {colour} on {behind} has a contrast of {contrast:.2f}"


def test_how_long_the_page_takes_to_load(visit, capsys):
    """Printed, not asserted: a busy machine proves nothing."""
    began = time.perf_counter()
    with visit("complex") as (tab, _):
        assert state(tab)[0] == "loss"
        seconds = time.perf_counter() - began
        size = tab.evaluate("document.documentElement.outerHTML.length")
    with capsys.disabled():
        print(f"\nexplorer: {size / 1e6:.1f} MB shown after {seconds:.2f} s, a new tab included")
