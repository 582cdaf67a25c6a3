"""Draw the check of a wrong answer in docs/learn.md as a terminal shows it: learn.svg."""

import re
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

IMAGES = Path(__file__).parent
COLORS = {r"^right": "green", r"^wrong": "bold red", r"^\$.*": "bold", r"^ +#+$": "red"}


def main() -> None:
    page = (IMAGES.parent / "learn.md").read_text()
    session = next(
        block for block in re.findall(r"```console\n(.*?)```", page, re.S) if "#" in block
    )
    text = Text(session.rstrip())
    for pattern, color in COLORS.items():
        text.highlight_regex(re.compile(pattern, re.M), color)
    with open("/dev/null", "w") as nowhere:
        console = Console(record=True, width=90, file=nowhere)
        console.print(text)
    # A picture that fetches no fonts.
    code_format = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.S)
    console.save_svg(str(IMAGES / "learn.svg"), title="mydl learn", code_format=code_format)


if __name__ == "__main__":
    main()
