"""Mean and covariance of rows whose maker changes (docs/math.md, "While it trains")."""

from __future__ import annotations

from typing import Dict, Optional

import torch

from . import _group
from ._group import Group
from ._numerics import floating, full_precision, scatter, wide_type


class ForgettingCovariance:
    """A batch of n rows enters with weight w = n / memory (n / rows so far while the memory fills):

        d = mean_b - mean,   mean <- mean + w d,   C <- (1 - w) C + w C_b + w (1 - w) d d^T

    the covariance of the mixture: older batches count less and less.

    dimensions: D >= 1. memory: rows that it amounts to, at least 1; ValueError otherwise. The sums are float64 (float32
    on Apple's GPUs) and live on `device`; products are float32, of rows of any scale. Nothing here waits for the device.
    """

    def __init__(self, dimensions: int, memory: float, device: Optional[torch.device] = None) -> None:
        if dimensions < 1 or memory < 1:
            raise ValueError("ForgettingCovariance: expected dimensions and memory of at least 1, got "
                             f"{dimensions} and {memory}")
        device = torch.device("cpu" if device is None else device)
        wide = wide_type(device)
        self.memory = float(memory)
        self.weight = torch.zeros((), dtype=wide, device=device)  # rows that it rests on, at most the memory
        self.mean = torch.zeros(dimensions, dtype=wide, device=device)
        self.matrix = torch.zeros(dimensions, dimensions, dtype=wide, device=device)  # zeros before the first batch
        self.skipped = torch.zeros((), dtype=torch.int64, device=device)  # batches that were not finite

    @torch.no_grad()
    def add(self, rows: torch.Tensor, group: Group = None) -> None:
        """rows (n, D), floating; no graph is kept. In a group each process passes its rows of the batch, none perhaps:
        D x D numbers travel. A batch with a value that is not finite, on any process, is left out and counted.
        ValueError for another shape."""
        if rows.dim() != 2 or rows.shape[1] != len(self.mean):
            raise ValueError(f"ForgettingCovariance: expected (n, {len(self.mean)}), got {tuple(rows.shape)}")
        wide = self.mean.dtype
        with full_precision(rows.device), full_precision(self.mean.device):
            z = floating(rows.detach()).to(self.mean.device)
            sums = torch.cat([z.sum(0, dtype=wide), self.mean.new_tensor([z.shape[0]])])
            _group.sum_(sums, group)
            count = sums[-1]
            mean = sums[:-1] / count.clamp_min(1)
            products = _group.sum_(scatter(z, mean), group)  # (D, D)
            finite = products.isfinite().all()  # a value that is not finite stands in its column's variance
            good = finite & (count > 0)
            w = torch.maximum(count / (self.weight + count), (count / self.memory).clamp_max(1))
            w = torch.where(good, w, torch.zeros_like(w))
            shift = torch.where(good, mean - self.mean, torch.zeros_like(mean))
            products = torch.where(good, products, torch.zeros_like(products))
            self.mean += w * shift
            self.matrix *= 1 - w
            self.matrix += products * (w / count.clamp_min(1))
            self.matrix += torch.outer(shift, shift) * (w * (1 - w))
            grown = torch.minimum(self.weight + count, count.clamp_min(self.memory))
            self.weight.copy_(torch.where(good, grown, self.weight))
            self.skipped += ~finite

    def state_dict(self) -> Dict[str, torch.Tensor]:
        """What a checkpoint must hold."""
        return {"weight": self.weight, "mean": self.mean, "covariance": self.matrix, "skipped": self.skipped}

    def load_state_dict(self, state: Dict[str, torch.Tensor]) -> None:
        """Takes what state_dict gave. ValueError for another width."""
        for name, tensor in self.state_dict().items():
            if state[name].shape != tensor.shape:
                raise ValueError(f"ForgettingCovariance: {name} is {tuple(state[name].shape)}, expected "
                                 f"{tuple(tensor.shape)}")
            tensor.copy_(state[name])
