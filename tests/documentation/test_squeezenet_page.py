"""The numbers in the text and the tables of docs/squeezenet.md, and the same in Chinese.

What stands in the pages' blocks of code is run where all pages are; here is what stands between
them. The pictures' own numbers are those of the script that draws them.
"""

import re
import sys
from functools import cache

import numpy as np
import pytest

from mydl import Bypass, Fire, Sequential, build_model, network_of, squeezenet_general

from .page import ROOT, blocks

ENGLISH, CHINESE = (ROOT / "docs" / name for name in ("squeezenet.md", "zh/squeezenet.md"))
PAGES = pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=["English", "Chinese"])
PHOTOGRAPHS = {  # per cent, top-1 and top-5; tests/models/test_real_weights.py measures them
    "68.5 / 88.0",
    "61.0 / 85.0",
    "68.0 / 86.0",
}


# ---- reading a page -----------------------------------------------------------------------------


def tables(page):
    """The tables of a page: lists of rows, each a list of cells without stars."""
    found, rows = [], []
    for line in [*page.read_text().split("\n"), ""]:
        if line.startswith("|"):
            cells = [cell.strip().replace("**", "") for cell in line.strip("|").split("|")]
            if not set("".join(cells)) <= set("-: "):
                rows.append(cells)
        elif rows:
            found.append(rows)
            rows = []
    return found


def table(page, *numbers):
    """The only table with these texts among its cells."""
    (one,) = (t for t in tables(page) if {*numbers} <= {cell for row in t for cell in row})
    return one


def number(cell):
    return float(cell.replace(",", "").removesuffix("MB").removesuffix("%").removesuffix("x"))


def prose(page):
    """A page without its blocks of code."""
    lines = page.read_text().split("\n")
    for block in reversed(blocks(page.read_text())):
        del lines[block.line - 1 : block.line + block.text.count("\n") + 1]
    return "\n".join(lines)


@cache
def network(version="1_0", **options):
    return build_model(f"squeezenet{version}", **options)


def work(version, pixels, **options):
    return network(version, **options).multiply_adds((1, pixels, pixels, 3))


# ---- both pages say the same --------------------------------------------------------------------


def test_both_pages_have_the_same_blocks_of_code():
    english, chinese = (
        [block.text.replace("../../mydl", "../mydl") for block in blocks(page.read_text())]
        for page in (ENGLISH, CHINESE)
    )
    assert chinese == english


def test_both_pages_have_the_same_tables_of_numbers():
    english, chinese = tables(ENGLISH), tables(CHINESE)
    assert [len(one) for one in chinese] == [len(one) for one in english]
    for one, other in zip(english, chinese, strict=True):
        for row, same in zip(one, other, strict=True):
            assert len(same) == len(row)
            commands = [re.findall(r"`mydl [^`]+`", cell) for cell in row]
            assert [re.findall(r"`mydl [^`]+`", cell) for cell in same] == commands
            for cell, translated in zip(row, same, strict=True):
                if re.fullmatch(r"[\d,.]+( MB| %|x)?", cell):
                    assert translated == cell


def test_both_pages_have_the_same_sections_pictures_and_formulas():
    for pattern in (r"^#+ ", r"!\[[^\]]*\]\([./]*(images/[^)]+)\)", r"\$\$"):
        english, chinese = (
            re.findall(pattern, prose(page), re.MULTILINE) for page in (ENGLISH, CHINESE)
        )
        assert chinese == english


# ---- the fire module ----------------------------------------------------------------------------


@PAGES
@pytest.mark.parametrize(("column", "channels"), [(2, 3), (3, 10)])
def test_the_table_of_129_against_216(page, column, channels):
    rows = table(page, "129", "150")[1:]
    fire = Fire(channels, 3, 4, 4)
    parts = [part.weight.data.size for part in (fire.squeeze, fire.expand1x1, fire.expand3x3)]
    plain = 9 * channels * 8
    for cell, right in zip([row[column] for row in rows[:3]], parts, strict=True):
        product, result = cell.split(" = ")
        assert np.prod([int(factor) for factor in product.split("·")]) == right == int(result)
    assert int(rows[3][column]) == sum(parts)
    assert rows[4][column] == f"9·{channels}·8 = {plain}"
    assert float(rows[5][column]) == round(plain / sum(parts), 1)


