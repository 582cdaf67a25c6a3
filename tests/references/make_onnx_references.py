"""Make onnx.onnx, onnx.outside and onnx.npz: an initializer in each form that ONNX has for numbers.

python tests/references/make_onnx_references.py        (made with onnx 1.23 and ml_dtypes 0.5)
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, external_data_helper, helper, numpy_helper

FOLDER = Path(__file__).parent

# name: ONNX's type, values
NUMBERS = {
    "float": (TensorProto.FLOAT, [[1.5, -2.0], [3e38, 1e-45]]),
    "double": (TensorProto.DOUBLE, [np.pi, -1e300]),
    "half": (TensorProto.FLOAT16, [[0.5], [-65504.0]]),
    "brain": (TensorProto.BFLOAT16, [1.0, -3.0, 2.0**100]),
    "int8": (TensorProto.INT8, [-128, 127]),
    "uint8": (TensorProto.UINT8, [0, 255]),
    "int16": (TensorProto.INT16, [-(2**15), 2**15 - 1]),
    "uint16": (TensorProto.UINT16, [2**16 - 1]),
    "int32": (TensorProto.INT32, [-(2**31), 2**31 - 1]),
    "uint32": (TensorProto.UINT32, [2**32 - 1]),
    "int64": (TensorProto.INT64, [-(2**63), 2**63 - 1]),
    "uint64": (TensorProto.UINT64, [2**64 - 1]),
    "bool": (TensorProto.BOOL, [True, False]),
}


def main():
    rng = np.random.default_rng(0)
    weights = {
        "conv.weight": rng.normal(size=(4, 3, 3, 3)),
        "conv.bias": rng.normal(size=4),
        "linear.weight": rng.normal(size=(5, 4)),
        "linear.bias": rng.normal(size=5),
        "other.weight": rng.normal(size=(5, 2)),
    }
    initializers = [
        numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()
    ]
    external_data_helper.set_external_data(initializers[2], "onnx.outside", offset=4, length=80)
    for name, (kind, values) in NUMBERS.items():
        values = np.array(values, helper.tensor_dtype_to_np_dtype(kind))
        initializers.append(numpy_helper.from_array(values, f"{name}_raw"))
        initializers.append(
            helper.make_tensor(f"{name}_typed", kind, values.shape, values.reshape(-1))
        )
    initializers.append(helper.make_tensor("scalar", TensorProto.FLOAT, (), [7.0]))
    initializers.append(helper.make_tensor("empty", TensorProto.INT64, (0,), []))
    arrays = {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float32)
        if tensor.data_type == TensorProto.BFLOAT16
        else numpy_helper.to_array(tensor)
        for tensor in initializers
        if tensor.name not in weights
    }
    arrays |= {name: array.astype(np.float32) for name, array in weights.items()}
    outside = initializers[2].raw_data
    (FOLDER / "onnx.outside").write_bytes(b"\0\0\0\0" + outside + b"\0")
    initializers[2].ClearField("raw_data")
    nodes = [
        helper.make_node("Conv", ["images", "conv.weight", "conv.bias"], ["a"]),
        helper.make_node("GlobalAveragePool", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "linear.weight", "linear.bias"], ["d"], transB=1),
        helper.make_node("Gemm", ["d", "other.weight"], ["e"]),
        helper.make_node("Relu", ["e"], ["logits"]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 2])
    graph = helper.make_graph(nodes, "reference", [images], [logits], initializers)
    onnx.save(helper.make_model(graph, ir_version=8), FOLDER / "onnx.onnx")
    onnx.checker.check_model(FOLDER / "onnx.onnx")
    np.savez_compressed(FOLDER / "onnx.npz", **arrays)


if __name__ == "__main__":
    main()
