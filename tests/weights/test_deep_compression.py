"""Deep Compression's file of SqueezeNet 1.0: made ones, the published one, and damaged ones."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.models import squeezenet1_0
from mydl.weights import WeightsError
from mydl.weights.deep_compression import HEADER, LAYERS, _layer, is_deep_compression, read
from mydl.weights.raw import FormatError


def encode(weight):
    """Codebook, codes and gaps of a weight, as the format's description says."""
    values = np.unique(weight[weight != 0])
    codebook = np.zeros(256, "<f4")
    codebook[1 : len(values) + 1] = values
    codes, gaps, before = [], [], -1
    for position in np.flatnonzero(weight):
        while position - before > 16:
            codes.append(0)
            gaps.append(15)
            before += 16
        codes.append(1 + int(np.searchsorted(values, weight.flat[position])))
        gaps.append(position - before - 1)
        before = position
    return codebook, np.array(codes, np.uint8), np.array(gaps, np.uint8)


def record(codebook, bias, codes, gaps):
    halves = np.append(gaps, np.zeros(len(gaps) % 2, np.uint8)).reshape(-1, 2)
    pairs = halves[:, 0] | halves[:, 1] << 4
    return b"".join(part.tobytes() for part in (codebook, bias.astype("<f4"), codes, pairs))


def made(arrays):
    """A file of arrays."""
    counts, records = [], []
    for layer in LAYERS:
        codebook, codes, gaps = encode(arrays[f"{layer}.weight"])
        counts.append(len(codes))
        records.append(record(codebook, arrays[f"{layer}.bias"], codes, gaps))
    return np.array(counts, "<u4").tobytes() + b"".join(records)


@pytest.fixture(scope="module")
def arrays():
    """Weights of which one in two hundred remains."""
    rng = np.random.default_rng(0)
    arrays = {}
    for layer, shape in LAYERS.items():
        values = rng.normal(size=rng.integers(1, 256)).astype(np.float32)
        remains = rng.random(shape) < 0.005
        arrays[f"{layer}.weight"] = np.where(remains, rng.choice(values, shape), np.float32(0))
        arrays[f"{layer}.bias"] = rng.normal(size=shape[0]).astype(np.float32)
    return arrays


@pytest.fixture(scope="module")
def content(arrays):
    return made(arrays)


@pytest.fixture
def path(tmp_path, content):
    path = tmp_path / "small.net"
    path.write_bytes(content)
    return path


def test_a_made_file(path, arrays):
    assert is_deep_compression(path)
    found = read(path, sha256=None)
    assert list(found) == list(arrays)
    for name, values in found.items():
        assert values.dtype == np.float32
        assert values.flags.writeable
        np.testing.assert_array_equal(values, arrays[name])
    with pytest.raises(WeightsError, match=r"small\.net: .* not the checksum that it should"):
        read(path)


def test_names_and_shapes_are_those_of_our_network(arrays):
    state = squeezenet1_0().state_dict()
    assert arrays.keys() == state.keys()
    for name, values in state.items():
        shape = values.shape
        assert arrays[name].shape == (shape if len(shape) == 1 else (*shape[:1:-1], *shape[:2]))


@given(st.data())
@settings(max_examples=30)
def test_any_layer_round_trips(data):
    shape = (data.draw(st.integers(1, 4)), data.draw(st.integers(1, 9)), 3, 3)
    size = math.prod(shape)
    places = data.draw(st.lists(st.integers(0, size - 1), max_size=20, unique=True))
    weight = np.zeros(shape, np.float32)
    weight.flat[places] = data.draw(
        st.lists(st.sampled_from([-1.5, 2.0, 1e-30]), min_size=len(places), max_size=len(places))
    )
    bias = np.arange(shape[0], dtype=np.float32)
    codebook, codes, gaps = encode(weight)
    found, found_bias = _layer(record(codebook, bias, codes, gaps), shape, len(codes), "it has")
    np.testing.assert_array_equal(found, weight)
    np.testing.assert_array_equal(found_bias, bias)


