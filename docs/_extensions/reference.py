"""The reference: what autodoc shows of a module, a command and an example."""

import importlib
import inspect


def exported_elsewhere(app, what, name, thing, skip, options):
    """Whether a package above the module exports the name: it is described there, and once."""
    home = getattr(thing, "__module__", None)
    here = app.env.current_document.autodoc_module
    if what != "module" or not home or home != here:
        return None
    packages = home.split(".")[1:-1]
    for depth in range(len(packages), 0, -1):
        package = importlib.import_module(".".join(["mydl", *packages[:depth]]))
        if name in getattr(package, "__all__", ()):
            return True
    return None


def headings_in_modules(app, what, name, thing, options, lines):
    """Make sections of a module's docstring headings that are outside the page's own."""
    if what == "module":
        for i in range(len(lines) - 1, 0, -1):
            if lines[i] and set(lines[i]) == {"-"} and lines[i - 1]:
                lines[i - 1 : i + 1] = [f".. rubric:: {lines[i - 1]}", ""]


def short_signatures(app, what, name, thing, options, signature, returns):
    """Leave out the annotations of commands: the page of all commands shows what is in them."""
    if not name.startswith("mydl.cli.") or not signature:
        return None
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(thing).parameters.values()
        if parameter.name not in ("self", "cls")
    ]
    return str(inspect.Signature(parameters)), None


def setup(app):
    app.connect("autodoc-skip-member", exported_elsewhere)
    app.connect("autodoc-process-docstring", headings_in_modules)
    app.connect("autodoc-process-signature", short_signatures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