@PAGES
def test_of_one_channel_a_fire_module_makes_more(page):
    assert Fire(1, 3, 4, 4).num_parameters() - 11 == 123
    assert "123" in prose(page)


@PAGES
def test_fire2(page):
    fire = network().features["fire2"]
    parts = [part.num_parameters() for part in (fire.squeeze, fire.expand1x1, fire.expand3x3)]
    assert " + ".join(f"{part:,}" for part in parts) + f" = {sum(parts):,}" in prose(page)
    assert 0.775 < parts[2] / sum(parts) < 0.8  # four fifths


@PAGES
def test_shares_of_conv10_and_of_the_two_causes(page):
    text = prose(page)
    assert round(100 * 513_000 / network().num_parameters()) == 41
    assert "41 %" in text
    assert round(60_965_224 / 1_248_424, 1) == 48.8
    assert "60,965,224 / 1,248,424 = 48.8" in text


# ---- versions, bypass, metaparameters -----------------------------------------------------------


@PAGES
def test_the_table_of_versions(page):
    rows = table(page, "387,747,520")
    assert [[number(cell) for cell in row[1:]] for row in rows[5:8]] == [
        [network(v).num_parameters() for v in ("1_0", "1_1")],
        [work(v, 227) for v in ("1_0", "1_1")],
        [work(v, 224) for v in ("1_0", "1_1")],
    ]
    conv1 = [network(v).features["conv1"].num_parameters() for v in ("1_0", "1_1")]
    fire2 = [network(v).features["fire2"].num_parameters() for v in ("1_0", "1_1")]
    assert [conv1[0] - conv1[1], fire2[0] - fire2[1]] == [12_416, 512]
    assert network().num_parameters() - network("1_1").num_parameters() == 12_928
    gflop = [2 * w / 1e9 for w in (work("1_0", 227, conv10_padding=1), work("1_1", 224))]
    assert [round(g, 2) for g in gflop] == [1.72, 0.70]
    assert round(2 * work("1_1", 227) / 1e9, 2) == 0.78
    assert round(work("1_0", 227) / work("1_1", 224), 1) == 2.4


@PAGES
def test_the_table_of_bypasses(page):
    rows = table(page, "57.5 %", "60.4 %", "7.7 MB")[1:]
    for row, bypass in zip(rows, (None, "simple", "complex"), strict=True):
        parameters = network(bypass=bypass).num_parameters()
        assert number(row[4]) == parameters
        assert float(row[5]) == round(4 * parameters / 1e6, 1)


@PAGES
def test_the_table_of_metaparameters(page):
    for row in table(page, "4,841,704", "19.4")[1:]:
        ratio, share = float(row[0]), float(row[1])
        made = squeezenet_general(squeeze_ratio=ratio, pct_3x3=share)
        assert number(row[2]) == made.num_parameters()
        assert float(row[3]) == round(4 * made.num_parameters() / 1e6, 1)
        assert float(row[4]) == round(4 * made.num_parameters() / 2**20, 1)


@PAGES
def test_a_bypass_opens_all_directions(page):
    """What the page's block shows, for fire9 of the real network."""
    rng = np.random.default_rng(0)
    fire = Fire(512, 64, 256, 256, rng=rng)
    x = rng.normal(size=(2, 20, 20, 512)).astype(np.float32)
    ranks = []
    for layer in (fire, Bypass(fire)):
        dy = rng.normal(size=layer.forward(x).shape).astype(np.float32)
        ranks.append(int(np.linalg.matrix_rank(layer.backward(dy).reshape(-1, 512))))
    assert ranks == [64, 512]


def test_downsampling_late_changes_no_parameter():
    layers = network().features.children()
    order = [name for name in layers if name != "pool8"]
    moved = Sequential({name: layers[name] for name in order})
    assert moved.num_parameters() == network().features.num_parameters()


# ---- compression --------------------------------------------------------------------------------


@PAGES
def test_the_ratios_of_table_2(page):
    for row in table(page, "363x", "510x")[1:]:
        megabytes, smaller = number(row[3]), number(row[4])
        assert 240 / megabytes == pytest.approx(smaller, rel=0.02)


