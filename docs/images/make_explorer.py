"""Photograph the explorer's page: explorer-forward.png, explorer-backward.png, explorer-phone.png.

    mydl train --out runs/digits
    python docs/images/make_explorer.py runs/digits

needs a Chromium or Chrome on the path.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INDEX = 168  # of a test image that the network gets wrong, so that there is a gradient to see
COLORS = 256
# Name, address of the cell, width and height of the window.
PICTURES = (
    ("forward", "f/features.conv1.conv/forward/16,16,30", 1280, 900),
    ("backward", "b/features.pool1/dx", 1280, 900),
    ("phone", "b/loss/dx", 390, 844),
)


def main() -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} RUN, with one of {', '.join(BROWSERS)} on the path")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "explorer.html")
        explore = ["mydl", "explore", sys.argv[1], "--index", str(INDEX), "--no-open"]
        subprocess.run([*explore, "--out", str(page)], check=True)
        for name, address, width, height in PICTURES:
            shot = Path(folder, f"{name}.png")
            photograph(browser, f"{page.as_uri()}#{address}", shot, width, height)
            with Image.open(shot) as picture:
                small = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
                small.save(IMAGES / f"explorer-{name}.png", optimize=True)


def photograph(browser: str, url: str, out: Path, width: int, height: int) -> None:
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=4000"]
    window = [f"--window-size={width},{height}", f"--screenshot={out}"]
    subprocess.run([browser, *options, *window, url], check=True, capture_output=True)


if __name__ == "__main__":
    main()
