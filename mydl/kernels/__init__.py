"""The loops. Each Numba kernel stands beside a plain-NumPy ``*_reference`` of the same signature.

A kernel writes its result into arrays that the caller provides, whose shapes say what to compute.
"""