@PAGES
def test_5746(page):
    parameters = 96 * 16 + 16 * 64 + 0.33 * 9 * 16 * 64 + (16 + 64 + 64)
    assert round(parameters) == 5_745
    assert "1,536 + 1,024 + 0.33 · 9,216" in prose(page)


@PAGES
def test_what_is_in_the_compressed_file(page, real_weights):
    path = real_weights / "squeezenet1_0_deep_compression.net"
    raw = path.read_bytes()
    counts = np.frombuffer(raw[:104], "<u4").astype(int)  # entries of each of the 26 layers
    biases = sum(
        values.size
        for name, values in network_of(path).state_dict().items()
        if name.endswith(".bias")
    )
    rows = table(page, "422,083")[1:]
    parts = [counts.sum(), ((counts + 1) // 2).sum(), 26 * 256 * 4, 4 * biases, 104]
    assert [number(row[0]) for row in rows] == parts
    assert sum(parts) == len(raw) == 675_763
    text = prose(page)
    assert f"{len(raw):,}" in text
    assert f"{len(raw) / 1024:.1f} KiB" in text
    assert round(243_860_896 / len(raw)) == 361


@PAGES
def test_the_parameters_after_pruning(page, real_weights):
    state = network_of(real_weights / "squeezenet1_0_deep_compression.net").state_dict()
    left, everything = {}, {}
    for name, values in state.items():
        layer = name.split(".")[1]
        kept = np.count_nonzero(values) if name.endswith(".weight") else values.size
        left[layer] = left.get(layer, 0) + kept
        everything[layer] = everything.get(layer, 0) + values.size
    *rows, total = table(page, "5,746")[1:]
    assert [row[0] for row in rows] == list(left)
    for row in rows:
        before, paper, here = map(number, row[1:])
        assert (before, here) == (everything[row[0]], left[row[0]])
        assert abs(here / paper - 1) < 0.015
    columns = zip(*([number(cell) for cell in row[1:]] for row in rows), strict=True)
    assert [number(cell) for cell in total[1:]] == [sum(column) for column in columns]
    kept = np.count_nonzero(state["features.fire2.expand3x3.weight"])
    assert f"{kept:,}" in prose(page)


@PAGES
def test_the_accuracies_on_photographs_are_those_that_are_measured(page):
    text = prose(page)
    assert all(f"{pair} %" in text for pair in PHOTOGRAPHS)


# ---- training -----------------------------------------------------------------------------------


@PAGES
def test_epochs_and_days_of_the_paper_s_training(page):
    images = 170_000 * 512
    assert (round(images / 1_281_167, 1), round(images / 84 / 86_400)) == (67.9, 12)
    text = prose(page)
    assert all(said in text for said in ("67.9", "170,000", "1,281,167", "12"))
    speeds = (ROOT / "docs" / "performance.md").read_text()
    (line,) = re.findall(r"^\| mydl \|.*$", speeds, re.MULTILINE)
    assert line.split("|")[7].strip() == "84"  # training at 224x224 with batches of 8


# ---- the pictures -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures():
    """The script that draws them."""
    folder = str(ROOT / "docs" / "images")
    sys.path.insert(0, folder)
    try:
        import make_squeezenet
    finally:
        sys.path.remove(folder)
    return make_squeezenet


@PAGES
def test_the_picture_of_accuracies_has_the_tables_numbers(page, pictures):
    table2 = {(number(row[3]), number(row[6])) for row in table(page, "363x", "510x")[1:]}
    table3 = {(number(row[3]), number(row[2])) for row in table(page, "57.5 %", "7.7 MB")[1:]}
    drawn = {(megabytes, accuracy) for _, megabytes, accuracy in pictures.PAPER}
    assert drawn == table2 | table3 | {(19, 86.0)}


def test_bars_have_the_networks_parameters(pictures):
    assert sum(pictures.parameters_by_layer("alexnet").values()) == 60_965_224
    assert sum(pictures.parameters_by_layer("squeezenet1_0").values()) == 1_248_424


@pytest.mark.slow
@PAGES
def test_how_much_the_gradient_grows(page, pictures):
    plain, simple, complex_ = (pictures.gradients_by_module(b)["fire2"] for b in pictures.BYPASSES)
    assert (round(simple / plain), round(complex_ / plain)) == (7, 58)
    assert re.search(r"\b7\b.{0,60}\b58\b", prose(page).replace("\n", " "))
