"""The public names of the package: what is defined in a module without an underscore."""

import importlib
import inspect
import pkgutil

import mydl


def modules():
    """Every module that can be imported and does not begin with an underscore."""
    names = (module.name for module in pkgutil.walk_packages(mydl.__path__, "mydl."))
    return sorted(
        name
        for name in names
        # The exercises are files for students, whose folders are no packages.
        if not any(part.startswith("_") for part in name.split(".")) and ".exercises" not in name
    )


def packages_above(module):
    """The packages that a module is in, the nearest last, without mydl itself."""
    parts = module.split(".")
    return [".".join(parts[:depth]) for depth in range(2, len(parts))]


def defined_in(module):
    """The public functions and classes that a module defines, by name."""
    found = importlib.import_module(module)
    return {
        name: thing
        for name, thing in vars(found).items()
        if not name.startswith("_")
        and getattr(thing, "__module__", None) == module
        and (inspect.isclass(thing) or inspect.isroutine(thing) or hasattr(thing, "py_func"))
    }


def methods_of(thing):
    """The public methods and properties that a class defines, by name."""
    kinds = (classmethod, staticmethod, property)
    return {
        name: getattr(thing, name)
        for name, member in vars(thing).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, kinds))
    }


def everything():
    """(name with its module, object) of all that is public, methods too."""
    for module in modules():
        for name, thing in defined_in(module).items():
            yield f"{module}.{name}", thing
            if inspect.isclass(thing):
                for method, member in methods_of(thing).items():
                    yield f"{module}.{name}.{method}", member
