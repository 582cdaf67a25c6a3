"""What a run is made of: every choice that ``mydl train`` takes, in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from ..names import unknown

KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    tuple: "a list of texts",
}


@dataclass(frozen=True)
class TrainingConfig:
    """The choices of a training run; together with the data they fix every bit of its result.

    Attributes
    ----------
    preset
        Name of the recipe that the other settings came from, if any, see ``mydl.training.recipes``.
    data
        Name of the data set, as ``mydl.data.load_dataset`` takes it.
    data_dir
        Where the data set lies; empty looks in the usual places.
    image_size
        Pixels of the side that photographs are scaled to; 0 leaves it to the data set.
    validation
        Share of the training images that is held out, from 0 to 0.5, to see during the run how well
        the network does; the test images are left for its end.
    model
        Name of the network, as ``mydl.models.build_model`` takes it.
    batch_norm
        Normalise after each convolution.
    bypass
        "none", "simple" or "complex".
    squeeze_ratio
        Squeeze filters of a fire module for each expand filter; 0 leaves it to the network, 0.125
        in the paper's.
    dropout
        Probability of dropping an activation before the last convolution.
    final_relu
        Keep the paper's ReLU after conv10. Without it training starts more surely.
    pretrained
        Start from the embedded ImageNet weights, see ``mydl.training.start``.
    weights
        Start from the weights in this file instead; empty draws them at random.
    preprocess
        Which images a file's weights expect, "caffe" or "torchvision"; empty where the file says so
        itself.
    freeze
        Paths of layers whose parameters stay as they are, such as "features.fire2".
    epochs
        Passes over the training images.
    batch_size
        Images in a batch.
    accumulate
        Batches whose gradients are averaged before each step.
    optimizer
        "sgd", "adam", "adamw", "rmsprop" or "muon".
    lr
        Learning rate, the highest that the schedule reaches.
    momentum
        Of SGD, RMSProp and Muon.
    nesterov
        Look ahead (SGD only).
    weight_decay
        Strength of the pull of the weights towards zero.
    schedule
        "constant", "step", "polynomial", "cosine" or "one-cycle".
    warmup_epochs
        Epochs over which the learning rate rises from near zero.
    clip_norm
        Largest norm of the gradient; 0 leaves it as it is.
    label_smoothing
        Share of the label spread over all classes.
    augment
        Shift the training images at random, and mirror photographs.
    cutout
        Pixels of the side of a square that is cut out of each training image; 0 for none.
    mixup
        Each training image is mixed with another one, by shares drawn from Beta(mixup, mixup); 0
        mixes nothing.
    mirror
        Judge validation and test images by the mean of the logits of each image and its mirror
        image, which takes twice the time.
    ema
        Decay of the moving average of the weights that is used instead of the last weights; 0 uses
        the last, see ``mydl.training.average``.
    patience
        Epochs without a lower validation loss after which the run ends; its outcome is then the
        network with the lowest. 0 always trains all epochs and takes the last.
    seed
        Of the weights, the order of images, augmentation and dropout.
    shard_size
        Images in a shard, see ``mydl.parallel``; part of what fixes the bits.
    checkpoint_minutes
        Time between checkpoints within an epoch; each epoch ends with one.
    keep
        How many of the last checkpoints are kept, beside the best.
    """

    preset: str = ""
    data: str = "digits"
    data_dir: str = ""
    image_size: int = 0
    validation: float = 0.1
    model: str = "squeezenet_tiny"
    batch_norm: bool = True
    bypass: str = "none"
    squeeze_ratio: float = 0.0
    dropout: float = 0.0
    final_relu: bool = False
    pretrained: bool = False
    weights: str = ""
    preprocess: str = ""
    freeze: tuple[str, ...] = ()
    epochs: int = 15
    batch_size: int = 32
    accumulate: int = 1
    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    schedule: str = "one-cycle"
    warmup_epochs: float = 0.0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    augment: bool = True
    cutout: int = 0
    mixup: float = 0.0
    mirror: bool = False
    ema: float = 0.0
    patience: int = 0
    seed: int = 0
    shard_size: int = 16
    checkpoint_minutes: float = 10.0
    keep: int = 3

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            wanted = type(field.default)
            if wanted is float and isinstance(value, int) and not isinstance(value, bool):
                object.__setattr__(self, field.name, float(value))
            elif wanted is tuple and _is_texts(value):  # TOML has lists
                object.__setattr__(self, field.name, tuple(value))
            elif type(value) is not wanted:
                raise ValueError(f"{field.name} must be {KINDS[wanted]}, got {value!r}")
        for name in ("epochs", "batch_size", "accumulate", "shard_size", "keep"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        self._check("lr", 0 < self.lr < float("inf"), "greater than 0 and finite")
        for name in ("weight_decay", "warmup_epochs", "clip_norm", "mixup", "squeeze_ratio"):
            self._check(name, 0 <= getattr(self, name) < float("inf"), "0 or greater")
        for name in ("dropout", "momentum", "label_smoothing", "ema"):
            self._check(name, 0 <= getattr(self, name) < 1, "from 0 up to, not including, 1")
        self._check("warmup_epochs", self.warmup_epochs <= self.epochs, "at most epochs")
        for name in ("seed", "image_size", "cutout", "patience"):
            self._check(name, getattr(self, name) >= 0, "0 or greater")
        self._check("validation", 0 <= self.validation <= 0.5, "from 0 to 0.5")
        self._check("checkpoint_minutes", self.checkpoint_minutes > 0, "greater than 0")
        if self.patience and not self.validation:
            raise ValueError("patience needs validation images: set validation above 0")
        if self.pretrained and self.weights:
            raise ValueError("a run starts from pretrained or from weights, not from both")

    def _check(self, name: str, fits: bool, wanted: str) -> None:
        if not fits:
            raise ValueError(f"{name} must be {wanted}, got {getattr(self, name)!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build a configuration, refusing names that are not known.

        >>> TrainingConfig.from_dict({"epoch": 3})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        ValueError: there is no setting 'epoch': did you mean 'epochs'? There are preset, ...
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(unknown("setting", name, known))
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)


def in_words(value: object, separator: str = ", ") -> str:
    """A setting's value as people say it.

    >>> in_words(True), in_words(("features.conv1", "features.fire2")), in_words("")
    ('yes', 'features.conv1, features.fire2', 'none')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return separator.join(value) or "none"
    return str(value) if value != "" else "none"


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
