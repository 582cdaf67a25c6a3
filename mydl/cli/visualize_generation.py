"""The commands of ``mydl visualize`` that make pictures by gradients of the picture itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .subject import PRETRAINED, Subject, find_network, find_subject
from .visualize_options import (
    Image,
    Index,
    Label,
    Model,
    Out,
    class_of,
    place_for,
    steps_of,
    write_figure,
)

if TYPE_CHECKING:
    from ..classifier import TrainedNetwork
    from ..layer import Array
    from ..models.network import Network

PHOTOGRAPH = 224  # pixels of a side, from which on a network is for photographs
SIZE = 320  # pixels of the longer side of a picture that is dreamt on or painted
SMALLEST, LARGEST = 16, 2048

Size = Annotated[
    int | None,
    typer.Option(
        min=SMALLEST,
        max=LARGEST,
        help="Pixels of the picture's longer side.",
        show_default=f"{SIZE}, or as in training if the network is for small images",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Of the noise and of random moves.")]


def fool(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="The class to take it for, by its name or number.",
            show_default="the least probable one",
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(min=0, max=1, help="The probability to stop at.")
    ] = 0.9,
    limit: Annotated[
        float, typer.Option(min=1, max=255, help="Grey levels that a pixel may change by.")
    ] = 8.0,
    iterations: Annotated[int, typer.Option(min=1, help="At most so many steps.")] = 200,
    out: Out = None,
) -> None:
    """Change a picture, hardly visibly, until the network takes it for what you like."""
    from ..visualize.fooling import fool, least_probable

    path = place_for(out, "fool")
    scene = _Scene.of(find_subject(model, image, index))
    with _one_thread():
        target = (
            least_probable(scene.network, scene.image) if to is None else scene.subject.class_of(to)
        )
        changed = fool(
            scene.network,
            scene.image,
            target,
            confidence=confidence,
            limit=limit,
            iterations=iterations,
            steps=steps_of("fooling"),
        )
        _write_change(path, scene, changed)


def fgsm(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    label: Label = None,
    step: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=255,
            help="Grey levels that each value changes by.",
            show_default="the smallest of 1 to 16 that changes the answer",
        ),
    ] = None,
    out: Out = None,
) -> None:
    """Make a network err by one step of the gradient's sign (FGSM)."""
    from ..visualize.fooling import fgsm, smallest_fgsm

    path = place_for(out, "fgsm")
    subject = find_subject(model, image, index)
    scene, number = _Scene.of(subject), class_of(subject, label)
    with _one_thread():
        if step is None:
            steps = steps_of("FGSM")
            changed, step = smallest_fgsm(scene.network, scene.image, number, steps=steps)
        else:
            changed = fgsm(scene.network, scene.image, number, step)
        typer.echo(f"Each value changed by {step:g} of 255 grey levels")
        _write_change(path, scene, changed)


