"""Is a backward pass right? Compare it with derivatives measured on the forward pass.

:func:`gradcheck` in ``check.py`` is the procedure. ``probe.py`` makes a layer a function of its
arrays, ``slope.py`` measures one derivative of it, ``conduct.py`` watches the rules of the layers'
contract that are no derivatives, and ``report.py`` is what comes out. ``cases.py`` lists what
``mydl gradcheck`` checks, and ``own.py`` reads a layer from a user's file.

What fails is explained. ``explain.py`` measures a wrong gradient densely; ``patterns.py`` knows the
errors of an array (:func:`diagnose` for any two arrays is in ``diagnosis.py``), ``upstream.py`` and
``trials.py`` what becomes of another dy or another weight, ``relations.py`` how an error depends on
x and y, ``together.py`` what several arrays have in common. :func:`sweep` draws the error of a
measured derivative against its step.
"""

from .check import gradcheck
from .diagnosis import ArrayDiagnosis, Diagnosis, diagnose
from .report import Entry, GradcheckReport
from .sweep import Sweep, sweep

__all__ = [
    "ArrayDiagnosis",
    "Diagnosis",
    "Entry",
    "GradcheckReport",
    "Sweep",
    "diagnose",
    "gradcheck",
    "sweep",
]
