"""The commands of ``mydl visualize`` that make pictures by gradients of the picture itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from .visualize_scene import (
    LARGEST,
    SIZE,
    SMALLEST,
    Scene,
    as_bytes,
    one_thread,
    painting_of,
    whole,
    write_change,
    write_picture,
)

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
    scene = Scene.of(find_subject(model, image, index))
    with one_thread():
        target = (
            scene.subject.class_of(to, option="--to")
            if to is not None
            else least_probable(scene.network, scene.image)
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
        write_change(path, scene, changed, "--limit")


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
    scene, number = Scene.of(subject), class_of(subject, label)
    with one_thread():
        if step is None:
            steps = steps_of("FGSM")
            changed, step = smallest_fgsm(scene.network, scene.image, number, steps=steps)
        else:
            changed = fgsm(scene.network, scene.image, number, step)
        typer.echo(f"Each value changed by {step:g} of 255 grey levels")
        write_change(path, scene, changed, "--step")


def class_(
    labels: Annotated[
        list[str], typer.Argument(metavar="CLASS", help="Classes, by their names or numbers.")
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
    import numpy as np

    from ..visualize.pictures import Panel
    from ..visualize.synthesis import class_image

    path = place_for(out, "class")
    trained, name = find_network(None if model == PRETRAINED else Path(model).expanduser())
    rows, columns, channels = trained.network.image_shape
    shape = (size or rows, size or columns, channels)
    scene = Scene.of(Subject(trained, name, "noise", np.zeros(shape, np.uint8)))
    row = []
    with one_thread():
        for number in [scene.subject.class_of(label, "CLASS") for label in labels]:
            called = scene.subject.class_names[number]
            made = class_image(
                scene.network,
                number,
                shape,
                iterations=iterations,
                seed=seed,
                steps=steps_of(called),
            )
            row.append(Panel(scene.answer(made, number), as_bytes(made)))
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
    ] = 1.0,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Have a picture show more of what a layer sees in it (DeepDream)."""
    from ..visualize.deepdream import dream
    from ..visualize.stages import stage_to_dream

    path = place_for(out, "dream")
    scene = Scene.of(whole(find_subject(model, image, index), image, size))
    with one_thread():
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
    write_picture(path, made)


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
    smoothness: Annotated[
        float, typer.Option(min=0, help="Weight of the total variation; late layers need more.")
    ] = 6e-4,
    iterations: Annotated[int, typer.Option(min=1, help="Steps for each layer.")] = 200,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Make, from noise, a picture with the same features: what a layer keeps of a picture."""
    from ..visualize.gradients import layer_path
    from ..visualize.inversion import feature_distance, invert
    from ..visualize.pictures import Panel
    from ..visualize.stages import stages_to_invert

    path = place_for(out, "invert")
    scene = Scene.of(find_subject(model, image, index))
    paths = [layer_path(scene.network, each) for each in layers or stages_to_invert(scene.network)]
    row = [Panel(scene.subject.picture_name, scene.subject.pixels)]
    with one_thread():
        for place in paths:
            made = invert(
                scene.network,
                scene.image,
                place,
                smoothness=smoothness,
                iterations=iterations,
                seed=seed,
                steps=steps_of(place),
            )
            far = feature_distance(scene.network, made, scene.image, place)
            title = f"from {place}: its features are {100 * far:.1f} % off"
            row.append(Panel(title, as_bytes(made)))
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
    scene = Scene.of(whole(find_subject(model, image, index), image, size))
    painting = painting_of(like, max(scene.image.shape[:2]))
    with one_thread():
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
    write_picture(path, made)
