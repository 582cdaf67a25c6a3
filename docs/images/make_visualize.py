"""Draw the pictures of docs/visualize.md: visualize-saliency.jpg and so on.

    mydl train --out runs/digits
    python docs/images/make_visualize.py                   # all
    python docs/images/make_visualize.py cam occlusion     # these; only compare needs the run

The photograph, of Grace Hopper, is by the US Navy and in the public domain; matplotlib has it. The
dream begins with the brush strokes that the style is from.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.cbook import get_sample_data
from PIL import Image

from mydl.cli.visualize import visualize
from mydl.visualize.strokes import brush_strokes

IMAGES = Path(__file__).parent
PHOTOGRAPH = get_sample_data("grace_hopper.jpg", asfileobj=False)
OTHER_CLASS = "Windsor tie"
RUN = "runs/digits"
# The arguments of each command; "{photograph}" and "{strokes}" stand for files.
COMMANDS = {
    "filters": [],
    "activations": ["{photograph}", "--layer", "fire2", "--maps", "36"],
    "saliency": ["{photograph}"],
    "smooth": ["{photograph}"],
    "guided": ["{photograph}"],
    "cam": ["{photograph}"],
    "grad-cam": ["{photograph}", "--label", OTHER_CLASS],
    "occlusion": ["{photograph}"],
    "fool": ["{photograph}", "--to", "goldfish"],
    "fgsm": ["{photograph}"],
    "class": ["flamingo", "strawberry"],
    "dream": ["{strokes}", "--size", "400"],
    "invert": ["{photograph}"],
    "style": ["{photograph}"],
    "compare": ["--model", RUN, "--index", "0", "--index", "168", "--show", "cam,occlusion"],
}


def main() -> None:
    with TemporaryDirectory() as folder:
        strokes = Path(folder) / "strokes.png"
        Image.fromarray(brush_strokes(400)).save(strokes)
        for name in sys.argv[1:] or COMMANDS:
            files = {"photograph": PHOTOGRAPH, "strokes": strokes}
            arguments = [each.format(**files) for each in COMMANDS[name]]
            out = IMAGES / f"visualize-{name}.jpg"
            visualize([name, *arguments, "--out", str(out)], standalone_mode=False)


if __name__ == "__main__":
    main()
