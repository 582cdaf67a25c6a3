"""Formulas in a terminal: the LaTeX of the documentation as lines of Unicode text."""

# ruff: noqa: RUF001, as signs of formulas look like others

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|\s+|[0-9.]+|.", re.DOTALL)


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


LETTERS = _pairs(
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ iota ι kappa κ "
    "lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ phi φ varphi φ chi χ psi ψ omega ω Gamma Γ "
    "Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω partial ∂ nabla ∇ infty ∞ "
    "ell ℓ sum Σ prod ∏ int ∫ prime ′ top ᵀ ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ lfloor ⌊ "
    "rfloor ⌋ lceil ⌈ rceil ⌉ langle ⟨ rangle ⟩ lVert ‖ rVert ‖ Vert ‖ lvert | rvert | vert | "
    "lbrace { rbrace } forall ∀ exists ∃ emptyset ∅ hbar ℏ"
)
RELATIONS = _pairs(
    "cdot · times × div ÷ pm ± mp ∓ odot ⊙ oplus ⊕ otimes ⊗ circ ∘ ast ∗ star ⋆ bullet • in ∈ "
    "notin ∉ subset ⊂ subseteq ⊆ cup ∪ cap ∩ leq ≤ le ≤ geq ≥ ge ≥ ll ≪ gg ≫ neq ≠ ne ≠ approx ≈ "
    "sim ~ simeq ≃ equiv ≡ propto ∝ to → rightarrow → longrightarrow → leftarrow ← gets ← "
    "leftrightarrow ↔ Rightarrow ⇒ implies ⇒ Leftarrow ⇐ Leftrightarrow ⇔ iff ⇔ mapsto ↦ mid | "
    "land ∧ lor ∨ setminus ∖ colon :"
)
SYMBOLS = LETTERS | {name: f" {sign} " for name, sign in RELATIONS.items()}
SYMBOLS |= dict.fromkeys((",", ":", ";", ">", " "), " ")
SYMBOLS |= {"quad": "  ", "qquad": "    ", "!": "", "|": "‖", "displaystyle": "", "limits": ""}
SYMBOLS |= {sign: sign for sign in "{}%_&#$"}
SIZES = re.compile(r"(left|right|middle|[bB]igg?[lrm]?)$")
FONTS = re.compile(r"(text|math(rm|it|bf|sf|tt|cal|op)|operatorname|boldsymbol|bm|mbox|underline)")
DOUBLE = dict(zip("RNZQCEP", "ℝℕℤℚℂ𝔼ℙ", strict=True))
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307"}
ACCENTS |= {"widehat": "\u0302", "overline": "\u0304", "widetilde": "\u0303"}

