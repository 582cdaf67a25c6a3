"""Our own weight files: exact round trips, whole files or none, and nothing in them is run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.weights import WeightsError, load_npz, save_npz

ARRAYS = {
    "features.conv1.weight": np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype(np.float32),
    "classifier.conv10.bias": np.zeros(10, np.float64),
}


def test_round_trip_is_exact(tmp_path):
    path = tmp_path / "model.npz"
    save_npz(path, ARRAYS, {"model": "squeezenet_tiny", "classes": ["é", "ü"]})
    arrays, description = load_npz(path)
    assert description == {"model": "squeezenet_tiny", "classes": ["é", "ü"]}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(array, ARRAYS[name])


def test_a_failed_write_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    save_npz(path, ARRAYS, {"version": 1})

    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_npz(path, ARRAYS, {"version": 2})
    assert load_npz(path)[1] == {"version": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["model.npz"]


def test_missing_and_foreign_files_are_refused_in_words(tmp_path):
    with pytest.raises(WeightsError, match="there is no such file"):
        load_npz(tmp_path / "nothing.npz")
    text = tmp_path / "text.npz"
    text.write_text("not an archive")
    with pytest.raises(WeightsError, match=r"text\.npz: not a readable \.npz file"):
        load_npz(text)
    foreign = tmp_path / "foreign.npz"
    np.savez(foreign, x=np.zeros(3))
    with pytest.raises(WeightsError, match="not one that mydl wrote"):
        load_npz(foreign)
    single = tmp_path / "single.npy"
    np.save(single, np.zeros(3))
    with pytest.raises(WeightsError, match="not a readable"):
        load_npz(single)


class Hostile:
    def __reduce__(self):
        return (pytest.fail, ("code in a weight file was run",))


def test_pickles_are_not_run(tmp_path):
    path = tmp_path / "hostile.npz"
    np.savez(path, __mydl__=np.array("{}"), weight=np.array([Hostile()], dtype=object))
    with pytest.raises(WeightsError, match="not a readable"):
        load_npz(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "whole.npz"
    save_npz(path, ARRAYS, {})
    return path.read_bytes()


@given(data=st.data())
def test_damaged_files_are_refused_or_read_right(whole, tmp_path_factory, data):
    damaged = bytearray(whole)
    if data.draw(st.booleans(), label="cut"):
        del damaged[data.draw(st.integers(0, len(damaged) - 1)) :]
    else:
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(damaged)
    try:
        arrays, _ = load_npz(path)
    except WeightsError:
        return
    for name in arrays.keys() & ARRAYS.keys():
        np.testing.assert_array_equal(arrays[name], ARRAYS[name])


def test_numpy_alone_reads_what_we_write(tmp_path):
    path = tmp_path / "model.npz"
    save_npz(path, ARRAYS, {})
    with np.load(path) as file:
        np.testing.assert_array_equal(
            file["features.conv1.weight"], ARRAYS["features.conv1.weight"]
        )
