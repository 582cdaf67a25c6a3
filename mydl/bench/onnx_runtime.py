"""ONNX Runtime as a peer: the same network in the program that many use for inference."""

from __future__ import annotations

import numpy as np

from ..models import build_model
from ..models.onnx_export import INPUT, onnx_model
from .cases import Case, Step


def step(case: Case, threads: int) -> Step:
    """One inference of a batch in ONNX Runtime, with its full optimisation.

    Raises
    ------
    ValueError
        The case is a training step.
    ImportError
        Onnx or onnxruntime is missing.
    """
    if case.mode == "train":
        raise ValueError("ONNX Runtime does inference only")
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError("ONNX Runtime is not installed: pip install 'mydl[onnx]'") from error

    network = build_model(case.model, num_classes=case.classes)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(
        onnx_model(network, case.image).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    h, w, c = case.image
    images = np.random.default_rng(0).normal(size=(case.batch, c, h, w)).astype(np.float32)
    return lambda: session.run(None, {INPUT: images})
