"""Links out of `docs/` to files of the repository lead to pages that show them.

On a code host a relative link such as `../mydl/layers/conv.py` shows the file. On the site it would
lead out of the site, or make a browser download what one wants to read. So each file that a page
links to gets a page with its text, coloured and with numbered lines; a folder gets a list of its
files, which have pages then too. `[source]` beside an entry of the reference leads to the line in
the same page.
"""

import html
import importlib
import inspect
import subprocess
from pathlib import Path

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
FOLDER = "source"  # of the site
PICTURES = (".svg", ".html")  # text that one wants to see drawn
# Files beside `docs/` that have a page of the site proper.
PAGES = {
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "README.md": "index",
    "README.zh.md": "zh/tutorial",
}


def tracked_files():
    """What belongs to the repository; in a copy without Git, what is there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return sorted(set(done.stdout.splitlines()))
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not {"__pycache__", "build"} & {*path.parts})


def page_name(path):
    """The name of the page of a file, or of a folder, given relative to the repository."""
    return f"{FOLDER}/{path}"


def is_text(path):
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


class LinksToFiles(SphinxTransform):
    """Mark links to files and folders of the repository, before they become anything else."""

    default_priority = 300

    def apply(self, **kwargs):
        for node in list(self.document.findall(is_link)):
            target = node["reftarget"].partition("#")[0]
            path = self.find(f"{target}.md" if is_outside(node) else target)
            if path is None:
                continue
            if path.is_dir() or (path.suffix not in PICTURES and is_text(path)):
                name = str(path.relative_to(ROOT))
                self.env.repository_links.setdefault(self.env.docname, set()).add(name)
                pending = addnodes.pending_xref(
                    "",
                    *node.children,
                    refdomain="",
                    reftype="repository-file",
                    reftarget=name,
                    refdoc=self.env.docname,
                )
                node.replace_self(pending)

    def find(self, target):
        """The file or folder that a link leads to, if it is one of the repository."""
        if not target:
            return None
        folders = [(DOCS / self.env.docname).parent]
        if self.env.docname in PAGES.values():  # it includes a file from there
            folders.append(ROOT)
        for folder in folders:
            path = folder.joinpath(target).resolve()
            if path.exists() and path.is_relative_to(ROOT):
                return path
        return None


def is_link(node):
    """Whether a node may be a link out of the site."""
    if isinstance(node, addnodes.download_reference):
        return True
    if not isinstance(node, addnodes.pending_xref) or node["reftype"] != "myst":
        return False
    return node.get("refdomain") is None or is_outside(node)


def is_outside(node):
    """Whether MyST takes a Markdown file outside docs/ for a page of the site."""
    return node.get("refdomain") == "doc" and node["reftarget"].startswith("/")


def resolve(app, env, node, contnode):
    """A reference to the page of a file."""
    if node["reftype"] != "repository-file":
        return None
    page = PAGES.get(node["reftarget"])
    if page not in env.found_docs:
        page = page_name(node["reftarget"])
    uri = app.builder.get_relative_uri(node["refdoc"], page) if app.builder.format == "html" else ""
    reference = nodes.reference("", "", refuri=uri, internal=True)
    reference += contnode
    return reference


def link_objects(app, doctree):
    """Put `[source]` beside each Python object, as `sphinx.ext.viewcode` does."""
    env = app.env
    for signature in doctree.findall(addnodes.desc_signature):
        if signature.parent.get("domain") != "py" or not signature.get("module"):
            continue
        place = place_of(signature["module"], signature["fullname"])
        if place:
            name, line = place
            env.repository_links.setdefault(env.docname, set()).add(name)
            pending = addnodes.pending_xref(
                "",
                nodes.inline("", "[source]", classes=["viewcode-link"]),
                refdomain="",
                reftype="repository-line",
                reftarget=name,
                refline=line,
                refdoc=env.docname,
            )
            signature += addnodes.only("", pending, expr="html")


def place_of(module, fullname):
    """The file, relative to the repository, and the line in which an object is defined."""
    thing = importlib.import_module(module)
    for name in fullname.split("."):
        thing = getattr(thing, name, None)
    thing = getattr(thing, "py_func", thing)  # what Numba compiled
    thing = thing.fget if isinstance(thing, property) else inspect.unwrap(thing)
    try:
        path = Path(inspect.getsourcefile(thing)).resolve()
        line = inspect.getsourcelines(thing)[1]
    except (TypeError, OSError):
        return None
    return (str(path.relative_to(ROOT)), line) if path.is_relative_to(ROOT) else None


def resolve_line(app, env, node, contnode):
    if node["reftype"] != "repository-line":
        return None
    if app.builder.format != "html":
        return contnode
    uri = app.builder.get_relative_uri(node["refdoc"], page_name(node["reftarget"]))
    return nodes.reference("", "", contnode, refuri=f"{uri}#L{node['refline']}", internal=True)


def pages(app):
    """The pages of all files and folders that are linked to."""
    wanted = set().union(*app.env.repository_links.values())
    wanted -= {name for name, page in PAGES.items() if page in app.env.found_docs}
    tracked = [name for name in tracked_files() if (ROOT / name).is_file()]
    folders = sorted(name for name in wanted if (ROOT / name).is_dir())
    inside = {folder: [n for n in tracked if n.startswith(f"{folder}/")] for folder in folders}
    for names in inside.values():
        wanted.update(name for name in names if is_text(ROOT / name))
    for folder, names in inside.items():
        uri = app.builder.get_relative_uri
        here = page_name(folder)
        items = (
            f'<a href="{uri(here, page_name(n))}">{html.escape(n[len(folder) + 1 :])}</a>'
            if n in wanted
            else html.escape(n[len(folder) + 1 :])
            for n in names
        )
        yield page(folder, "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")
    for name in sorted(wanted.difference(folders)):
        yield page(name, coloured(ROOT / name))


def coloured(path):
    text = path.read_text(encoding="utf-8")
    try:
        lexer = get_lexer_for_filename(path.name)
    except ClassNotFound:
        lexer = TextLexer()
    formatter = HtmlFormatter(linenos="inline", linespans="L", lineanchors="", wrapcode=True)
    return highlight(text, lexer, formatter).replace('id="L-', 'id="L')


def page(name, body):
    title = html.escape(name)
    context = {"title": title, "body": f"<h1><code>{title}</code></h1>\n{body}"}
    return page_name(name), context, "page.html"


def share_navigation(app, name, template, context, doctree):
    """Make the sidebar of these pages once for each depth of folders: it is the same, and large."""
    if name.startswith(f"{FOLDER}/"):
        make, depth = context["toctree"], name.count("/")

        def made(**options):
            key = depth, *sorted(options.items())
            if key not in app.env.navigation:
                app.env.navigation[key] = make(**options)
            return app.env.navigation[key]

        context["toctree"] = made


def prepare(app, env, docnames):
    env.navigation = {}
    if not hasattr(env, "repository_links"):
        env.repository_links = {}


def forget(app, env, docname):
    getattr(env, "repository_links", {}).pop(docname, None)


def merge(app, env, docnames, other):
    """Take over what another process found."""
    found = getattr(other, "repository_links", {})
    env.repository_links.update({name: found[name] for name in docnames if name in found})


def setup(app):
    app.connect("env-before-read-docs", prepare)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.add_transform(LinksToFiles)
    app.connect("doctree-read", link_objects)
    app.connect("missing-reference", resolve)
    app.connect("missing-reference", resolve_line)
    app.connect("html-collect-pages", pages)
    app.connect("html-page-context", share_navigation, priority=400)  # before the theme's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
