"""The picture of a network: what stands in it."""

import shutil

import pytest

from mydl.layer import LayerError
from mydl.models import build_model, summary
from mydl.models.graph import network_svg

from .drawn import NETWORKS, SMALL, SVG, backward_svg, edges, layers, svg, three_branches, words

each_network = pytest.mark.parametrize("name", NETWORKS)


@each_network
def test_every_layer_is_there_with_its_shape_and_its_parameters(name):
    network = NETWORKS[name]()
    found = layers(svg(network))
    rows = summary(network, network.image_shape, expand=True).rows
    groups = {row.path for row in rows if row.kind == "GroupedConv2d"}
    for row in rows:
        if row.path.rpartition(".")[0] in groups:
            continue  # its box is the whole convolution's
        shape = "x".join(map(str, row.output_shape))
        box = found[row.path]
        assert box.get("data-shape") == shape
        assert box.get("data-parameters") == str(row.parameters)
        text = words(box)
        assert row.path.rpartition(".")[2] in text
        assert row.kind in text
        assert shape in text
        assert (f"{row.parameters:,} parameters" in text) == bool(row.parameters)
    assert box.find(f"{SVG}title").text == row.path


@each_network
def test_the_picture_has_a_box_for_nothing_else(name):
    network = NETWORKS[name]()
    rows = {row.path for row in summary(network, network.image_shape, expand=True).rows}
    others = layers(svg(network)).keys() - rows
    assert {path for path in others if not path.endswith(".concat")} == {"image"}


def test_it_says_what_it_is_to_those_who_cannot_see_it():
    root = svg(build_model("squeezenet_tiny"), title="tiny <&> \"small\" 'one'")
    assert root.get("role") == "img"
    named = [root.find(f"{SVG}title"), root.find(f"{SVG}desc")]
    assert root.get("aria-labelledby").split() == [each.get("id") for each in named]
    assert named[0].text == "tiny <&> \"small\" 'one'"
    assert "features.fire2.expand3x3: Conv2d, 16x16x64, 9,280 parameters" in named[1].text
    assert "122,986 parameters, 13,991,936 multiply-adds" in named[1].text


def test_it_stands_alone_and_knows_light_and_dark():
    text = network_svg(build_model("squeezenet_tiny"), (32, 32, 3), "tiny")
    assert "@media (prefers-color-scheme: dark)" in text
    assert text.count("http") == 1, "nothing but the name space is named: nothing is loaded"
    assert "<script" not in text


def test_a_simple_bypass_is_an_arrow_around_a_fire_module():
    root = svg(build_model("squeezenet_tiny", bypass="simple"))
    around = [edge for edge in edges(root) if "around" in edge.get("class").split()]
    ends = [(edge.get("data-from"), edge.get("data-to")) for edge in around]
    assert ends == [
        ("features.fire2.expand_relu", "features.fire3"),
        ("features.fire4.expand_relu", "features.fire5"),
    ]
    for edge in around:
        assert [path.get("class") for path in edge.iter(f"{SVG}path")] == ["line", "head"]


def test_a_complex_bypass_has_its_convolution_on_the_way():
    root = svg(build_model("squeezenet_tiny", bypass="complex"))
    around = [edge for edge in edges(root) if "around" in edge.get("class").split()]
    ends = [(edge.get("data-from"), edge.get("data-to")) for edge in around]
    assert ends == [
        ("features.pool1", "features.fire2.projection"),
        ("features.fire2.projection", "features.fire2"),
        ("features.fire2", "features.fire3"),
        ("features.pool3", "features.fire4.projection"),
        ("features.fire4.projection", "features.fire4"),
        ("features.fire4", "features.fire5"),
    ]


def test_what_a_fire_module_sees_goes_through_both_expands():
    root = svg(build_model("squeezenet_tiny"))
    ends = [(edge.get("data-from"), edge.get("data-to")) for edge in edges(root)]
    fire = "features.fire2"
    for expand in (f"{fire}.expand1x1", f"{fire}.expand3x3"):
        assert (f"{fire}.squeeze_relu", expand) in ends
        assert (expand, f"{fire}.concat") in ends
    assert (f"{fire}.concat", f"{fire}.expand_relu") in ends
    assert (f"{fire}.expand_relu", "features.fire3.squeeze") in ends