OPENING, CLOSING = ("(", "[", "⌊", "⌈"), (")", "]", "⌋", "⌉", ",")
RAISED = dict(zip("0123456789+-niT′ᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱᵀ′ᵀ", strict=True))
LOWERED = dict(zip("0123456789+-ijknm", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₘ", strict=True))


@dataclass(frozen=True)
class Box:
    """Lines of equal width; the one with the number ``base`` stands on the line of the formula."""

    lines: tuple[str, ...]
    base: int = 0

    def beside(self, other: Box) -> Box:
        """Both, side by side."""
        base = max(self.base, other.base)
        below = max(len(self.lines) - self.base, len(other.lines) - other.base)
        rows = (box._extended(base, base + below) for box in (self, other))
        return Box(tuple(map("".join, zip(*rows, strict=True))), base)

    def _extended(self, base: int, height: int) -> list[str]:
        empty = " " * width(self.lines[0])
        lines = [empty] * (base - self.base) + list(self.lines)
        return lines + [empty] * (height - len(lines))


def width(text: str) -> int:
    """The columns that a text takes."""
    return sum(not unicodedata.combining(character) for character in text)


def in_a_line(latex: str) -> str:
    r"""A formula within a sentence.

    >>> in_a_line(r"\frac{\partial L}{\partial x_{ij}} = \sum_k w_k^2")
    '∂L/∂xᵢⱼ = Σₖ wₖ²'
    >>> in_a_line(r"H_{\mathit{out}} = \lfloor (H + 2p - k) / s \rfloor + 1, \ x \in \mathbb{R}^n")
    'H_out = ⌊(H + 2p - k) / s⌋ + 1, x ∈ ℝⁿ'
    >>> in_a_line(r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}")
    '[a b; c d]'
    """
    (line,) = _Reader(latex, flat=True).sequence().lines
    return re.sub(r" +", " ", line).strip()


def displayed(latex: str) -> list[str]:
    r"""The lines of a formula that stands on its own.

    >>> print("\n".join(displayed(r"y = \begin{cases} x & x > 0 \\ 0 & \text{else} \end{cases}")))
        ⎧ x  x > 0
    y = ⎨
        ⎩ 0  else
    >>> print("\n".join(displayed(r"\begin{aligned} a &= \tfrac{b + 1}{2} \\ &= c \end{aligned}")))
    a = (b + 1)/2
      = c
    """
    box = _Reader(latex, flat=False).sequence()
    return [line.rstrip() for line in box.lines]


class _Reader:
    """Reads tokens of LaTeX into boxes; what it does not know stays as its name."""

    def __init__(self, latex: str, flat: bool) -> None:
        self._tokens = TOKEN.findall(latex.strip())
        self._flat = flat

    def sequence(self, *ends: str) -> Box:
        """All up to one of the tokens, which is taken away too, or up to the end."""
        found = Box(("",))
        while self._tokens:
            token = self._tokens.pop(0)
            if token in ends:
                break
            found = self._joined(found, token)
        return found

    def _joined(self, before: Box, token: str) -> Box:
        """A box with the next one behind it; spaces do not pile up."""
        if token in ("^", "_"):
            return before.beside(self._script(token, before))
        box = self._box(token)
        if len(before.lines) == len(box.lines) == 1:
            left, right = before.lines[0], box.lines[0]
            there = len(left) - len(left.rstrip())
            if left.rstrip().endswith(OPENING):
                left, there = left.rstrip(), len(right)
            if right.startswith(CLOSING):
                left = left.rstrip()
            lead = len(right) - len(right.lstrip())
            return _text(left + right[min(there, lead) :])
        return before.beside(box)

    def _box(self, token: str) -> Box:
        if token == "{":
            return self.sequence("}")
        if token.isspace() or token == "~":
            return Box((" ",))
        if token in ("&", "\\\\"):
            return Box(("  ",))
        if not token.startswith("\\"):
            return Box(("′" if token == "'" else token,))
        return self._command(token[1:])

    def _command(self, name: str) -> Box:
        read: dict[str, Callable[[], Box]] = {
            "begin": self._environment,
            "frac": self._fraction,
            "tfrac": self._fraction,
            "dfrac": self._fraction,
            "sqrt": lambda: _text("√" + _enclosed(self._argument())),
            "mathbb": lambda: _text("".join(DOUBLE.get(c, c) for c in self._argument())),
            "underbrace": lambda: _text(self._argument()),
            "tag": lambda: _text(f"  ({self._argument()})"),
        }
        if name in read:
            return read[name]()
        if FONTS.match(name):
            return _text(self._raw() if name.startswith(("text", "mbox")) else self._argument())
        if name in ACCENTS:
            return _text("".join(character + ACCENTS[name] for character in self._argument()))
        if SIZES.match(name):
            self._skip_spaces()
            if self._tokens and self._tokens[0] == ".":
                self._tokens.pop(0)
            return _text("")
        self._skip_spaces()
        if name not in SYMBOLS:  # log, exp, max and other words
            return _text(name + " " * self._next(r"\\?[\w{](?!eft|ight)"))
        return _text(SYMBOLS[name] + " " * (self._next(r"[=+<>/|-]")))

    def _fraction(self) -> Box:
        above, below = _enclosed(self._argument()), _enclosed(self._argument())
        if re.match(r"\d+[^\d.)]", below):
            below = f"({below})"
        return _text(f"{above}/{below}" + " " * self._next(r"[\w({]|\\(left|begin)"))

    def _next(self, pattern: str) -> bool:
        """Whether the next token fits."""
        return bool(self._tokens) and re.match(pattern, "".join(self._tokens[:2])) is not None

    def _script(self, kind: str, base: Box) -> Box:
        """What stands above or below the line."""
        text = re.sub(r" *([,=+×-]) *", r"\1", self._argument())
        known = RAISED if kind == "^" else LOWERED
        if text and all(character in known for character in text):
            return _text("".join(known[character] for character in text))
        if kind == "_" and "," in text:
            return _text(f"[{text}]")
        if kind == "_" and base.lines[base.base].endswith(("Σ", "∏")):
            return _text(f"({text})")
        return _text(kind + _enclosed(text, powers=kind == "^"))

    def _environment(self) -> Box:
        name = self._raw().removesuffix("*")
        if name in ("array", "alignedat"):
            self._raw()
        tokens: list[str] = []
        depth = 1
        while self._tokens:
            token = self._tokens.pop(0)
            depth += (token == "\\begin") - (token == "\\end")
            if depth == 0:
                self._raw()
                break
            tokens.append(token)
        rows = [
            [_Reader("".join(cell), self._flat).sequence() for cell in _split(row, "&")]
            for row in _split(tokens, "\\\\")
        ]
        rows = [row for row in rows if any(line.strip() for cell in row for line in cell.lines)]
        matrix = "matrix" in name or name == "array"
        if self._flat:
            return _in_a_row(rows, name, matrix)
        return _framed(_grid(rows, name), name)

    def _argument(self) -> str:
        """The next group or token, on one line."""
        self._skip_spaces()
        if not self._tokens:
            return ""
        token = self._tokens.pop(0)
        if token[0].isdigit() and len(token) > 1:  # as in \\frac12
            self._tokens.insert(0, token[1:])
            token = token[0]
        spaced = token[0] == "\\" and bool(self._tokens) and self._tokens[0].isspace()
        flat, self._flat = self._flat, True
        box = self._box(token)
        self._flat = flat
        if spaced:  # what a command has swallowed is still wanted behind a script
            self._tokens.insert(0, " ")
        return " ".join(line.strip() for line in box.lines)

    def _raw(self) -> str:
        """The next group as it is written."""
        self._skip_spaces()
        if self._tokens[:1] != ["{"]:
            return self._tokens.pop(0) if self._tokens else ""
        text = ""
        depth = 0
        while self._tokens:
            token = self._tokens.pop(0)
            depth += (token == "{") - (token == "}")
            if depth == 0:
                break
            text += token
        return re.sub(r"\\([{}%_&#$ ])", r"\1", text[1:])

    def _skip_spaces(self) -> None:
        while self._tokens and self._tokens[0].isspace():
            self._tokens.pop(0)


def _text(text: str) -> Box:
    return Box((text,))


def _enclosed(text: str, powers: bool = False) -> str:
    """A text in brackets, if it has more than one part."""
    text = text.strip()
    several = re.search(r"[^\w.∂∇]", text) if powers else re.search(r"[ +=/·×→-]", text.lstrip("-"))
    return f"({text})" if several and not re.fullmatch(r"[(⌊][^()]*[)⌋]", text) else text


def _split(tokens: Sequence[str], separator: str) -> list[list[str]]:
    """Parts between separators that are in no group and no environment."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in ("{", "\\begin")) - (token in ("}", "\\end"))
        if token == separator and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _in_a_row(rows: list[list[Box]], name: str, matrix: bool) -> Box:
    """An environment on one line."""
    lines = [
        (" " if matrix or name == "cases" else "").join(cell.lines[0].strip() + " " for cell in row)
        for row in rows
    ]
    text = "; ".join(re.sub(r" +", " ", line).strip() for line in lines)
    return _text(f"[{text}]" if matrix else f"{{{text}}}" if name == "cases" else text)


def _grid(rows: list[list[Box]], name: str) -> list[str]:
    """Rows of cells in columns."""
    apart = not name.startswith(("align", "split", "gather"))
    columns = max(map(len, rows), default=0)
    widths = [
        max(width(line) for row in rows if column < len(row) for line in row[column].lines)
        for column in range(columns)
    ]
    lines: list[str] = []
    for row in rows:
        whole = Box(("",))
        for column, wide in enumerate(widths):
            cell = row[column] if column < len(row) else Box(("",))
            right = (not apart and column % 2 == 0) or "matrix" in name
            padded = (
                " " * (right * (wide - width(line)))
                + line
                + " " * ((not right) * (wide - width(line)))
                for line in cell.lines
            )
            gap = "  " if apart else " "
            whole = whole.beside(Box((gap if column else "",)))
            whole = whole.beside(Box(tuple(padded), cell.base))
        lines += whole.lines
    return lines


def _framed(lines: list[str], name: str) -> Box:
    """Lines with the brackets of an environment."""
    wide = max(map(width, lines), default=0)
    lines = [line + " " * (wide - width(line)) for line in lines]
    middle = len(lines) // 2
    if name == "cases" and len(lines) > 1:
        if len(lines) % 2 == 0:
            lines.insert(middle, " " * wide)
        marks = ["⎧", *["⎪"] * (len(lines) - 2), "⎩"]
        marks[middle] = "⎨"
        return Box(tuple(f"{mark} {line}" for mark, line in zip(marks, lines, strict=True)), middle)
    if "matrix" in name or name == "array":
        signs = ("⎛⎜⎝", "⎞⎟⎠") if name == "pmatrix" else ("⎡⎢⎣", "⎤⎥⎦")
        if len(lines) == 1:
            left, right = "()" if name == "pmatrix" else "[]"
            return Box((f"{left}{lines[0]}{right}",))
        sides = [[sign[0], *[sign[1]] * (len(lines) - 2), sign[2]] for sign in signs]
        framed = (f"{a} {line} {b}" for a, line, b in zip(sides[0], lines, sides[1], strict=True))
        return Box(tuple(framed), (len(lines) - 1) // 2)
    return Box(tuple(lines) or ("",), 0 if len(lines) < 2 else (len(lines) - 1) // 2)
