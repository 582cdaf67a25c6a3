"""Puts the pages of ``docs/`` into the package, where ``mydl help`` finds them without a network.

All else about the package is in ``pyproject.toml``. An editable installation gets no copies:
``mydl help`` reads ``docs/`` itself there, so that changes show at once.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DOCS = Path("docs")
# Pages include these, as files of the folder above.
INCLUDED = [Path("CHANGELOG.md"), Path("CONTRIBUTING.md")]


def pages() -> dict[str, str]:
    """Where each page goes in the package, and where it is from."""
    found = {f"mydl/pages/{path.relative_to(DOCS).as_posix()}": path for path in DOCS.rglob("*.md")}
    found |= {f"mydl/{path}": path for path in INCLUDED}
    hidden = {target for target in found if any(part[0] in "._" for part in target.split("/"))}
    return {target: str(path) for target, path in sorted(found.items()) if target not in hidden}


class BuildWithPages(build_py):
    """The modules, their data and the pages."""

    def run(self) -> None:
        """Copy them, unless the installation is editable."""
        super().run()
        if not self.editable_mode:
            for target, source in self._pages().items():
                self.mkpath(str(Path(target).parent))
                self.copy_file(source, target, preserve_mode=False)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """The files that a build makes."""
        pages = [] if self.editable_mode else list(self._pages())
        return [*super().get_outputs(include_bytecode), *pages]

    def get_source_files(self) -> list[str]:
        """The files that a source distribution needs for a build."""
        return [*super().get_source_files(), *pages().values()]

    def _pages(self) -> dict[str, str]:
        return {str(Path(self.build_lib, target)): source for target, source in pages().items()}


setup(cmdclass={"build_py": BuildWithPages})
