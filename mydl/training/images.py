"""How training images reach the network: chosen, changed at random, mixed, normalised."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from itertools import islice, pairwise

import numpy as np

from ..data.augment import augment_inputs, mix, mix_labels, mixup_partners
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

    Parameters
    ----------
    dataset
        The images, with the mean and deviation to normalise by.
    config
        Its augment, cutout, mixup and seed say what is done to them.
    stem
        The network's leading layers where these are frozen, which go over them as well.
    """

    def __init__(self, dataset: Dataset, config: TrainingConfig, stem: Stem | None = None) -> None:
        self._dataset, self._config, self._stem = dataset, config, stem

    def plain(self) -> TrainingImages:
        """The same images as they are, with nothing done to them but normalisation."""
        config = replace(self._config, augment=False, cutout=0, mixup=0.0)
        return TrainingImages(self._dataset, config, self._stem)

    def load(self, indices: Array, epoch: int) -> tuple[Array, Array]:
        """The inputs (N, H, W, C) and labels, (N,) or mixed (N, K), of some training images."""
        x = self._inputs(indices, epoch)
        labels = self._dataset.train_labels[indices]
        if self._config.mixup:
            partners, shares = self._partners(indices, epoch)
            mix(x, self._inputs(partners, epoch), shares)
            labels = mix_labels(
                labels,
                self._dataset.train_labels[partners],
                shares,
                len(self._dataset.class_names),
            )
        if self._stem is not None:
            x = self._stem.forward(x)
        return x, labels

    def _inputs(self, indices: Array, epoch: int) -> Array:
        dataset, changed = self._dataset, self._config.augment
        return augment_inputs(
            dataset.train_images[indices],
            indices,
            seed=self._config.seed,
            epoch=epoch,
            mean=dataset.mean,
            std=dataset.std,
            crop_padding=(dataset.margin or dataset.image_size // 8) if changed else 0,
            flip=changed and dataset.mirror,
            cutout=self._config.cutout,
            margin=dataset.margin,
        )

    def _partners(self, indices: Array, epoch: int) -> tuple[Array, Array]:
        """Whom to mix each image with, and the larger of the two shares, which the image keeps."""
        partners, shares = mixup_partners(
            indices,
            seed=self._config.seed,
            epoch=epoch,
            count=len(self._dataset.train_labels),
            alpha=self._config.mixup,
        )
        return partners, np.maximum(shares, 1 - shares)

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

    def prefetch(
        self, chosen: Array, epoch: int, executor: Executor, part: tuple[int, int] = (0, 1)
    ) -> list[Prefetched]:
        """A loader for each batch of a step, whose shards begin to be loaded now.

        Parameters
        ----------
        chosen
            Indices of the training images of the step.
        epoch
            Which, as it fixes the random changes.
        executor
            Whose threads load them.
        part
            Which shards, as :meth:`mydl.parallel.ShardedModel.gradient` takes it.
        """
        loaders = []
        for batch in self.batches(chosen):
            shards = pairwise(shard_edges(len(batch), self._config.shard_size))
            own = islice(shards, part[0], None, part[1])
            loaders.append(Prefetched(self.loader(batch, epoch), own, executor))
        return loaders
