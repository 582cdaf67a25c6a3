"""Is a backward pass right? Compare it with derivatives measured on the forward pass.

:func:`gradcheck` in ``check.py`` is the procedure. ``probe.py`` makes a layer a function of its
arrays, ``slope.py`` measures one derivative of it, ``conduct.py`` watches the rules of the layers'
contract that are no derivatives, and ``report.py`` is what comes out. ``cases.py`` lists what
``mydl gradcheck`` checks.
"""

from .check import gradcheck
from .report import Entry, GradcheckReport

__all__ = ["Entry", "GradcheckReport", "gradcheck"]
