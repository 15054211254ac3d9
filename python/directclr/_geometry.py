"""Measures of pairs and groups of rows."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from directclr import _core
from directclr._rows import ArrayLike, check_matrix, on_cpu


def _matrix(x: ArrayLike, what: str) -> Any:
    return on_cpu(check_matrix(x if hasattr(x, "shape") else np.asarray(x), what))


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
    a, b = _matrix(x, "x"), _matrix(y, "y")
    if a.shape[0] != b.shape[0]:
        raise ValueError(f"x has {a.shape[0]} rows, y {b.shape[0]}: they must be of the same samples, in the same order")
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
    return _core.lidar(_matrix(x, "x"), views, delta)


def alignment(x: ArrayLike, y: ArrayLike) -> float:
    """Mean squared distance of the normalised rows of two views (Wang & Isola 2020): 0 .. 4, smaller is closer."""
    return _core.alignment(*_pair(x, y))


def uniformity(x: ArrayLike) -> float:
    """log of the mean of exp(-2 |x_i - x_j|^2) over pairs of normalised rows (Wang & Isola 2020): 0 is collapse."""
    return _core.uniformity(_matrix(x, "x"))


def neighbours(x: ArrayLike, k: int) -> Neighbours:
    """Exact distances from each distinct row to its k nearest others, in blocks."""
    distances: Any
    distances, duplicates = _core.neighbours(_matrix(x, "x"), k)
    return Neighbours(distances, duplicates)
