"""What the image classifiers share: features, then a classifier, then a loss."""

from __future__ import annotations

import numpy as np

from ..layer import Array, Layer, Shape, whole_number
from ..layers import Sequential, Softmax
from ..losses import SoftmaxCrossEntropy


class Network(Layer):
    """Turn images into features and features into one logit for each class.

    ::

        logits = classifier(features(images))
        loss   = mean over the samples of -log softmax(logits)[label]

        dlogits = (softmax(logits) - onehot(labels)) / N
        dimages = features'(classifier'(dlogits))

    Kept for backward: ``dlogits``, where the loss was asked for; the layers keep their own.

    Parameters
    ----------
    features
        The stage that sees the image.
    classifier
        The stage that ends in ``(N, num_classes)``.

    Attributes
    ----------
    image_shape
        (H, W, C) of the images that it was designed for; networks with a name say it.
    num_classes
        The number of logits; networks with a name say it.

    Notes
    -----
    Shapes: x (N, H, W, C); y (N, num_classes).
    """

    image_shape: tuple[int, int, int]
    num_classes: int

    def __init__(self, features: Sequential, classifier: Sequential) -> None:
        self.features = features
        self.classifier = classifier

    def forward(self, x: Array) -> Array:
        self._kept = None  # the gradient of an earlier loss fits no longer
        x = self._check_input(x)
        self.output_shape(x.shape)  # an image that does not fit fails before any work is done
        return self.classifier.forward(self.features.forward(x))

    def backward(self, dy: Array | None = None) -> Array:
        """Add to each parameter's ``grad`` and return the gradient of the images.

        Parameters
        ----------
        dy
            Gradient of the logits; None takes that of the last ``loss(images, labels)``.
        """
        if dy is None:
            if self._kept is None:
                self.fail(
                    "backward needs loss(images, labels) in training mode before it, or dy, the "
                    "gradient of the logits"
                )
            (dy,) = self._take()
        return self.features.backward(self.classifier.backward(dy))

    def loss(self, images: Array, labels: Array) -> float:
        """The mean softmax cross-entropy; ``backward()`` then gives its gradients.

        Parameters
        ----------
        images
            (N, H, W, C).
        labels
            The right classes, N whole numbers from 0 to the number of classes - 1.
        """
        cross_entropy = SoftmaxCrossEntropy()
        loss: float = cross_entropy.forward(self.forward(images), labels)
        self._keep(cross_entropy.backward())
        return loss

    def extract_features(self, x: Array) -> list[Array]:
        """Every activation of the feature stage, in order; the last is the classifier's input."""
        activations = []
        for layer in self.features.children().values():
            x = layer.forward(x)
            activations.append(x)
        return activations

    def predict(self, images: Array, batch_size: int = 128) -> Array:
        """The likeliest class of each image, N whole numbers; see :meth:`probabilities`."""
        classes: Array = self.probabilities(images, batch_size).argmax(axis=1)
        return classes

    def probabilities(self, images: Array, batch_size: int = 128) -> Array:
        """The probability of each class for each image, (N, num_classes).

        Runs in evaluation mode and then returns every layer to the mode it had. What an earlier
        forward pass kept is gone afterwards: call ``backward`` before this, not after.

        Parameters
        ----------
        images
            (N, H, W, C), as many as fit in memory.
        batch_size
            Images that go through the network together.
        """
        batch_size = whole_number(batch_size, "batch_size", 1)
        modes = [(layer, layer.training) for _, layer in self.named_layers()]
        softmax = Softmax().eval()
        self.eval()
        try:
            starts = range(0, max(len(images), 1), batch_size)
            batches = [self.forward(images[start : start + batch_size]) for start in starts]
        finally:
            for layer, mode in modes:
                layer.training = mode
        return softmax.forward(np.concatenate(batches))

    @property
    def layers(self) -> list[Layer]:
        """All layers in the order of the forward pass, those of both stages."""
        return [*self.features.children().values(), *self.classifier.children().values()]

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.classifier.output_shape(self.features.output_shape(input_shape))

    def multiply_adds(self, input_shape: Shape) -> int:
        features = self.features.output_shape(input_shape)
        return self.features.multiply_adds(input_shape) + self.classifier.multiply_adds(features)
