"""Pages of the documentation as plain Markdown, for a terminal.

The pages are written in MyST's Markdown, for Sphinx. Here its directives are carried out or named,
formulas become lines of text, and links say which page they lead to.
"""

from __future__ import annotations

import ast
import posixpath
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .formulas import displayed, in_a_line
from .manual import PACKAGE, Manual, Page, beside, targets

FENCE = re.compile(r"^(?P<indent>[ >]*)(?P<mark>`{3,}|~{3,}|:{3,})(?P<info>.*)$")
DIRECTIVE = re.compile(r"\{(?P<name>[\w:+-]+)\}\s*(?P<argument>.*)")
OPTION = re.compile(r"\s*:(?P<key>[\w-]+):\s*(?P<value>.*)")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
TOKEN = re.compile(
    r"""(?P<comment><!--.*?-->[ ]*\n?)
    | (?P<role>\{[\w:+-]+\})?(?P<ticks>`+)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)
    | (?P<escape>\\[!-/:-@[-`{-~])
    | ^(?P<lead>[ >]*)\$\$(?P<block>.+?)\$\$[ ]*$
    | \$\$(?P<display>.+?)\$\$
    | \$(?P<formula>[^\s$](?:[^$]*?[^\s$\\])?)\$(?!\d)
    | !\[(?P<picture>[^\]]*)\]\([^)]*\)
    | \[(?P<label>(?:[^\[\]]|!?\[[^\[\]]*\](?:\([^)]*\))?)*)\]\((?P<target>[^\s)]+)[^)]*\)
    | ^\([\w-]+\)=[ ]*\n
    | </?(?:details|summary|div|p|br|sub|sup|a|b|i)\b[^>]*>""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
PARTS = re.compile(r" {2,}")
WIDE = 76  # columns, beyond which formulas that stand side by side get lines of their own
REMARKS = (
    "note",
    "tip",
    "hint",
    "important",
    "warning",
    "caution",
    "attention",
    "danger",
    "seealso",
)
SHOWN_CODE = ("code-block", "code", "code-cell", "sourcecode", "parsed-literal")


@dataclass
class Reading:
    """A page on its way to plain Markdown.

    Attributes
    ----------
    manual
        The pages that there are.
    page
        The one.
    seen
        Pages that it has links to, by their paths, in order.
    """

    manual: Manual
    page: Page
    seen: dict[str, Page] = field(default_factory=dict)

    def whole(self) -> str:
        """The page, and at its end the pages that it leads to."""
        text = FRONT_MATTER.sub("", self.page.text())
        parts = [self.markdown(text).strip()]
        if self.seen:
            parts.append("## Pages named here")
            rows = (f"- `mydl help {page.name}`: {page.title}" for page in self.seen.values())
            parts.append("\n".join(rows))
        return "\n\n".join(parts) + "\n"

    def markdown(self, text: str) -> str:
        """MyST's Markdown as plain Markdown."""
        return "".join(self._parts(text.splitlines(keepends=True)))

    def _parts(self, lines: list[str]) -> Iterator[str]:
        """What is between fences, and what is inside them."""
        start = number = 0
        while number < len(lines):
            opening = FENCE.match(lines[number].rstrip("\n"))
            if opening is None or (opening["mark"][0] == "`" and "`" in opening["info"]):
                number += 1
                continue
            yield self._prose("".join(lines[start:number]))
            end = _closing(lines, number + 1, opening["mark"])
            indent = opening["indent"]
            body = [line.removeprefix(indent) for line in lines[number + 1 : end]]
            inside = self._fenced(opening["mark"], opening["info"].strip(), body)
            yield textwrap.indent(inside.strip("\n"), indent, lambda line: True) + "\n"
            start = number = end + 1
        yield self._prose("".join(lines[start:]))

    def _fenced(self, mark: str, info: str, body: list[str]) -> str:
        directive = DIRECTIVE.match(info)
        if directive is None:
            if mark[0] == ":":
                return self.markdown("".join(body))
            return f"{mark}{info}\n{''.join(body)}{mark}"
        options, content = _options(body)
        return self._directive(directive["name"], directive["argument"].strip(), options, content)

    def _directive(self, name: str, argument: str, options: dict[str, str], body: str) -> str:
        """What a directive of Sphinx comes to."""
        if name == "literalinclude":
            return self._included_code(argument, options)
        if name == "include":
            file = self._file(argument)
            return self.markdown(file.read_text(encoding="utf-8")) if file else _named(argument)
        if name == "toctree":
            return self._contents(options.get("caption", ""), body)
        if name == "math":
            return _formula(argument + body)
        if name == "eval-rst":
            return _generated(body)
        if name in ("figure", "image"):
            about = self._prose(body.strip() or options.get("alt", ""))
            return f"\\[picture: {about}\\]" if about else ""
        if name in SHOWN_CODE:
            return f"````{argument or 'python'}\n{body.rstrip()}\n````"
        title = argument if name == "admonition" else name.capitalize()
        inside = self.markdown(body)
        if name in REMARKS:
            return textwrap.indent(f"**{title}:** {inside.strip()}", "> ", lambda line: True)
        return inside

    def _prose(self, text: str) -> str:
        return TOKEN.sub(self._token, text)

    def _token(self, match: re.Match[str]) -> str:
        kind = match.lastgroup
        if match["code"] is not None:
            return match[0].removeprefix(match["role"] or "")
        if match["block"] is not None:
            return textwrap.indent(_formula(match["block"]), match["lead"], lambda line: True)
        if kind in ("display", "formula"):
            return _plain(in_a_line(match["display"] or match["formula"]))
        if kind == "picture":
            return f"\\[picture: {match['picture']}\\]" if match["picture"] else ""
        if kind == "target":
            return self._link(self._prose(match["label"]), match["target"])
        return match[0] if kind == "escape" else ""

    def _link(self, label: str, target: str) -> str:
        """A link's words, and where they lead if it is not a page."""
        if re.match(r"\w+:", target):
            return f"[{label}]({target})"
        path, _, _ = target.partition("#")
        if path.endswith((".md", ".ipynb")):
            page = self.manual.at(self._beside(path))
            if page is not None and page.path != self.page.path:
                self.seen.setdefault(page.path, page)
            return label
        shown = self._beside(path).removeprefix("../")
        known = not path or posixpath.basename(shown) in label
        return label if known else f"{label} (`{shown}`)"

    def _beside(self, target: str) -> str:
        """A path that is relative to this page, relative to the folder of the pages."""
        return beside(self.page.path, target)

    def _file(self, target: str) -> Path | None:
        """A file that a page names, where it was installed with the pages or the package."""
        path = self._beside(target)
        inside = PACKAGE / path.removeprefix("../mydl/")
        file = inside if path.startswith("../mydl/") else self.manual.folder / path
        return file if file.is_file() else None

    def _included_code(self, target: str, options: dict[str, str]) -> str:
        file = self._file(target)
        shown = self._beside(target).removeprefix("../")
        place = f"{shown}, {options['pyobject']}" if "pyobject" in options else shown
        if file is None:
            return _named(place)
        code = excerpt(file.read_text(encoding="utf-8"), options)
        language = options.get("language", "python" if file.suffix == ".py" else "text")
        return f"*{_plain(place)}:*\n\n````{language}\n{code.rstrip()}\n````"

    def _contents(self, caption: str, body: str) -> str:
        rows = [f"**{caption}**\n"] if caption else []
        for target in targets(body):
            page = self.manual.at(self._beside(target) + ".md")
            if page is not None:
                rows.append(f"- `mydl help {page.name}`: {page.title}")
        return "\n".join(rows)


def excerpt(text: str, options: dict[str, str]) -> str:
    """The lines of a file that ``literalinclude`` shows."""
    lines = text.splitlines()
    if "pyobject" in options:
        lines = _python_object(text, options["pyobject"]) or lines
    for key, skip in (("start-at", 0), ("start-after", 1)):
        if key in options:
            first = (i for i, line in enumerate(lines) if options[key] in line)
            lines = lines[next(first, 0) + skip :]
    for key, more in (("end-at", 1), ("end-before", 0)):
        if key in options:
            last = (i for i, line in enumerate(lines) if options[key] in line)
            lines = lines[: next(last, len(lines)) + more]
    if "lines" in options:
        lines = [line for part in options["lines"].split(",") for line in _range(lines, part)]
    return textwrap.dedent("\n".join(lines))


def _closing(lines: list[str], start: int, mark: str) -> int:
    """The number of the line that closes a fence, or that of the end."""
    wanted = re.compile(rf"^[ >]*{re.escape(mark[0])}{{{len(mark)},}}\s*$")
    return next((n for n in range(start, len(lines)) if wanted.match(lines[n])), len(lines))


def _options(body: list[str]) -> tuple[dict[str, str], str]:
    """The options at the head of a directive, and the rest."""
    options: dict[str, str] = {}
    for number, line in enumerate(body):
        option = OPTION.match(line)
        if option is None:
            return options, "".join(body[number:])
        options[option["key"]] = option["value"].strip()
    return options, ""


def _python_object(text: str, name: str) -> list[str]:
    """The lines of a function, class or method, its decorators with it."""
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        found = [n for n in ast.iter_child_nodes(node) if isinstance(n, kinds) and n.name == part]
        if not found:
            return []
        node = found[-1]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return text.splitlines()[first - 1 : node.end_lineno]


def _range(lines: list[str], part: str) -> list[str]:
    """Lines by their numbers, as in "3", "3-5" or "3-"."""
    first, dash, last = part.strip().partition("-")
    start = int(first or 1) - 1
    return lines[start : int(last) if last else None] if dash else lines[start : start + 1]


def _formula(latex: str) -> str:
    """A formula on lines of its own."""
    lines = displayed(latex)
    if len(lines) == 1 and len(lines[0]) > WIDE:
        lines = PARTS.split(lines[0])
    return "\n".join(["\n````text", *lines, "````\n"])


def _generated(body: str) -> str:
    """What Sphinx makes of docstrings, by name."""
    names = re.findall(r"^\s*\.\. auto\w+:: *([\w.]+)", body, re.MULTILINE)
    return "\n".join(f"- `python -m pydoc {name}`" for name in names)


def _named(place: str) -> str:
    return f"*(see {_plain(place)} in mydl's repository)*"


def _plain(text: str) -> str:
    """Text whose signs mean nothing to Markdown."""
    return SIGNS.sub(r"\\\1", text)
