"""Batch norm and the ReLU behind it, in as few passes over memory as their sums allow.

The formulas are those of :class:`mydl.layers.BatchNorm2d`; sums over the batch have to be complete
before any value can be normalised, so that each direction takes two passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layer import Array
from .compile import LANES, kernel
from .simd import load, store, where

# Rows in a block. Its sums are added to those of the blocks before: short sums have small rounding
# errors. Rows are read in order, all channels of one after the other: in any other order the memory
# could not guess what is needed next.
ROWS = 256


def moments_reference(z: Array, mean: Array, var: Array) -> None:
    """Mean and variance of each channel over the rows.

    Parameters
    ----------
    z
        A row for each pixel, (M, C), M > 0.
    mean, var
        Outputs, (C,); the variance divides by M.
    """
    mean[...] = z.mean(axis=0)
    var[...] = ((z - mean) ** 2).mean(axis=0)


@kernel(moments_reference, vectors="z mean var")
def moments(z: Array, mean: Array, var: Array, tail: Any) -> None:
    """Mean and variance of each channel; see :func:`moments_reference`.

    Block after block. With n rows before, m in the block, and d from the mean of those before to
    the block's own (Chan, Golub and LeVeque 1979, "Updating Formulae", equation 2.1)::

        mean    <- mean + d m / (n + m)
        squares <- squares + the block's + d^2 n m / (n + m)
    """
    rows, channels = z.shape
    real = z.dtype.type
    center, squares = np.empty(channels, z.dtype), np.empty(channels, z.dtype)
    mean[...] = 0
    var[...] = 0
    for first in range(0, rows, ROWS):
        end = min(first + ROWS, rows)
        center[...] = 0
        for row in range(first, end):
            for c in range(0, channels, LANES):
                store(center, (c,), load(center, (c,), tail) + load(z, (row, c), tail), tail)
        center *= real(1 / (end - first))
        squares[...] = 0
        for row in range(first, end):
            for c in range(0, channels, LANES):
                off = load(z, (row, c), tail) - load(center, (c,), tail)
                store(squares, (c,), load(squares, (c,), tail) + off * off, tail)
        share = real((end - first) / end)
        for c in range(channels):
            d = center[c] - mean[c]
            mean[c] += d * share
            var[c] += squares[c] + d * d * share * real(first)
    var *= real(1 / rows)


def scale_relu_reference(z: Array, scale: Array, shift: Array, y: Array) -> None:
    """y = max(scale z + shift, 0).

    Parameters
    ----------
    z
        A row for each pixel, (M, C).
    scale, shift
        (C,).
    y
        Output, (M, C); may be a slice of the channels of a wider array.
    """
    values = scale * z + shift
    y[...] = np.where(values.real > 0, values, 0)


@kernel(scale_relu_reference, vectors="z scale shift y")
def scale_relu(z: Array, scale: Array, shift: Array, y: Array, tail: Any) -> None:
    """y = max(scale z + shift, 0); see :func:`scale_relu_reference`."""
    for row in range(z.shape[0]):
        for c in range(0, z.shape[1], LANES):
            values = load(z, (row, c), tail) * load(scale, (c,), tail) + load(shift, (c,), tail)
            store(y, (row, c), where(values > 0, values, 0), tail)


def norm_sums_reference(
    dy: Array, y: Array, z: Array, mean: Array, total: Array, product: Array
) -> None:
    """The two sums that the gradient needs: of d, and of d (z - mean), d = dy where y > 0.

    Parameters
    ----------
    dy, y
        Gradient and output after the ReLU, (M, C); may be slices.
    z
        Input of the normalisation, (M, C).
    mean
        Of each channel of z, (C,).
    total, product
        Outputs, (C,).
    """
    d = np.where(y.real > 0, dy, 0)
    total[...] = d.sum(axis=0)
    product[...] = (d * (z - mean)).sum(axis=0)


@kernel(norm_sums_reference, vectors="dy y z mean total product")
def norm_sums(
    dy: Array, y: Array, z: Array, mean: Array, total: Array, product: Array, tail: Any
) -> None:
    """Sums of d and of d (z - mean); see :func:`norm_sums_reference`."""
    rows, channels = dy.shape
    part, part_product = np.empty(channels, dy.dtype), np.empty(channels, dy.dtype)
    total[...] = 0
    product[...] = 0
    for first in range(0, rows, ROWS):
        part[...] = 0
        part_product[...] = 0
        for row in range(first, min(first + ROWS, rows)):
            for c in range(0, channels, LANES):
                d = where(load(y, (row, c), tail) > 0, load(dy, (row, c), tail), 0)
                off = load(z, (row, c), tail) - load(mean, (c,), tail)
                store(part, (c,), load(part, (c,), tail) + d, tail)
                store(part_product, (c,), load(part_product, (c,), tail) + d * off, tail)
        total += part
        product += part_product


def norm_gradient_reference(
    dy: Array, y: Array, z: Array, direct: Array, slope: Array, level: Array, dz: Array
) -> None:
    """dz = direct d + slope z + level, d = dy where y > 0.

    Parameters
    ----------
    dy, y, z
        As for :func:`norm_sums_reference`.
    direct, slope, level
        What the sums come to, (C,).
    dz
        Output, (M, C).
    """
    dz[...] = direct * np.where(y.real > 0, dy, 0) + slope * z + level


@kernel(norm_gradient_reference, vectors="dy y z direct slope level dz")
def norm_gradient(
    dy: Array, y: Array, z: Array, direct: Array, slope: Array, level: Array, dz: Array, tail: Any
) -> None:
    """dz = direct d + slope z + level; see :func:`norm_gradient_reference`."""
    for row in range(dy.shape[0]):
        for c in range(0, dy.shape[1], LANES):
            d = where(load(y, (row, c), tail) > 0, load(dy, (row, c), tail), 0)
            rest = load(z, (row, c), tail) * load(slope, (c,), tail) + load(level, (c,), tail)
            store(dz, (row, c), d * load(direct, (c,), tail) + rest, tail)
