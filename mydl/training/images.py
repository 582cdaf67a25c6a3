"""How training images reach the network: chosen, changed at random, mixed, normalised."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np

from ..data.augment import augment
from ..data.dataset import Dataset
from ..layer import Array
from ..parallel import Loader, shard_edges
from .config import TrainingConfig
from .frozen import Stem
from .prefetch import Prefetched


class TrainingImages:
    """Load the images of a shard.

    What happens to an image depends on the run's seed, the epoch and its place in the data set
    only, not on its batch, its shard or the thread that loads it.

    Args:
        dataset: the images, with the mean and deviation to normalise by.
        config: its augment, cutout, mixup and seed say what is done to them.
        stem: the network's leading layers where these are frozen, which go over them as well.
    """

    def __init__(self, dataset: Dataset, config: TrainingConfig, stem: Stem | None = None) -> None:
        self._dataset, self._config, self._stem = dataset, config, stem

    def load(self, indices: Array, epoch: int) -> tuple[Array, Array]:
        """The inputs (N, H, W, C) and labels, (N,) or mixed (N, K), of some training images."""
        x, labels = self._inputs(indices, epoch), self._dataset.train_labels[indices]
        if self._stem is not None:
            x = self._stem.forward(x)
        return x, labels

    def _inputs(self, indices: Array, epoch: int) -> Array:
        images = self._dataset.train_images[indices]
        if self._config.augment:
            images = augment(
                images,
                indices,
                seed=self._config.seed,
                epoch=epoch,
                crop_padding=self._dataset.margin or self._dataset.image_size // 8,
                flip=self._dataset.mirror,
            )
        return self._dataset.inputs(images)

    def order(self, epoch: int) -> Array:
        """The order in which an epoch goes over the training images."""
        rng = np.random.default_rng((self._config.seed, epoch))
        return rng.permutation(len(self._dataset.train_labels))

    def batches(self, chosen: Array) -> list[Array]:
        """The images of a step in batches, of which ``accumulate`` make one."""
        size = self._config.batch_size
        return [chosen[start : start + size] for start in range(0, len(chosen), size)]

    def loader(self, batch: Array, epoch: int) -> Loader:
        """Gives the images and labels of a batch's samples lo to hi."""
        return lambda lo, hi: self.load(batch[lo:hi], epoch)

    def prefetch(self, chosen: Array, epoch: int, executor: Executor) -> list[Prefetched]:
        """A loader for each batch of a step, whose shards begin to be loaded now."""
        return [
            Prefetched(
                self.loader(batch, epoch),
                shard_edges(len(batch), self._config.shard_size),
                executor,
            )
            for batch in self.batches(chosen)
        ]
