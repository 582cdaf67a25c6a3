"""A run's report: one page with numbers, curves and pictures, which needs nothing beside it."""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np
import tomli_w

from .. import __version__
from ..data.dataset import Dataset
from ..models.network import Network
from ..models.summary import HEADER, summary
from ..weights.writing import whole_file
from .charts import Line, line_chart, number
from .checkpoint import versions
from .config import TrainingConfig, in_words
from .evaluation import Evaluation
from .pictures import first_filters, png_address, shown
from .progress import EpochReport, best_epoch
from .report import worst_mistakes
from .runs import duration

MOST_CLASSES = 100  # in a confusion matrix; of more, only the most frequent confusions are listed
MISTAKES = 24
CONFUSIONS = 40


def write_report(
    path: Path,
    *,
    config: TrainingConfig,
    history: Sequence[EpochReport],
    evaluation: Evaluation,
    dataset: Dataset,
    model: Network,
    command: str,
) -> None:
    """Write the page about a run, all or nothing.

    It has its pictures and its style sheet inside, no scripts, and forbids the browser to load
    anything.

    Parameters
    ----------
    path
        Of the file.
    config
        The settings of the run.
    history
        Its epochs; there may be none.
    evaluation
        Of the test images.
    dataset
        With these test images.
    model
        The network that was evaluated.
    command
        What trains the run again, as it would be typed.

    Raises
    ------
    OSError
        The file cannot be written; an earlier one is intact.
    """
    sections = [
        _headline(config, history, evaluation, dataset, model),
        _section("Curves", _curves(history)),
        _section("What is taken for what", _confusion(evaluation, dataset.class_names)),
        _section("Accuracy by class", _classes(evaluation, dataset.class_names)),
        _section("The most confident mistakes", _mistakes(evaluation, dataset)),
        _section("What the first layer looks for", _filters(model)),
        _section("The network", _network(model, dataset)),
        _section("Data", _data(dataset)),
        _section("Settings", _settings(config)),
        _section("How to repeat it", _repeat(config, command)),
    ]
    now = datetime.datetime.now().astimezone()
    page = Template((files(__package__) / "report.html").read_text(encoding="utf-8")).substitute(
        title=escape(f"{config.model} on {config.data}"),
        subtitle=escape(f"{path.resolve().parent.name}, {now:%d %B %Y, %H:%M}"),
        body="\n".join(sections),
        version=escape(__version__),
    )
    with whole_file(path) as file:
        file.write(page.encode(errors="replace"))  # names of files need not be text


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>" if content else ""


def _headline(
    config: TrainingConfig,
    history: Sequence[EpochReport],
    evaluation: Evaluation,
    dataset: Dataset,
    model: Network,
) -> str:
    """The numbers that people ask for first."""
    cards = [
        ("Test accuracy", f"{evaluation.accuracy:.2%}", f"{evaluation.confusion.sum():,} images"),
        ("Test loss", number(evaluation.loss), ""),
    ]
    if len(dataset.class_names) > 5:
        cards.insert(1, ("In the first five", f"{evaluation.top5:.2%}", ""))
    best = best_epoch(history)
    if best is not None:
        cards.append(("Best validation", f"{best.validation_accuracy:.2%}", f"epoch {best.epoch}"))
    cards.append(("Parameters", f"{model.num_parameters():,}", ""))
    if history:
        speed = statistics.median(row.images_per_second for row in history)
        cards.append(("Images per second", f"{speed:,.0f}", "in training"))
        cards.append(("Time", duration(history[-1].seconds), ""))
    cards.append(("Epochs", f"{len(history)} of {config.epochs}", ""))
    items = "".join(
        f"<div><dt>{name}</dt><dd>{value}{f'<small>{note}</small>' if note else ''}</dd></div>"
        for name, value, note in cards
    )
    return f'<dl class="numbers">{items}</dl>'


