"""ONNX files: a stored one with every form of numbers, our own exports, and damaged ones."""

from pathlib import Path

import numpy as np
import pytest

from mydl.layers import Conv2d, Flatten, GlobalAvgPool2d, Linear, Sequential
from mydl.models import squeezenet_tiny
from mydl.models.onnx_export import export_onnx
from mydl.weights import WeightsError
from mydl.weights.onnx_files import graph_order, is_onnx, read

REFERENCES = Path(__file__).parent.parent / "references"
OUTSIDE = "onnx.outside"


@pytest.fixture(scope="module")
def expected():
    with np.load(REFERENCES / "onnx.npz") as arrays:
        return dict(arrays)


@pytest.fixture
def copied(tmp_path):
    """The stored file, and the one beside it that has some of its numbers."""
    for name in ("onnx.onnx", OUTSIDE):
        (tmp_path / name).write_bytes((REFERENCES / name).read_bytes())
    return tmp_path / "onnx.onnx"


def test_numbers_in_every_form(expected):
    path = REFERENCES / "onnx.onnx"
    arrays = read(path)
    assert is_onnx(path)
    assert arrays.keys() == expected.keys()
    for name, array in arrays.items():
        assert array.dtype == expected[name].dtype, name
        assert array.shape == expected[name].shape
        np.testing.assert_array_equal(array, expected[name])
        assert array.flags.writeable


def test_layers_in_the_order_of_the_graph():
    assert graph_order(REFERENCES / "onnx.onnx") == [
        ("Conv", "conv.weight", "conv.bias"),
        ("Gemm", "linear.weight", "linear.bias"),
        ("MatMul", "other.weight", None),
    ]


def test_our_own_exports(tmp_path):
    pytest.importorskip("onnx", reason="needs the package onnx")
    path = tmp_path / "tiny.onnx"
    model = squeezenet_tiny(num_classes=5, seed=3)
    export_onnx(model, path)
    arrays = read(path)
    assert is_onnx(path)
    state = model.state_dict()
    assert arrays.keys() == state.keys()
    for name, values in state.items():
        axes = (3, 2, 0, 1) if values.ndim == 4 else (0,)
        np.testing.assert_array_equal(arrays[name], values.transpose(axes))
    layers = [name.removesuffix(".weight") for name in state if name.endswith(".weight")]
    assert graph_order(path) == [("Conv", f"{x}.weight", f"{x}.bias") for x in layers]


def test_an_export_with_linear_layers(tmp_path):
    pytest.importorskip("onnx", reason="needs the package onnx")
    path = tmp_path / "x.onnx"
    conv = Conv2d(3, 4, kernel_size=3, bias=False)
    model = Sequential({"a": conv, "b": GlobalAvgPool2d(), "c": Flatten(), "d": Linear(4, 2)})
    export_onnx(model, path, (8, 8, 3))
    assert graph_order(path) == [("Conv", "a.weight", None), ("Gemm", "d.weight", "d.bias")]
    np.testing.assert_array_equal(read(path)["d.weight"], model["d"].weight.data.T)


def test_what_the_package_onnx_writes(tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the package onnx")
    path = tmp_path / "x.onnx"
    model = squeezenet_tiny(num_classes=5)
    export_onnx(model, path)
    inside = read(path)
    onnx.save_model(
        onnx.load(path), tmp_path / "y.onnx", save_as_external_data=True, size_threshold=0
    )
    outside = read(tmp_path / "y.onnx")
    assert (tmp_path / "y.onnx").stat().st_size < path.stat().st_size / 10
    for name, values in inside.items():
        np.testing.assert_array_equal(outside[name], values)


# ---- bad input ----------------------------------------------------------------------------------


class Parts:
    """Writes ONNX models with one initializer."""

    def __init__(self, wire):
        self.wire = wire

    def model(self, *initializers, graph=b""):
        graph += b"".join(self.wire.bytes(5, content) for content in initializers)
        return self.wire.integer(1, 8) + self.wire.bytes(7, graph)

    def tensor(self, shape=(1,), kind=1, name="w", raw=None, more=b""):
        wire = self.wire
        axes = b"".join(wire.integer(1, size) for size in shape)
        content = axes + wire.integer(2, kind) + wire.bytes(8, name) + more
        return content if raw is None else content + wire.bytes(9, raw)

    def outside(self, **place):
        pairs = [self.wire.bytes(1, k) + self.wire.bytes(2, v) for k, v in place.items()]
        return b"".join(self.wire.bytes(13, p) for p in pairs) + self.wire.integer(14, 1)


@pytest.fixture(scope="module")
def parts(wire):
    return Parts(wire)


HUGE = 2**62


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2,), 1, "w", bytes(4)), r"shape \(2,\) of float32 needs 8 bytes, but there are 4"),
        (((HUGE, 4), 1, "w", b""), "needs 73786976294838206464 bytes, but there are 0"),
        (((-1,), 1, "w", b""), r"no array has 1 axes of sizes \[-1\]"),
        (((1,) * 33, 1, "w", b""), "no array has 33 axes"),
        (((0, HUGE, HUGE), 1, "w", b""), "no array has shape"),
        (((1,), 8, "w", bytes(4)), "it is of ONNX's data type 8, not of numbers"),
        (((1,), 17, "w", bytes(1)), "it is of ONNX's data type 17"),
        (((1,), 1), r"shape \(1,\) of float32 needs 4 bytes, but there are 0"),
        (((1,), 1, "w", None, b"\x22\x03abc"), "but there are 3"),
        (((1,), 3, "w", None, b"\x2a\x02\x80\x01"), "it has numbers that are beyond int8"),
        (((1,), 6, "w", None, b"\x2a\x01\x80"), "end in the middle of one"),
        (((1,), 1, "w", None, b"\x28\x01"), "needs 4 bytes, but there are 1"),
    ],
)
def test_an_initializer_that_cannot_be_is_named(parts, tmp_path, arguments, message):
    path = tmp_path / "x.onnx"
    path.write_bytes(parts.model(parts.tensor(*arguments)))
    with pytest.raises(WeightsError, match=rf"x\.onnx: initializer 'w': .*{message}"):
        read(path)


