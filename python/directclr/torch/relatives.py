"""Losses beside the contrastive ones, by the definitions of docs/math.md ("Losses"). Precision and `group` as in losses.py."""

from __future__ import annotations

from typing import List, Tuple

import torch

from . import _group
from ._group import Group
from ._numerics import floating, full_precision, wide_type
from .losses import SIMILARITY_MEMORY, Tau, _check, _PairLogSums, _unit, _whole

_BARLOW_EPSILON, _VICREG_EPSILON = 1e-5, 1e-4


def align_uniform(z_a: torch.Tensor, z_b: torch.Tensor, align_weight: float = 1.0, uniform_weight: float = 1.0,
                  t: Tau = 2.0, group: Group = None) -> torch.Tensor:
    """Alignment and uniformity (Wang and Isola 2020), with unit rows a_i, b_i of the two views.

    L = align_weight mean_i |a_i - b_i|^2 + uniform_weight (U(a) + U(b)) / 2,
    U(x) = log mean_{i != j} exp(-t |x_i - x_j|^2). The unit row of a row of zeros is 0.

    z_a, z_b: (N >= 2, P) of one floating type and device. t > 0, as tau of info_nce. Similarities are kept as by
    info_nce at its default. Result, processes and errors as info_nce.
    """
    rows = _check_pair("align_uniform", z_a, z_b, group)
    if not t > 0:
        raise ValueError(f"align_uniform: expected t > 0, got {t}")
    with full_precision(z_a.device):
        a, b = _unit(z_a), _unit(z_b)
        n = sum(rows)
        alignment = _whole((a - b).square().sum().to(wide_type(a.device)) / n, group)

        def uniformity(x: torch.Tensor) -> torch.Tensor:
            # |x_i - x_j|^2 = 2 - 2 x_i . x_j: log-sums of similarities at temperature 1 / (2 t).
            log_sums, _ = _PairLogSums.apply(x, x, 1 / (2 * t), False, rows, group, SIMILARITY_MEMORY)
            found = (log_sums - 2 * t).exp().sum()
            zeros = (x.detach() == 0).all(1).sum().to(found.dtype)
            found, zeros = _whole(torch.stack([found, zeros]), group).unbind()
            # Such rows are at distance 0 from each other and 1 from the others: what exp(-2 t) lacks is added.
            m, scale = zeros.detach(), torch.as_tensor(t, dtype=found.dtype, device=found.device).reshape(())
            near, far = (-scale).exp(), (-2 * scale).exp()
            lacking = m * (m - 1) * (1 - far) + 2 * m * (n - m) * (near - far)
            return ((found + lacking) / (n * (n - 1))).log()

        value = align_weight * alignment + uniform_weight / 2 * (uniformity(a) + uniformity(b))
        return value.to(a.dtype)


def barlow_twins(z_a: torch.Tensor, z_b: torch.Tensor, off_diagonal: float = 0.005, group: Group = None) -> torch.Tensor:
    """Barlow Twins (Zbontar, Jing, Misra, LeCun and Deny 2021): sum_k (1 - C_kk)^2 + off_diagonal sum_{k != l} C_kl^2.

    C (P, P): correlations over the batch between the dimensions of the two views; 1e-5 is added to every variance, as
    the authors' batch norm does. z_a, z_b: (N >= 2, P) of one floating type and device. Result, processes and errors as
    info_nce.
    """
    rows = _check_pair("barlow_twins", z_a, z_b, group)
    with full_precision(z_a.device):
        n = sum(rows)
        (a, variance_a), (b, variance_b) = (_centred(z, n, group) for z in (z_a, z_b))
        a = a * (variance_a / n + _BARLOW_EPSILON).rsqrt()
        b = b * (variance_b / n + _BARLOW_EPSILON).rsqrt()
        correlation = _whole(a.t() @ b, group) / n
        wide = correlation.diagonal().to(wide_type(a.device))
        return ((1 - wide).square().sum() + off_diagonal * _off_diagonal_squares(correlation)).to(a.dtype)


def vicreg(z_a: torch.Tensor, z_b: torch.Tensor, invariance: float = 25.0, variance: float = 25.0,
           covariance: float = 1.0, group: Group = None) -> torch.Tensor:
    """VICReg (Bardes, Ponce and LeCun 2022), means and halves as in the authors' code.

    invariance mean (z_ik - z'_ik)^2 + variance / 2 sum over views of mean_k max(0, 1 - sqrt(Var_k + 1e-4))
    + covariance / P sum over views of sum_{k != l} Cov_kl^2.

    z_a, z_b: (N >= 2, P) of one floating type and device, at their own scale. Result, processes and errors as info_nce.
    """
    rows = _check_pair("vicreg", z_a, z_b, group)
    with full_precision(z_a.device):
        n, width = sum(rows), z_a.shape[1]
        wide = wide_type(z_a.device)
        distance = (floating(z_a) - floating(z_b)).square().sum().to(wide)
        value = invariance * _whole(distance, group) / (n * width)
        for z in (z_a, z_b):
            x, squares = _centred(z, n, group)
            hinge = torch.relu(1 - (squares.to(wide) / (n - 1) + _VICREG_EPSILON).sqrt()).mean()
            scatter = _whole(x.t() @ x, group) / (n - 1)
            value = value + variance / 2 * hinge + covariance / width * _off_diagonal_squares(scatter)
        return value.to(floating(z_a).dtype)


def _check_pair(name: str, z_a: torch.Tensor, z_b: torch.Tensor, group: Group) -> List[int]:
    rows = _check(name, z_a, z_b, 1.0, group)
    if sum(rows) < 2:
        raise ValueError(f"{name}: expected a batch of at least 2 rows, got 1")
    return rows


def _centred(z: torch.Tensor, n: int, group: Group) -> Tuple[torch.Tensor, torch.Tensor]:
    """Rows less the mean of the whole batch, and the sums of their squares over it."""
    x = floating(z)
    x = x - _whole(x.sum(0), group) / n
    return x, _whole(x.square().sum(0), group)


def _off_diagonal_squares(matrix: torch.Tensor) -> torch.Tensor:
    wide = matrix.to(wide_type(matrix.device))
    return wide.square().sum() - wide.diagonal().square().sum()
