"""Write what the commands on a page print into its consoles anew.

    python tests/documentation/update.py docs/first-run.md docs/learn.md

Outputs that still hold stay as they are, and so does a line ``...``, which stands for lines left
out. A page on which something else is wrong is left alone.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.documentation.page import blocks
from tests.documentation.replay import Replay, sound
from tests.documentation.samples import Samples


def update(path, samples):
    """Write a page's outputs anew; gives the faults that are left."""
    text = path.read_text()
    if faults := sound(text):
        return faults
    with tempfile.TemporaryDirectory() as folder:
        replay = Replay(folder, samples)
        faults = replay.run(text, path.name)
    lines = text.split("\n")
    for block in reversed(blocks(text)):
        if block.line in replay.printed:
            new = replay.printed[block.line].rstrip("\n").split("\n")
            end = block.line + block.text.count("\n")
            lines[block.line : end] = [f"{block.indent}{line}".rstrip() for line in new]
            faults = [fault for fault in faults if not block.line < fault.line <= end]
    if not faults:  # without what failed, other outputs might be wrong
        path.write_text("\n".join(lines))
    return faults


if __name__ == "__main__":
    samples = Samples()
    left = [(path, fault) for path in sys.argv[1:] for fault in update(Path(path), samples)]
    sys.exit("\n\n".join(f"{path}, {fault}" for path, fault in left) or 0)