def class_(
    labels: Annotated[
        list[str], typer.Argument(metavar="CLASS...", help="Classes, by their names or numbers.")
    ],
    model: Model = PRETRAINED,
    size: Annotated[
        int | None,
        typer.Option(
            min=SMALLEST,
            max=LARGEST,
            help="Pixels of a side.",
            show_default="as in training",
        ),
    ] = None,
    iterations: Annotated[int, typer.Option(min=1, help="Steps at each of three sizes.")] = 80,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Draw what a network takes for a class, from noise: mydl visualize class flamingo."""
    from ..visualize.pictures import Panel, coloured
    from ..visualize.synthesis import class_image

    path = place_for(out, "class")
    trained, name = _network(model)
    side = size or trained.network.image_shape[0]
    scene = _Scene.of(Subject(trained, name, "noise", _grey(trained, side)))
    row = []
    with _one_thread():
        for number in [scene.subject.class_of(label) for label in labels]:
            called = scene.subject.class_names[number]
            made = class_image(
                scene.network,
                number,
                scene.image.shape,
                iterations=iterations,
                seed=seed,
                steps=steps_of(called),
            )
            row.append(Panel(scene.answer(made, number), coloured(_pixels(made))))
    write_figure(path, [row])


def dream(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    layer: Annotated[
        str | None,
        typer.Option(
            help="A layer, by its path or the end of it, as in fire6.",
            show_default="the last but one among the features, fire8 in SqueezeNet",
        ),
    ] = None,
    size: Size = None,
    octaves: Annotated[int, typer.Option(min=1, help="Sizes of the picture to dream at.")] = 5,
    iterations: Annotated[int, typer.Option(min=1, help="Steps at each size.")] = 20,
    rate: Annotated[
        float,
        typer.Option(min=0, help="Grey levels that a pixel changes by in a step, on average."),
    ] = 1.5,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Have a picture show more of what a layer sees in it (DeepDream)."""
    from ..visualize.deepdream import dream
    from ..visualize.stages import stage_to_dream

    path = place_for(out, "dream")
    scene = _Scene.of(_whole(find_subject(model, image, index), image, size))
    with _one_thread():
        made = dream(
            scene.network,
            scene.image,
            layer or stage_to_dream(scene.network),
            octaves=octaves,
            iterations=iterations,
            rate=rate,
            seed=seed,
            steps=steps_of("dreaming"),
        )
    _write_picture(path, made)


def invert(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    layers: Annotated[
        list[str] | None,
        typer.Option(
            "--layer",
            help="A layer, by its path or the end of it; may be given several times.",
            show_default="an early, a middle and a late one",
        ),
    ] = None,
    iterations: Annotated[int, typer.Option(min=1, help="Steps for each layer.")] = 300,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Make, from noise, a picture with the same features: what a layer keeps of a picture."""
    from ..visualize.gradients import layer_path
    from ..visualize.inversion import feature_distance, invert
    from ..visualize.pictures import Panel, coloured
    from ..visualize.stages import stages_to_invert

    path = place_for(out, "invert")
    scene = _Scene.of(find_subject(model, image, index))
    paths = [layer_path(scene.network, each) for each in layers or stages_to_invert(scene.network)]
    row = [Panel(scene.subject.picture_name, coloured(scene.subject.pixels))]
    with _one_thread():
        for place in paths:
            made = invert(
                scene.network,
                scene.image,
                place,
                iterations=iterations,
                seed=seed,
                steps=steps_of(place),
            )
            far = feature_distance(scene.network, made, scene.image, place)
            title = f"from {place}: its features are {100 * far:.1f} % off"
            row.append(Panel(title, coloured(_pixels(made))))
    write_figure(path, [row])


def style(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    like: Annotated[
        Path | None,
        typer.Option(
            help="A picture to take the style from, such as a painting.",
            show_default="brush strokes that mydl draws itself",
        ),
    ] = None,
    size: Size = None,
    content_weight: Annotated[
        float, typer.Option(min=0, help="How much it is to show the same.")
    ] = 1.0,
    style_weight: Annotated[
        float, typer.Option(min=0, help="How much it is to be painted alike.")
    ] = 10.0,
    smoothness: Annotated[float, typer.Option(min=0, help="Weight of the total variation.")] = 1e-4,
    iterations: Annotated[int, typer.Option(min=1, help="Steps of Adam.")] = 300,
    out: Out = None,
) -> None:
    """Paint a picture as another one is painted (style transfer)."""
    from ..visualize.stages import stage_of_content, stages_of_style
    from ..visualize.style import StyleObjective, StyleWeights, style_transfer

    path = place_for(out, "style")
    scene = _Scene.of(_whole(find_subject(model, image, index), image, size))
    painting = _painting(like, max(scene.image.shape[:2]), scene.image.shape[-1])
    with _one_thread():
        objective = StyleObjective(
            scene.network,
            scene.image,
            painting,
            stage_of_content(scene.network),
            stages_of_style(scene.network),
            StyleWeights(content_weight, style_weight, smoothness),
        )
        objective.forward(scene.image[None])
        before = objective.style_loss
        made = style_transfer(
            objective, scene.image, iterations=iterations, steps=steps_of("painting")
        )
        objective.forward(made[None])
    typer.echo(
        f"Distance from the style: {before:.3f} before, {objective.style_loss:.3f} now; from the "
        f"content: {objective.content_loss:.3f}"
    )
    _write_picture(path, made)


@dataclass(frozen=True)
class _Scene:
    """A subject whose network takes grey levels.

    Attributes:
        subject: the network and the picture.
        network: takes grey levels from 0 to 255.
        image: the picture's, (H, W, C), float32.
    """

    subject: Subject
    network: Network
    image: Array

    @classmethod
    def of(cls, subject: Subject) -> _Scene:
        import numpy as np

        from ..visualize.pixels import on_pixels

        trained = subject.trained
        network = on_pixels(trained.network, trained.preparation)
        return cls(subject, network, subject.pixels.astype(np.float32))

    def answer(self, image: Array, label: int | None = None) -> str:
        """The class of an image, the network's answer if none is given, with its probability."""
        p = self.network.probabilities(image[None])[0]
        number = int(p.argmax()) if label is None else label
        return f"{self.subject.class_names[number]}, {100 * p[number]:.1f} %"


def _write_change(path: Path, scene: _Scene, changed: Array) -> None:
    """Write a picture before and after, and what changed in between, and say what it did."""
    import numpy as np

    from ..visualize.pictures import Panel, coloured, grey_at_zero

    change = changed - scene.image
    before, after = scene.answer(scene.image), scene.answer(changed)
    largest, mean = np.abs(change).max(), np.abs(change).mean()
    size = f"{mean:.2f} of 255 grey levels on average, at most {largest:.0f}"
    typer.echo(f"{scene.subject.picture_name}: {before}\nchanged by {size}: {after}")
    row = [
        Panel(f"{scene.subject.picture_name}: {before}", coloured(scene.subject.pixels)),
        Panel(f"changed: {after}", coloured(_pixels(changed))),
        Panel(f"the change, magnified: {size}", grey_at_zero(change)),
    ]
    write_figure(path, [row])


def _network(model: str) -> tuple[TrainedNetwork, str]:
    return find_network(None if model == PRETRAINED else Path(model).expanduser())


def _whole(subject: Subject, image: str | None, size: int | None) -> Subject:
    """The subject with all of a file's picture, where the network is for photographs or one asks.

    Networks see a square of it when they classify, but take any size.
    """
    from dataclasses import replace

    if image is None or (size is None and subject.pixels.shape[0] < PHOTOGRAPH):
        return subject if size is None else subject.scaled(size)
    pixels = _read(Path(image).expanduser(), size or SIZE, subject.pixels.shape[-1])
    return replace(subject, pixels=pixels)


def _read(path: Path, size: int, channels: int) -> Array:
    """A file's picture with ``size`` pixels on its longer side, (H, W, channels), uint8."""
    import numpy as np
    from PIL import Image as images

    from ..data.preprocess import read_photograph

    photograph = read_photograph(path)
    scale = size / max(photograph.size)
    width, height = (max(SMALLEST, round(side * scale)) for side in photograph.size)
    photograph = photograph.resize((width, height), images.Resampling.LANCZOS)
    if channels == 1:
        return np.asarray(photograph.convert("L"))[..., None]
    return np.asarray(photograph)


def _painting(path: Path | None, size: int, channels: int) -> Array:
    """The picture to take the style from."""
    from ..visualize.strokes import brush_strokes

    if path is not None:
        return _read(path.expanduser(), size, channels)
    strokes = brush_strokes(size)
    return strokes if channels == 3 else strokes.mean(axis=-1, keepdims=True)


def _grey(trained: TrainedNetwork, side: int) -> Array:
    import numpy as np

    return np.full((side, side, trained.network.image_shape[-1]), 128, np.uint8)


def _pixels(image: Array) -> Array:
    """Grey levels as bytes."""
    import numpy as np

    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _write_picture(path: Path, image: Array) -> None:
    """Write grey levels (H, W, C) as a picture of so many pixels, and say so."""
    from matplotlib.image import imsave

    from ..visualize.pictures import coloured
    from ..weights.writing import whole_file

    with whole_file(path) as file:
        imsave(file, coloured(_pixels(image)), format=path.suffix.lower().removeprefix("."))
    typer.echo(f"Wrote {path}")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep BLAS to one thread: one image is too little work to share, and more wait than work."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
