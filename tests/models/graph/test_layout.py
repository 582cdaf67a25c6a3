"""Where things are in the picture of a network: nothing overlaps, and lines end at boxes."""

from itertools import combinations, pairwise

import pytest

from mydl.models.graph import gradient_norms

from .drawn import NETWORKS, image_of, layout_of, three_branches


def backward_layout(name):
    network = NETWORKS[name]()
    return layout_of(network, norms=gradient_norms(network, image_of(network), 0))


LAYOUTS = {
    **{name: lambda name=name: layout_of(NETWORKS[name]()) for name in NETWORKS},
    "three branches": lambda: layout_of(three_branches(), (8, 8, 3)),
    "tiny complex backward": lambda: backward_layout("tiny complex"),
    "tiny norm backward": lambda: backward_layout("tiny norm"),
}


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]()


def overlap(a, b):
    """Whether two rectangles have an area in common."""
    return (
        a.x < b.x + b.width
        and b.x < a.x + a.width
        and a.y < b.y + b.height
        and b.y < a.y + a.height
    )


def inside(outer, inner):
    return (
        outer.x < inner.x
        and outer.y < inner.y
        and inner.x + inner.width < outer.x + outer.width
        and inner.y + inner.height < outer.y + outer.height
    )


def belongs(frame, each):
    return each.box.path.startswith(f"{frame.box.path}.")


def test_boxes_do_not_overlap(layout):
    for a, b in combinations(layout.boxes, 2):
        assert not overlap(a, b), (a.box.path, b.box.path)


def test_frames_are_around_their_own_boxes_and_touch_no_others(layout):
    for frame in layout.frames:
        for box in layout.boxes:
            if belongs(frame, box):
                assert inside(frame, box), (frame.box.path, box.box.path)
            else:
                assert not overlap(frame, box), (frame.box.path, box.box.path)
    for a, b in combinations(layout.frames, 2):
        assert not overlap(a, b), (a.box.path, b.box.path)


def test_no_line_crosses_a_box(layout):
    for edge in layout.edges:
        for (x, y), (u, v) in pairwise(edge.points):
            assert x == u or y == v, "lines are level or upright"
            for box in layout.boxes:
                crosses = (
                    min(x, u) < box.x + box.width
                    and max(x, u) > box.x
                    and min(y, v) < box.y + box.height
                    and max(y, v) > box.y
                )
                assert not crosses, (edge.source, edge.target, box.box.path)


def test_the_way_around_a_bypass_stays_out_of_frames(layout):
    for edge in layout.edges:
        if not edge.around:
            continue
        for (x, y), (u, v) in pairwise(edge.points):
            for frame in layout.frames:
                apart = (
                    max(x, u) <= frame.x
                    or min(x, u) >= frame.x + frame.width
                    or max(y, v) <= frame.y
                    or min(y, v) >= frame.y + frame.height
                )
                assert apart, (edge.source, edge.target, frame.box.path)


def test_lines_begin_and_end_at_boxes_and_forks(layout):
    boxes = {each.box.path: each for each in layout.boxes}

    def on_border(point, box):
        x, y = point
        across = box.x <= x <= box.x + box.width
        down = box.y <= y <= box.y + box.height
        level = x in (box.x, box.x + box.width) and down
        return level or (y in (box.y, box.y + box.height) and across)

    def on_fork(point):
        near = layout.radius
        return any(
            sorted((abs(point[0] - x), abs(point[1] - y))) == pytest.approx([0, near], abs=1e-9)
            for x, y in layout.dots
        )

    for edge in layout.edges:
        start, end = edge.points[0], edge.points[-1]
        assert on_border(start, boxes[edge.source]) or on_fork(start), edge
        assert on_border(end, boxes[edge.target]) if edge.target else on_fork(end), edge


def test_every_box_but_the_image_is_arrived_at(layout):
    targets = {edge.target for edge in layout.edges}
    assert {each.box.path for each in layout.boxes} - targets == {"image"}
    entries = {edge.points[-1] for edge in layout.edges if not edge.target}
    assert len(entries) == len(layout.dots)


def test_a_network_without_forks_is_one_column():
    layout = layout_of(NETWORKS["alexnet"]())
    assert not layout.dots
    assert {each.x for each in layout.boxes} == {-layout.width / 2}
    ys = [each.y for each in layout.boxes]
    assert ys == sorted(ys)


def test_the_stages_follow_each_other():
    layout = layout_of(NETWORKS["tiny"]())
    assert list(layout.stages) == ["features", "classifier"]
    assert layout.stages["features"][1] < layout.stages["classifier"][0]