def _curves(history: Sequence[EpochReport]) -> str:
    """A chart for each kind of number, and the numbers themselves."""
    if not history:
        return "<p>The run was stopped before its first epoch was over.</p>"
    epochs = [row.epoch for row in history]

    def line(name: str, style: str, column: str) -> Line:
        return Line(name, style, [getattr(row, column) for row in history])

    def both(what: str) -> list[Line]:
        return [
            line("training", "train", f"train_{what}"),
            line("validation", "validation", f"validation_{what}"),
        ]

    charts = [
        (line_chart("Loss", epochs, both("loss")), "Mean cross-entropy of the images."),
        (
            line_chart("Accuracy", epochs, both("accuracy"), percent=True),
            "Training images count as augmentation made them, with the weights of that moment.",
        ),
        (
            line_chart("Learning rate", epochs, [line("learning rate", "train", "lr")]),
            "Of each epoch's last step.",
        ),
        (
            line_chart("Update ratio", epochs, [line("update ratio", "train", "update_ratio")]),
            "Size of a step as a share of the weights', median over the layers; a thousandth is "
            "usual.",
        ),
        (
            line_chart("Dead units", epochs, [line("dead units", "train", "dead_units")], True),
            "Units that are zero for every image, as a share of the layer that has most.",
        ),
    ]
    figures = "\n".join(
        f"<figure>{svg}<figcaption>{text}</figcaption></figure>" for svg, text in charts if svg
    )
    header = [field.name.replace("_", " ") for field in fields(EpochReport)]
    rows = [["" if np.isnan(value) else f"{value:.6g}" for value in astuple(r)] for r in history]
    return (
        f'<div class="charts">{figures}</div>\n'
        f"<details><summary>The numbers, epoch by epoch</summary>{_table(header, rows)}</details>"
    )


