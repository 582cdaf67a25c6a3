"""The page: its sources and its data in one file that loads nothing from anywhere.

``page/`` has the sources as one edits them: ``index.html``, ``style.css``, and JavaScript modules,
which import each other. Browsers refuse modules of a page that was opened as a file, so that here
each becomes a function that runs once and gives out what the module exports, in an order in which
every module comes after those it imports::

    import { a, b as c } from "./x.js";     const { a, b: c } = modules["x.js"];
    export function f() ...                 function f() ...; return { f };
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

STYLE = '<link rel="stylesheet" href="style.css">'
SCRIPT = '<script type="module" src="main.js"></script>'
DATA = '<script type="application/json" id="data"></script>'
HEAD = "<head>\n"
TITLE = re.compile("<title>.*?</title>")

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?function\*?|const|let|class) (\w+)", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def page(data: Mapping[str, Any]) -> str:
    """The page with data of ``mydl.explorer.payload``, as HTML.

    Its policy lets the browser run this script and none else, and load nothing.
    """
    script = bundle({name: _source(name) for name in _modules()}, "main.js")
    # A "<" in JSON is always in a text, where an escape stands for it as well.
    numbers = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; form-action 'none'; base-uri 'none'"
    )
    text = TITLE.sub(lambda _: f"<title>{escape(data['title'])}</title>", _source("index.html"))
    for place, content in (
        (HEAD, f'{HEAD}<meta http-equiv="Content-Security-Policy" content="{policy}">\n'),
        (STYLE, f"<style>\n{_source('style.css')}</style>"),
        (SCRIPT, f'<script type="module">{script}</script>'),
        (DATA, DATA.replace("><", f">{numbers}<")),
    ):
        before, found, after = text.partition(place)
        assert found, f"index.html has no {place}"
        text = before + content + after
    return text


def bundle(sources: Mapping[str, str], main: str) -> str:
    """One script that does what JavaScript modules do.

    Parameters
    ----------
    sources
        Of the modules, by name.
    main
        The name of the module that the page runs.

    Raises
    ------
    ValueError
        A module imports or exports in a way that is not understood, modules import each other in a
        circle, or a module is missing.

    Examples
    --------
    >>> print(bundle({
    ...     "main.js": 'import { one as two } from "./one.js";\\nconsole.log(two);',
    ...     "one.js": "export const one = 1;",
    ... }, "main.js"))
    const modules = {};
    // ---- one.js
    modules["one.js"] = (() => {
    const one = 1;
    return { one };
    })();
    // ---- main.js
    modules["main.js"] = (() => {
    const { one: two } = modules["one.js"];
    console.log(two);
    return {  };
    })();
    """
    parts = ["const modules = {};"]
    for name in _in_order(sources, main):
        parts += [f"// ---- {name}", f'modules["{name}"] = (() => {{', _as_body(sources[name])]
        parts.append("})();")
    return "\n".join(parts)


def _in_order(
    sources: Mapping[str, str], name: str, importers: tuple[str, ...] = (), done: Sequence[str] = ()
) -> list[str]:
    """The modules that are done, and behind them a module and what it needs, that first."""
    if name in done:
        return [*done]
    if name in importers:
        raise ValueError(f"modules import each other: {' -> '.join((*importers, name))}")
    if name not in sources:
        raise ValueError(f"{importers[-1]} imports {name}, which is not there")
    for _, needed in IMPORT.findall(sources[name]):
        done = _in_order(sources, needed, (*importers, name), done)
    return [*done, name]


def _as_body(source: str) -> str:
    """What a module does, as the inside of a function that returns what it exports."""

    def take(match: re.Match[str]) -> str:
        names, module = match.groups()
        taken = " ".join(names.split()).replace(" as ", ": ").rstrip(",")
        return f'const {{ {taken} }} = modules["{module}"];'

    exported = ", ".join(name for _, name in EXPORT.findall(source))
    body = EXPORT.sub(r"\1 \2", IMPORT.sub(take, source))
    if other := OTHER.search(body):
        raise ValueError(f"this kind of line is not understood: {other[0]}")
    return f"{body.rstrip()}\nreturn {{ {exported} }};"


def _source(name: str) -> str:
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")


def _modules() -> list[str]:
    folder = files(__package__) / "page"
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".js"))
