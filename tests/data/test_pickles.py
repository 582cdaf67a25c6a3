"""The reader of pickles: what it takes, and that nothing hostile gets through."""

import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.data import DataError
from mydl.data.pickles import read_pickle

ARRAY = np.arange(12, dtype=np.uint8).reshape(3, 4)


def test_a_dictionary_as_python_2_wrote_it(python2):
    raw = python2.batch(ARRAY, [1, 2, 3])
    content = read_pickle(raw)
    np.testing.assert_array_equal(content["data"], ARRAY)
    assert content["labels"] == [1, 2, 3]
    assert content["batch_label"] == "training batch 1 of 5"
    # The pickle is a real one: Python itself reads it.
    np.testing.assert_array_equal(pickle.loads(raw, encoding="latin1")["data"], ARRAY)


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("array", [ARRAY, np.asfortranarray(ARRAY), ARRAY[:0]])
def test_a_dictionary_as_python_3_writes_it(array, protocol):
    raw = pickle.dumps({b"data": array, "labels": [0, 300, -1], "x": (1, None, True)}, protocol)
    content = read_pickle(raw)
    np.testing.assert_array_equal(content["data"], array)
    assert content["labels"] == [0, 300, -1]
    assert content["x"] == (1, None, True)


class Call:
    """Pickles as the call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    "function", [os.system, eval, exec, open, getattr, np.load, np.zeros, pickle.loads]
)
def test_a_call_of_anything_else_is_refused_and_not_made(function, protocol, tmp_path):
    raw = pickle.dumps({"data": Call(function, f"touch {tmp_path}/called")}, protocol)
    with pytest.raises(DataError, match=r"it asks for '.*', which no data set needs: do not trust"):
        read_pickle(raw)
    assert not list(tmp_path.glob("called"))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "it asks for 'os.system'"),
        (b"(S'true'\nios\nsystem\n.", "instruction STRING"),
        (b"\x80\x02(K\x01ios\nsystem\n.", "instruction INST"),
        (b"\x80\x02(cnumpy\ndtype\no.", "instruction OBJ"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "instruction NEWOBJ"),
        (b"\x80\x02Pthing\n.", "instruction PERSID"),
        (b"\x80\x02K\x01Q.", "instruction BINPERSID"),
        (b"\x80\x02\x82\x01.", "instruction EXT1"),
        (b"S'\\u'\n.", "instruction STRING"),
        (b"\x80\x05\x96" + struct.pack("<Q", 2**40), "damaged or no pickle"),
        (b"\x80\x05\x96" + struct.pack("<Q", 4) + b"abcd.", "instruction BYTEARRAY8"),
        (b"\x80\x04\x8c\x0bbuiltins.os\x8c\x06system\x93.", "it asks for"),
        (b"\x80\x02]q\x01.", "no dictionary but a value of type list"),
        (b"\x80\x02K\x05.", "no dictionary but a value of type int"),
    ],
)
def test_other_instructions_are_refused_in_words(raw, message):
    with pytest.raises(DataError, match=message):
        read_pickle(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80\x02}",
        b"not a pickle",
        b"\x80\x02.",
        b"\x80\x02K\x01K\x02.",
        b"\x80\x02R.",
        b"\x80\x02K\x01)R.",
        b"\x80\x02}h\x07.",
        b"\x80\x02u.",
        b"\x80\x02}(K\x01K\x02K\x03u.",
        b"\x80\x02})N(u.",
        b"\x80\x02}K\x05b.",
        b"\x80\x02K\x05K\x05a.",
        b"\x80\x02}T\xff\xff\xff\x7fabc.",
        b"\x80\x02}T\xff\xff\xff\xffabc.",
    ],
)
def test_instructions_that_make_no_sense_are_damage(raw):
    with pytest.raises(DataError, match="damaged or no pickle; unpack or download it again"):
        read_pickle(raw)


@given(st.data())
def test_a_pickle_cut_short_anywhere_is_damage(python2, data):
    raw = python2.batch(ARRAY, [1, 2, 3])
    end = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(DataError, match="damaged or no pickle"):
        read_pickle(raw[:end])


@given(st.data())
def test_changed_bytes_are_read_or_refused_in_words(python2, data):
    raw = bytearray(python2.batch(ARRAY, [1, 2, 3]))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        content = read_pickle(bytes(raw))
    except DataError:
        return
    assert isinstance(content, dict)


@pytest.mark.parametrize("where", ["key", "dtype", "module", "argument of a call"])
def test_a_small_file_cannot_ask_for_an_endless_structure(where):
    """Sixty pairs of the pair before: 2^60 items to whoever hashes, prints or copies them."""
    doubled = b"K\x01" + b"".join(
        b"q" + bytes([k]) + b"h" + bytes([k]) + b"\x86" for k in range(60)
    )
    dtype = b"cnumpy\ndtype\n" + doubled + b"\x85R"
    program = {
        "key": b"}" + doubled + b"K\x01s.",
        "dtype": b"}U\x04datacnumpy.core.multiarray\n_reconstruct\n)R"
        + (b"(K\x01K\x00\x85" + dtype + b"\x89U\x00tbs."),
        "module": doubled + b"U\x01x\x93.",
        "argument of a call": b"}U\x04datacnumpy\ndtype\n" + doubled + b"Rs.",
    }[where]
    with pytest.raises(DataError):
        read_pickle(b"\x80\x02" + program)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "O8"}, "array of type 'O8' instead of bytes"),
        ({"kind": "f4"}, "array of type 'f4' instead of bytes"),
        ({"kind": "V100"}, "array of type 'V100' instead of bytes"),
        ({"shape": (2**31 - 1, 2**31 - 1)}, "an array that lacks values"),
        ({"shape": (2, 4)}, "an array that lacks values"),
    ],
)
def test_other_arrays_are_refused(changes, message, python2):
    raw = python2.dictionary({"data": python2.array(ARRAY, **changes)})
    with pytest.raises(DataError, match=message):
        read_pickle(raw)


def test_numpys_own_arrays_of_objects_are_refused():
    array = np.array([{"a": 1}, None], object)
    with pytest.raises(DataError, match="array of type 'O8'"):
        read_pickle(pickle.dumps({"data": array}, 3))


def test_a_dtype_where_an_array_belongs_is_refused():
    with pytest.raises(DataError, match=r"it holds numpy\.dtype instead of an array"):
        read_pickle(pickle.dumps({"data": np.dtype("u1")}, 3))