def _confusion(evaluation: Evaluation, names: Sequence[str]) -> str:
    """The confusion matrix, or of very many classes the most frequent confusions."""
    confusion = evaluation.confusion
    if len(names) > MOST_CLASSES:
        wrong = confusion * ~np.eye(len(names), dtype=bool)
        order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS]
        pairs = [divmod(int(place), len(names)) for place in order if wrong.flat[place]]
        rows = [[names[is_], names[said], f"{wrong[is_, said]:,}"] for is_, said in pairs]
        return _table(["true class", "taken for", "images"], rows, left=2)
    totals = np.maximum(confusion.sum(axis=1), 1)
    head = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in names)
    body = []
    for true, name in enumerate(names):
        cells = []
        for said, count in enumerate(confusion[true].tolist()):
            # Even the deepest blue, of a share of 1, leaves black and white letters readable.
            shade = f' style="background:rgba(var(--blue),{0.8 * count / totals[true]:.2f})"'
            mark = ' class="right-answer"' if said == true else ""
            cells.append(f"<td{mark}{shade if count else ''}>{count or ''}</td>")
        label = escape(name)
        body.append(f'<tr><th scope="row" title="{label}">{label}</th>{"".join(cells)}</tr>')
    return (
        "<p>A row for each true class, a column for each answer; the cells count test images, and "
        "are the deeper the larger their share of the row. Right answers are framed.</p>\n"
        '<div class="scroll" tabindex="0"><table class="confusion"><thead><tr><td></td>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _classes(evaluation: Evaluation, names: Sequence[str]) -> str:
    """A bar for each class that has test images, the lowest first."""
    confusion, shares = evaluation.confusion, evaluation.class_accuracy
    counted = [place for place in np.argsort(shares, kind="stable") if confusion[place].any()]
    rows = []
    for place in counted:
        wrong = confusion[place].copy()
        wrong[place] = 0
        instead = f"{names[wrong.argmax()]} ({wrong.max():,})" if wrong.any() else ""
        rows.append(
            f"<tr><td>{escape(names[place])}</td>"
            f'<td class="right">{shares[place]:.1%}</td>'
            f'<td class="bar"><span style="width:{100 * shares[place]:.1f}%"></span></td>'
            f'<td class="right">{confusion[place].sum():,}</td><td>{escape(instead)}</td></tr>'
        )
    titles = ("class", "accuracy", "", "images", "most often taken for")
    head = "".join(f"<th>{title}</th>" for title in titles)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _mistakes(evaluation: Evaluation, dataset: Dataset) -> str:
    """The wrong answers that the network was surest of."""
    predicted = evaluation.probabilities.argmax(axis=1)
    wrong = int((predicted != dataset.test_labels).sum())
    if not wrong:
        return "<p>There are none: every test image was recognised.</p>"
    figures = []
    for index in worst_mistakes(evaluation, dataset.test_labels, MISTAKES):
        said = escape(dataset.class_names[predicted[index]])
        truth = escape(dataset.class_names[dataset.test_labels[index]])
        sure = evaluation.probabilities[index, predicted[index]]
        address = png_address(shown(dataset.test_images[index]))
        figures.append(
            f'<figure><img src="{address}" alt="A test image of {truth}, taken for {said}">'
            f"<figcaption>said <b>{said}</b>, {sure:.0%}<br>is {truth}</figcaption></figure>"
        )
    return (
        f"<p>{wrong:,} of {len(predicted):,} test images were taken for something else.</p>\n"
        f'<div class="mistakes">{"".join(figures)}</div>'
    )


def _filters(model: Network) -> str:
    """The filters of the first convolution, if there is one."""
    found = first_filters(model)
    if found is None:
        return ""
    name, kernel, count, picture = found
    text = f"The {count} filters of {escape(name)}, {kernel[0]}x{kernel[1]} pixels each"
    return (
        f'<figure><img class="filters" src="{png_address(picture)}" alt="{text}">'
        f"<figcaption>{text}. Middle grey is zero, and each is drawn to its own scale."
        "</figcaption></figure>"
    )


def _network(model: Network, dataset: Dataset) -> str:
    result = summary(model, dataset.image_shape)
    cells = result.cells()
    note = escape(result.note).replace("\n", "<br>")
    return f'{_table(HEADER, cells, left=2, total=True)}\n<p class="soft">{note}</p>'


def _data(dataset: Dataset) -> str:
    h, w, c = dataset.image_shape
    rows = [["classes", f"{len(dataset.class_names):,}"], ["image", f"{h}x{w}x{c}"]]
    for part in ("train", "validation", "test"):
        labels = getattr(dataset, f"{part}_labels")
        rows.append([f"{part} images", f"{0 if labels is None else len(labels):,}"])
    rows.append(["mean of each channel", ", ".join(f"{v:.4f}" for v in dataset.mean)])
    rows.append(["deviation of each channel", ", ".join(f"{v:.4f}" for v in dataset.std)])
    notes = "".join(f"<p>{escape(note)}</p>" for note in dataset.notes)
    return _table([], rows, left=2) + notes


def _settings(config: TrainingConfig) -> str:
    """All settings, with those marked that differ from the defaults."""
    rows = []
    for field in fields(config):
        value = getattr(config, field.name)
        changed = value != field.default
        rows.append(
            f"<tr{' class=changed' if changed else ''}><td>{field.name}</td>"
            f"<td>{escape(in_words(value))}</td>"
            f"<td>{escape(f'instead of {in_words(field.default)}') if changed else ''}</td></tr>"
        )
    told = "Those with a coloured ground, and a note on the right, differ from the defaults."
    if config == type(config)():
        told = "All are the defaults."
    return (
        f"<p>{told}</p>\n"
        f'<div class="scroll" tabindex="0"><table><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _repeat(config: TrainingConfig, command: str) -> str:
    text = tomli_w.dumps(config.to_dict())
    return (
        "<p>This trains it again, and gives the same bits where the data and the versions are the "
        f"same, on any number of threads:</p>\n<pre>{escape(command)}</pre>\n"
        "<p>Every setting is in <code>config.toml</code>, which lies beside this page.</p>\n"
        f"<details><summary>config.toml</summary><pre>{escape(text)}</pre></details>\n"
        f"{_table([], [list(item) for item in versions().items()], left=2)}"
    )


def _table(
    header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 0, total: bool = False
) -> str:
    """A table whose first ``left`` columns are flush left; with totals the last row stands out."""
    rows = list(rows)

    def line(cells: Sequence[str], kind: str) -> str:
        return "".join(
            f"<{kind}{'' if column < left else ' class=right'}>{escape(cell)}</{kind}>"
            for column, cell in enumerate(cells)
        )

    head = f"<thead><tr>{line(header, 'th')}</tr></thead>" if header else ""
    body = "".join(
        f"<tr{' class=total' if total and place == len(rows) else ''}>{line(row, 'td')}</tr>"
        for place, row in enumerate(rows, start=1)
    )
    return f'<div class="scroll" tabindex="0"><table>{head}<tbody>{body}</tbody></table></div>'
