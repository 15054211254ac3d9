"""Measures of pairs and groups of rows. Each raises InputError for what does not fit, NumericalError for rows that are not
finite."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from directclr import _core
from directclr._arguments import positive, whole
from directclr._rows import ArrayLike, check_matrix, on_cpu


def _matrix(x: ArrayLike, what: str, least: int = 2) -> Any:
    """Rows (N, D) that are finite, at least `least` of them."""
    rows = on_cpu(check_matrix(x, what))
    if rows.shape[0] < least:
        raise _core.InputError(f"{what}: fewer than {least} rows")
    try:
        _core.require_finite(rows)
    except _core.NumericalError as error:
        raise _core.NumericalError(f"{what}: {error}") from None
    return rows


def _pair(x: ArrayLike, y: ArrayLike, least: int = 2) -> tuple[Any, Any]:
    a, b = _matrix(x, "x", least), _matrix(y, "y", least)
    if a.shape[0] != b.shape[0]:
        raise _core.InputError(f"x has {a.shape[0]} rows, y {b.shape[0]}: they must be of the same samples, in the same order")
    return a, b


class CKA(NamedTuple):
    """Linear CKA; `debiased` is None under four rows. Both are None when all rows of one are the same."""

    plain: float | None
    debiased: float | None


class Neighbours(NamedTuple):
    """Distances (N', k) float64, ascending, of each distinct row to its k nearest; `duplicates` is N - N'."""

    distances: np.ndarray
    duplicates: int


def cka(x: ArrayLike, y: ArrayLike) -> CKA:
    """How alike two representations x (N, D), y (N, E) of the same samples are (Kornblith et al. 2019): 0 .. 1.

    1 when one is a rotation and scaling of the other. From few samples the plain value is too large.
    """
    plain, debiased = _core.cka(*_pair(x, y))
    return CKA(plain if math.isfinite(plain) else None, debiased if math.isfinite(debiased) else None)


def lidar(x: ArrayLike, views: int, delta: float = 1e-4) -> float:
    """LiDAR (Thilak et al. 2024) of rows (n q, D), the q = `views` views of a sample one after the other: 1 .. D."""
    rows, views = _matrix(x, "x"), whole("views", views, 2)
    if rows.shape[0] % views or rows.shape[0] < 2 * views:
        raise _core.InputError(f"views: {rows.shape[0]} rows are not two samples or more of {views} views each")
    return _core.lidar(rows, views, positive("delta", delta))


def alignment(x: ArrayLike, y: ArrayLike) -> float:
    """Mean squared distance of the normalised rows of two views (Wang & Isola 2020): 0 .. 4, smaller is closer."""
    a, b = _pair(x, y, 1)
    if a.shape[1] != b.shape[1]:
        raise _core.InputError(f"x has {a.shape[1]} columns, y {b.shape[1]}: they must be two views in one space")
    return _core.alignment(a, b)


def uniformity(x: ArrayLike) -> float:
    """log of the mean of exp(-2 |x_i - x_j|^2) over pairs of normalised rows (Wang & Isola 2020): 0 is collapse."""
    return _core.uniformity(_matrix(x, "x"))


def neighbours(x: ArrayLike, k: int) -> Neighbours:
    """Exact distances from each distinct row to its k nearest others, in blocks."""
    distances: Any
    distances, duplicates = _core.neighbours(_matrix(x, "x"), whole("k", k, 1))
    return Neighbours(distances, duplicates)