def test_networks_of_no_family_are_drawn_too():
    found = layers(svg(three_branches(), shape=(8, 8, 3)))
    assert list(found) == [
        *("fork", "image", "fork.a.conv", "fork.a.relu", "fork.b.conv", "fork.c"),
        *("fork.concat", "line"),
    ]
    assert found["fork"].get("data-shape") == found["fork.concat"].get("data-shape") == "8x8x9"


def test_names_in_a_fire_module_leave_out_the_module_s():
    found = layers(svg(NETWORKS["tiny norm"]()))
    fire = "features.fire2"
    names = {
        f"{fire}.inner": "fire2.inner",
        f"{fire}.inner.squeeze.norm": "squeeze.norm",
        f"{fire}.inner.expand_relu": "expand_relu",
        f"{fire}.projection.conv": "projection.conv",
        "classifier.conv10": "conv10",
    }
    for path, name in names.items():
        assert found[path].find(f".//{SVG}tspan").text == name


def test_an_image_that_does_not_fit_is_refused():
    with pytest.raises(LayerError, match=r"features\.conv1"):
        network_svg(build_model("squeezenet1_1"), (2, 2, 3), "too small")


@pytest.mark.parametrize("name", SMALL)
def test_every_norm_is_written_beside_its_edge_and_in_its_box(name):
    root, norms = backward_svg(NETWORKS[name]())
    numbers = [each.text for each in root.iter(f"{SVG}text") if each.get("class") == "number"]
    flows = []
    for edge in edges(root):
        path, side = edge.get("data-gradient").rsplit(" ", 1)
        assert float(edge.get("data-norm")) == norms.flows[path, side]
        assert edge.find(f"{SVG}title").text == f"{path} {side}: {edge.get('data-norm')}"
        flows.append(f"{norms.flows[path, side]:.3g}")
    assert numbers[: len(flows)] == flows, "in the order of the edges, and then the legend's"
    for path, box in layers(root).items():
        weight = norms.parameters.get(f"{path}.weight")
        if weight is not None:
            assert float(box.get("data-dweight")) == weight
            assert f"{weight:.3g}" in words(box)
    assert f"loss {norms.loss:.3g}" in words(layers(root)["loss"])


def test_a_grouped_convolution_has_the_norm_over_its_groups():
    root, norms = backward_svg(NETWORKS["alexnet"]())
    parts = [norms.parameters[f"features.conv2.{group}.weight"] for group in (0, 1)]
    whole = float(layers(root)["features.conv2"].get("data-dweight"))
    assert whole == pytest.approx(sum(part**2 for part in parts) ** 0.5)


def test_lines_are_wider_the_larger_the_gradient():
    root, _ = backward_svg(build_model("squeezenet_tiny", bypass="complex"))
    pairs = sorted(
        (float(edge.get("data-norm")), float(edge.find(f"{SVG}path").get("stroke-width")))
        for edge in edges(root)
    )
    widths = [width for _, width in pairs]
    assert widths == sorted(widths)
    assert widths[0] == 1.2
    assert widths[-1] == 9.0


@pytest.mark.slow
def test_the_text_fits_its_boxes_in_a_browser(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or pytest.skip("there is no chromium on the path")
    script = """() => [...document.querySelectorAll("g[data-path]")].flatMap((box) => {
        const room = box.querySelector("rect").getBBox();
        const texts = [...box.querySelectorAll("text")].map((text) => text.getBBox());
        const out = texts.some((t) => t.x < room.x || t.y < room.y
            || t.x + t.width > room.x + room.width || t.y + t.height > room.y + room.height);
        const over = texts.some((a, i) => texts.some((b, j) => i < j && a.x < b.x + b.width
            && b.x < a.x + a.width && a.y + 3 < b.y + b.height && b.y + 3 < a.y + a.height));
        return out || over ? [box.dataset.path] : [];
    })"""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for name in ("1.1 complex", "tiny norm", "alexnet"):
            network = NETWORKS[name]()
            file = tmp_path / "network.svg"
            file.write_text(network_svg(network, network.image_shape, name))
            page.goto(file.as_uri())
            assert page.locator("g[data-path]").count() > len(network.layers)
            assert page.evaluate(script) == [], name
        browser.close()
