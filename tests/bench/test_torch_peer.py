"""PyTorch is given the same network: with the same weights it gives the same logits."""

import numpy as np
import pytest

from mydl.bench.cases import choose_cases
from mydl.models import build_model

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.mark.parametrize("size", [32, 33, 224])
def test_the_same_network(size):
    from mydl.bench.torch_peer import build

    (case,) = choose_cases((size, size, 3), [2], "infer")
    ours = build_model(case.model, num_classes=case.classes).eval()
    theirs = build(case).eval()
    assert sum(p.numel() for p in theirs.parameters()) == ours.num_parameters()
    for (_, parameter), tensor in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        data = parameter.data
        with torch.no_grad():  # (K_h, K_w, C_in, C_out) here is (C_out, C_in, K_h, K_w) there
            tensor.copy_(torch.from_numpy(data.transpose(3, 2, 0, 1) if data.ndim == 4 else data))
    x = np.random.default_rng(0).normal(size=(2, *case.image)).astype(np.float32)
    with torch.inference_mode():
        logits = theirs(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy()
    expected = ours.forward(x)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["eager", "channels_last"])
def test_a_training_step_trains(kind):
    from mydl.bench import torch_peer

    case = choose_cases((32, 32, 3), [2], "train")[0]
    before = torch.get_num_threads()
    try:
        step = getattr(torch_peer, kind)(case, 1)
        step()
    finally:
        torch.set_num_threads(before)
