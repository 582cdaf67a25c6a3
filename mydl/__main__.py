"""``python -m mydl`` is the ``mydl`` command."""

from .cli.main import run

run()
