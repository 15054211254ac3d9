"""Measures of collapse as metrics of torchmetrics."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import torch

from ... import _core
from ..._arguments import whole
from .._names import unknown
from .._numerics import floating, full_precision, scatter
from ._missing import missing

try:
    from torchmetrics import Metric
except ImportError as error:
    Metric = missing("torchmetrics", error)  # type: ignore[assignment, misc]


class SpectrumMeasure(Metric):
    """One measure of the covariance of all rows since the last reset.

    dimensions: D. measure: one that a covariance alone gives, by its name in docs/math.md ("Measures of collapse"):
    "effective-rank", "participation-ratio", "dead-directions", ..., with _ for - too; ValueError for another.
    Of "constant-dimensions" it is their number. update(rows (n, D)) merges mean and centred scatter (Chan, Golub and
    LeVeque 1983), float64; a batch with a value that is not finite is left out, with a warning, and counted in `skipped`.
    compute() gives a scalar, and 0 before the first row. Processes are merged exactly.
    """

    count: torch.Tensor  # () float64, and so on; with a dimension of processes in front after a synchronisation
    mean: torch.Tensor  # (D)
    scatter: torch.Tensor  # (D, D)
    skipped: torch.Tensor  # () int64
    roundoff: torch.Tensor  # () float64: the relative rounding of the coarsest type of the rows

    full_state_update = True
    is_differentiable = False

    def __init__(self, dimensions: int, measure: str = "effective-rank", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        names = _core.covariance_measures(False)
        self.measure = measure.replace("_", "-")
        if self.measure not in names:
            raise ValueError(unknown("SpectrumMeasure", measure, names))
        self.dimensions = dimensions = whole("SpectrumMeasure: dimensions", dimensions, 1)
        double = torch.float64
        self.add_state("count", torch.zeros((), dtype=double), dist_reduce_fx=None)
        self.add_state("mean", torch.zeros(dimensions, dtype=double), dist_reduce_fx=None)
        self.add_state("scatter", torch.zeros(dimensions, dimensions, dtype=double), dist_reduce_fx=None)
        self.add_state("skipped", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("roundoff", torch.zeros((), dtype=double), dist_reduce_fx="max")

    def update(self, rows: torch.Tensor) -> None:
        """rows (n, D), floating; ValueError for another shape or type."""
        if rows.dim() != 2 or rows.shape[1] != self.dimensions or not rows.is_floating_point():
            raise ValueError(f"SpectrumMeasure: expected floating (n, {self.dimensions}), got {tuple(rows.shape)} "
                             f"{rows.dtype}")
        if len(rows) == 0:
            return
        with torch.no_grad(), full_precision(rows.device):
            z = floating(rows.detach())
            mean = z.mean(0, dtype=torch.float64)
            products = scatter(z, mean)
            if not products.isfinite().all():
                self.skipped += 1
                warnings.warn("SpectrumMeasure: a batch with values that are not finite is left out", stacklevel=2)
                return
            self.roundoff = self.roundoff.clamp_min(torch.finfo(rows.dtype).eps / 2)
            count = torch.full_like(self.count, len(z))
            self.count, self.mean, self.scatter = _merged((self.count, self.mean, self.scatter), (count, mean, products))

    def compute(self) -> torch.Tensor:
        """The measure, a scalar float32."""
        states = zip(*[state.reshape(-1, *shape) for state, shape in (  # one of each process after a synchronisation
            (self.count, ()), (self.mean, (self.dimensions,)), (self.scatter, (self.dimensions, self.dimensions)))])
        count, mean, scatter = next(states)
        for other in states:
            count, mean, scatter = _merged((count, mean, scatter), other)
        if not count > 0:
            return torch.tensor(0.0, device=self.mean.device)
        nothing = _core.Gates("", "", "")
        covariance = (scatter / count).cpu().double()
        mean_square = float(covariance.trace() + mean.cpu().double().square().sum()) / self.dimensions
        result, _ = _core.judge(covariance, int(count), math.nan, math.nan, mean_square, float(self.roundoff), nothing)
        value = json.loads(result.json)[self.measure]
        if isinstance(value, list):
            value = len(value)
        return torch.tensor(math.nan if value is None else float(value), device=self.mean.device)


def _merged(a: Any, b: Any) -> Any:
    count = a[0] + b[0]
    shift = b[1] - a[1]
    share = b[0] / count.clamp_min(1)
    return count, a[1] + share * shift, a[2] + b[2] + torch.outer(shift, shift) * (a[0] * share)