def test_models_that_cannot_be(parts, wire, tmp_path):
    path = tmp_path / "x.onnx"
    one = parts.tensor((1,), 1, "w", bytes(4))
    models = {
        "it is no ONNX file: it has no graph": wire.integer(1, 8),
        "it has two initializers 'w'": parts.model(one, one),
        r"the initializer at byte \d+ is sparse": parts.model(graph=wire.bytes(15, b"")),
        "the name at byte": parts.model(wire.bytes(8, b"\xff")),
        r"the field at byte 2 is \d+ bytes longer": parts.model(one)[:-1],
    }
    for message, content in models.items():
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=message):
            read(path)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({}, "its numbers are in '', but only files in the same folder are read"),
        ({"location": "../secret"}, "its numbers are in '../secret', but only files"),
        ({"location": "/etc/passwd"}, "its numbers are in '/etc/passwd', but only"),
        ({"location": ".."}, "only files in the same folder are read"),
        ({"location": "a\\b"}, "only files in the same folder are read"),
        ({"location": "a\0b"}, "only files in the same folder are read"),
        ({"location": "a/b"}, "only files in the same folder are read"),
        ({"location": "gone"}, "its numbers are in 'gone', which is not in the same folder"),
        ({"location": "inner"}, "its numbers are in 'inner', which is not in the same folder"),
        ({"location": "data", "offset": "5"}, "it needs 4 bytes from byte 5 of 'data', which has"),
        ({"location": "data", "offset": "-1"}, "its numbers are at '-1', which is no place"),
        ({"location": "data", "offset": "9" * 5000}, "which is no place in a file"),
        ({"location": "data", "offset": "9" * 18}, "which has 8"),
        ({"location": "data", "length": "5"}, "it needs 4 bytes from byte 0 of 'data'"),
        ({"location": "data", "length": "a"}, "its numbers are at 'a'"),
    ],
)
def test_numbers_outside_that_cannot_be_read(parts, tmp_path, place, message):
    (tmp_path / "secret").write_bytes(bytes(8))
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "data").write_bytes(bytes(8))
    path = folder / "x.onnx"
    path.write_bytes(parts.model(parts.tensor(more=parts.outside(**place))))
    with pytest.raises(WeightsError, match=f"initializer 'w': .*{message}"):
        read(path)


def test_many_initializers_in_the_same_bytes_are_refused(parts, tmp_path):
    """Else a file of some kilobytes could ask for gigabytes."""
    (tmp_path / "data").write_bytes(bytes(4000))
    tensors = [
        parts.tensor((1000,), 1, f"w{k}", more=parts.outside(location="data")) for k in range(9)
    ]
    (tmp_path / "x.onnx").write_bytes(parts.model(*tensors))
    with pytest.raises(WeightsError, match="it needs 4000 bytes from byte 0 of 'data'"):
        read(tmp_path / "x.onnx")


def test_other_files_are_not_taken_for_onnx(tmp_path):
    for content in (b"", b"PK\x03\x04", b"\x80\x02}", b"\x93NUMPY", bytes(100)):
        (tmp_path / "x").write_bytes(content)
        assert not is_onnx(tmp_path / "x")
        with pytest.raises(WeightsError):
            read(tmp_path / "x")
        with pytest.raises(WeightsError):
            graph_order(tmp_path / "x")
    assert not is_onnx(tmp_path / "nothing")
    assert not is_onnx(tmp_path)
    with pytest.raises(WeightsError, match="nothing: there is no such file"):
        read(tmp_path / "nothing")
    with pytest.raises(WeightsError, match="this is not a file"):
        read(tmp_path)


def test_damaged_files_are_refused_or_read(copied, damaged):
    """ONNX has no checksums: a changed number stays unseen, but nothing else happens."""
    whole = copied.read_bytes()
    length = len(whole) + len((REFERENCES / OUTSIDE).read_bytes())
    refused = 0
    for seed in range(400):
        copied.unlink()  # some file systems write a file at once that replaces another
        copied.write_bytes(damaged(whole, np.random.default_rng(seed)))
        try:
            arrays = read(copied)
        except WeightsError:
            refused += 1
        else:
            assert sum(array.nbytes for array in arrays.values()) <= 8 * length
        try:
            for operator, weight, bias in graph_order(copied):
                assert operator in ("Conv", "Gemm", "MatMul")
                assert isinstance(weight, str)
                assert bias is None or isinstance(bias, str)
        except WeightsError:
            pass
    assert refused > 150
