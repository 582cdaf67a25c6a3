"""ONNX Runtime as a peer: the same network on the same number of threads."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from mydl.bench.cases import Case
from mydl.bench.onnx_runtime import step
from mydl.models import build_model

needs_onnx = pytest.mark.skipif(
    find_spec("onnx") is None or find_spec("onnxruntime") is None,
    reason="needs the packages onnx and onnxruntime",
)

SMALL = Case("squeezenet1_1_cifar", 10, (32, 32, 3), 3, "infer")


@needs_onnx
@pytest.mark.parametrize("case", [SMALL, Case("squeezenet1_1", 1000, (64, 48, 3), 2, "infer")])
def test_a_step_gives_the_logits_of_the_whole_batch(case):
    (logits,) = step(case, threads=1)()
    assert logits.shape == (case.batch, case.classes)
    h, w, c = case.image
    images = np.random.default_rng(0).normal(size=(case.batch, c, h, w)).astype(np.float32)
    network = build_model(case.model, num_classes=case.classes).eval()
    ours = network.forward(np.moveaxis(images, 1, -1))
    np.testing.assert_allclose(logits, ours, rtol=1e-4, atol=1e-4 * np.abs(ours).max())


@needs_onnx
def test_the_session_has_the_threads_it_was_given(monkeypatch):
    import onnxruntime

    seen = []
    session = onnxruntime.InferenceSession

    def spy(content, options, **others):
        seen.append(options)
        return session(content, options, **others)

    monkeypatch.setattr(onnxruntime, "InferenceSession", spy)
    step(SMALL, threads=2)()
    (options,) = seen
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    assert options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL


def test_it_does_not_train():
    with pytest.raises(ValueError, match="ONNX Runtime does inference only"):
        step(Case("squeezenet1_1_cifar", 10, (32, 32, 3), 3, "train"), threads=1)


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_without_the_packages_a_sentence_says_how_to_get_them(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r"pip install 'mydl\[onnx\]'"):
        step(SMALL, threads=1)