def test_a_layer_without_weights_and_one_without_zeros():
    shape = (2, 2, 3, 3)
    for weight in (np.zeros(shape, np.float32), np.ones(shape, np.float32)):
        codebook, codes, gaps = encode(weight)
        raw = record(codebook, np.zeros(2), codes, gaps)
        np.testing.assert_array_equal(_layer(raw, shape, len(codes), "it has")[0], weight)


# ---- bad input ----------------------------------------------------------------------------------

CODES = HEADER + 1024 + 4 * 96  # where the codes of conv1 begin


def changed(content, offset, new):
    return content[:offset] + new + content[offset + len(new) :]


def test_what_cannot_be_is_refused_with_the_place(tmp_path, content):
    count = int.from_bytes(content[:4], "little")
    gaps = CODES + count
    assert 0 in content[CODES:gaps]  # an entry that bridges
    layer = "features.conv1, the layer at byte 104, has"
    cases = {
        f"it ends in the header, at byte 103 of {HEADER}": content[:103],
        "byte 0 gives features.conv1 14113 entries for 14112 weights": changed(
            content, 0, (14113).to_bytes(4, "little")
        ),
        "byte 100 gives classifier.conv10 4294967295 entries": changed(content, 100, b"\xff" * 4),
        f"it has {len(content) - 1} bytes, but its header says {len(content)}": content[:-1],
        f"it has {len(content) + 1} bytes, but its header says": content + b"\0",
        r"it has \d+ bytes, but its header says": changed(
            content, 0, (count + 1).to_bytes(4, "little")
        ),
        f"{layer} a codebook that does not begin with zero": changed(content, HEADER, b"\1"),
        f"{layer} a value or bias that is not finite": changed(
            content, HEADER + 8, np.float32(np.nan).tobytes()
        ),
        f"{layer} a value or bias that is not": changed(
            content, CODES - 4, np.float32(np.inf).tobytes()
        ),
        f"{layer} an entry of value zero that does not bridge a gap": changed(
            content, gaps, bytes((count + 1) // 2)
        ),
    }
    path = tmp_path / "x.net"
    for message, damaged in cases.items():
        path.write_bytes(damaged)
        with pytest.raises(WeightsError, match=rf"x\.net: {message}"):
            read(path)
        right_length = damaged[:HEADER] == content[:HEADER] and len(damaged) == len(content)
        assert is_deep_compression(path) == right_length


@pytest.mark.parametrize("gaps", [[15], [8, 0], [0] * 10])
def test_entries_beyond_the_last_weight_are_refused(gaps):
    gaps = np.array(gaps, np.uint8)
    raw = record(np.arange(256, dtype="<f4"), np.zeros(1), np.full_like(gaps, 3), gaps)
    with pytest.raises(FormatError, match="it has entries beyond the last of 9 weights"):
        _layer(raw, (1, 1, 3, 3), len(gaps), "it has")


def test_other_files(tmp_path):
    with pytest.raises(WeightsError, match="there is no such file"):
        read(tmp_path / "nothing")
    with pytest.raises(WeightsError, match="this is not a file"):
        read(tmp_path)
    assert not is_deep_compression(tmp_path)
    assert not is_deep_compression(tmp_path / "nothing")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(WeightsError, match="it has 1099511627776 bytes, but"):
        read(tmp_path / "large")


def test_damaged_files_are_refused_by_their_checksum(path, content, damaged):
    sha256 = hashlib.sha256(content).hexdigest()
    read(path, sha256)
    for seed in range(100):
        broken = damaged(content, np.random.default_rng(seed))
        path.unlink()  # some file systems write a file at once that replaces another
        path.write_bytes(broken)
        if broken == content:
            continue
        with pytest.raises(WeightsError):
            read(path, sha256)


def test_damage_without_a_checksum_changes_numbers_at_most(path, content, arrays):
    rng = np.random.default_rng(0)
    read_all_the_same = 0
    for _ in range(100):
        at = int(rng.integers(HEADER, len(content)))
        path.unlink()
        path.write_bytes(changed(content, at, rng.bytes(1)))
        try:
            found = read(path, sha256=None)
        except WeightsError:
            continue
        read_all_the_same += 1
        assert found.keys() == arrays.keys()
        for name, values in found.items():
            assert values.shape == arrays[name].shape
            assert np.isfinite(values).all()
    assert read_all_the_same


# ---- the real one -------------------------------------------------------------------------------

# layer: offset of the record, entries, non-zero weights, sum of weights, sum of biases
CHECK = """
conv1               104  13902  13902    -0.565541  34.281552
fire2.squeeze     22365   1528   1528    65.083957  10.297529
fire2.expand1x1   25745   1020   1020    16.494938   7.048508
fire2.expand3x3   28555   3073   3039   -17.626808   1.139853
fire3.squeeze     34445   2038   2038    40.441625   2.696672
fire3.expand1x1   38590   1023   1023    20.529589   1.399421
fire3.expand3x3   41405   3081   3039   -19.461454   4.446945
fire4.squeeze     47307   4085   4085    25.311647   3.528846
fire4.expand1x1   54587   4071   4071    -1.982012  -0.001711
fire4.expand3x3   62230  12288  12156   -75.300831   0.165046
fire5.squeeze     82198   8160   8160    45.838344   0.787356
fire5.expand1x1   95590   4067   4067     7.125772   0.001933
fire5.expand3x3  103227  12343  12147   -35.504635   0.015079
fire6.squeeze    123278  12161  12161    70.962256  -0.025984
fire6.expand1x1  142736   4602   4602   -23.819968   0.030357
fire6.expand3x3  151431  27558  27325  -153.983913   0.488970
fire7.squeeze    194560   9205   9205    94.177118   5.168280
fire7.expand1x1  209584   9132   9129   -24.384590  -0.952892
fire7.expand3x3  225074  27564  27336  -133.480738   0.595388
fire8.squeeze    268212  24388  24388    83.085071   0.839852
fire8.expand1x1  306074   8190   8187   -76.280313   3.339439
fire8.expand3x3  320407  44919  44144  -287.957418  -1.041707
fire9.squeeze    389834  16371  16370   151.969682  -0.126340
fire9.expand1x1  415671  16303  16303  -190.142396   0.084534
fire9.expand3x3  442174  45038  44173  -343.143728   0.020742
conv10           511779 105973 102323 -1765.988846  32.868255
"""


def test_the_published_file(real_weights):
    path = real_weights / "squeezenet1_0_deep_compression.net"
    assert is_deep_compression(path)
    arrays = read(path)
    digest, offset = hashlib.sha256(), HEADER
    header = np.frombuffer(path.read_bytes()[:HEADER], "<u4").tolist()
    for row, (layer, shape), count in zip(
        CHECK.split("\n")[1:-1], LAYERS.items(), header, strict=True
    ):
        name, *numbers = row.split()
        weight, bias = arrays[f"{layer}.weight"], arrays[f"{layer}.bias"]
        assert layer.endswith(f".{name}")
        assert [int(number) for number in numbers[:3]] == [offset, count, np.count_nonzero(weight)]
        assert weight.shape == shape
        sums = [values.sum(dtype=np.float64) for values in (weight, bias)]
        np.testing.assert_allclose(sums, [float(x) for x in numbers[3:]], rtol=1e-5, atol=2e-6)
        offset += 1024 + bias.nbytes + count + -(-count // 2)
        digest.update(weight.astype("<f4").tobytes() + bias.astype("<f4").tobytes())
    assert offset == path.stat().st_size
    expected = "5760c45770e3dd678a28d737d89dad7ea9138e3c5f8d3ec581db56431fe6f920"
    assert digest.hexdigest() == expected


def test_the_published_file_with_a_changed_bit(real_weights, tmp_path):
    content = (real_weights / "squeezenet1_0_deep_compression.net").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(20):
        at = int(rng.integers(HEADER, len(content)))
        (tmp_path / "x.net").unlink(missing_ok=True)
        (tmp_path / "x.net").write_bytes(changed(content, at, bytes([content[at] ^ 1])))
        with pytest.raises(WeightsError):
            read(tmp_path / "x.net")
