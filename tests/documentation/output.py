"""What a page shows of a command's output, compared with what the command printed."""

import difflib
import re

# What differs from run to run or from machine to machine, and what stands for it in a comparison.
MEASURED = [
    (r"\b\d{8}-\d{6}\b", "DATE-TIME"),  # of a run's folder
    (r"\b\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?\b", "DATE"),
    (r"[-+]?\b\d(\.\d+)?e-(0[3-9]|[1-9]\d)\b", "TINY"),  # errors, steps: 4.7e-10
    (r"(\d\.\d{5})\d+", r"\1"),  # measured derivatives
    (r"\b[\d.,]+ ?(G|M|k)?(FLOP/s|B/s|images/s|images per second|samples/s|it/s)", "SPEED"),
    (r"\b[\d.]+ [kMG]B\b", "SIZE"),
    (r"\b\d+ h \d+ min\b|\b\d+ min( \d+ s)?\b|\b[\d.,]+ ?(ms|us|µs|s|h)\b(?!/)", "TIME"),
]
# What commands say of a trained network, whose sums are rounded by the machine's BLAS.
TRAINED = [
    (r"\b\d+\.\d+ ?%", "PERCENT"),
    (r"\b(loss) \d+\.\d+", r"\1 LOSS"),
    (r"\b\d+\.\d{4}\b", "LOSS"),
]
LEFT_OUT = "..."


def masked(text, masks=(*MEASURED, *TRAINED)):
    """Text without what differs between runs; with such numbers in it also without its columns."""
    lines = [line.rstrip() for line in text.split("\n")]
    changed = [_masked(line, masks) for line in lines]
    return "\n".join(lines if lines == changed else (" ".join(line.split()) for line in changed))


def _masked(line, masks):
    for pattern, stand_in in masks:
        line = re.sub(pattern, stand_in, line)
    return line


def agree(shown, printed):
    """Whether lines shown on a page are those that were printed; a line ``...`` left some out."""
    chunks = _chunks(masked("\n".join(shown)).split("\n"))
    printed = masked("\n".join(printed)).split("\n")
    first, last = chunks[0], chunks[-1]
    if len(chunks) == 1:
        return first == printed
    if printed[: len(first)] != first or printed[len(printed) - len(last) :] != last:
        return False
    rest = printed[len(first) : len(printed) - len(last)]
    for chunk in chunks[1:-1]:
        places = range(len(rest) - len(chunk) + 1)
        place = next((at for at in places if rest[at : at + len(chunk)] == chunk), None)
        if place is None:
            return False
        rest = rest[place + len(chunk) :]
    return len(first) + len(last) <= len(printed)


def _chunks(lines):
    """Lines in runs, cut where ``...`` stands."""
    chunks = [[]]
    for line in lines:
        if line.strip() == LEFT_OUT:
            chunks.append([])
        else:
            chunks[-1].append(line)
    return chunks


def difference(shown, printed):
    """The lines that differ, as a diff from the page to what was printed."""
    ours, theirs = (masked("\n".join(lines)).split("\n") for lines in (shown, printed))
    found = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, False).get_opcodes():
        if kind == "equal":
            found += [f"  {line}" for line in shown[a:b]]
        else:
            found += [f"- {line}" for line in shown[a:b]]
            found += [f"+ {line}" for line in printed[c:d]]
    return "\n".join(line.rstrip() for line in found)


def renewed(shown, printed):
    """What a page is to show of new output, with as much left out as before."""
    chunks = _chunks(shown)
    if agree(shown, printed):
        return list(shown)
    if len(chunks) == 1:
        return list(printed)
    if len(chunks) > 2:
        raise ValueError("more than one line ... : write this output by hand")
    first, last = map(len, chunks)
    if first + last >= len(printed):
        return list(printed)
    return [*printed[:first], LEFT_OUT, *printed[len(printed) - last :]]
