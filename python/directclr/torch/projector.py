"""Projectors z = P(r) (docs/math.md, "Projectors"). The loss normalises z, so none of them does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional

import torch
from torch import nn

from .._arguments import seed_of, whole
from ._names import unknown


@dataclass(frozen=True)
class _Settings:
    width: int  # D
    d0: int
    projector_dim: int
    mlp_depth: int
    mlp_hidden: int
    mlp_batch_norm: bool
    mlp_last_batch_norm: bool
    mlp_bias: bool
    lowrank_left: bool
    seed: int


class Projector(nn.Module):
    """The projector of one kind for representations of width D.

    kind: one of projector_kinds(); ValueError, with the nearest name, for another. dim: D.
    d0: width of the sub-vector, rank or group; 0 is D * 360 / 2048 rounded, the paper's ratio; at most D, and for
    `group` a divisor of D. projector_dim: P of linear, lowrank and mlp. mlp_depth: 1 to 4 linear layers, mlp_hidden
    wide (0: D), with batch normalisation behind the hidden ones and the last one, and without biases, unless said
    otherwise. lowrank_left: lowrank-fixed applies the left rotation as well, and z is D wide. seed: of initial
    weights, rotations, orders and drawn dimensions (None: drawn from torch's default generator, which nothing else
    uses); it is no part of the state_dict: a random-dropout that goes on is made with the `seed` of the one that was.
    ValueError for a setting out of range.

    Parameters and buffers have the names that the C++ library gives them; rotations and orders are buffers.
    `embedding` is P, the width of z.
    """

    weight: nn.Parameter  # what a kind has of these stands beside its build function
    down: nn.Parameter
    up: nn.Parameter
    matrix: torch.Tensor
    mask: torch.Tensor
    order: torch.Tensor
    norm: nn.BatchNorm1d
    layers: nn.Sequential

    def __init__(self, kind: str, dim: int, *, d0: int = 0, projector_dim: int = 128, mlp_depth: int = 2,
                 mlp_hidden: int = 0, mlp_batch_norm: bool = True, mlp_last_batch_norm: bool = True,
                 mlp_bias: bool = False, lowrank_left: bool = False, seed: Optional[int] = None) -> None:
        super().__init__()
        if kind not in _KINDS:
            raise ValueError(unknown("Projector", kind, _KINDS))
        dim = whole("Projector: dim", dim, 1)
        if d0 == 0:
            d0 = max(1, (dim * 360 + 1024) // 2048)
        most = 1 << 20
        for name, value, low, high in [("dim", dim, 1, most), ("d0", d0, 1, dim),
                                       ("projector_dim", projector_dim, 1, most), ("mlp_depth", mlp_depth, 1, 4),
                                       ("mlp_hidden", mlp_hidden, 0, most)]:
            if not low <= whole(f"Projector: {name}", value, -most) <= high:
                raise ValueError(f"Projector: {name} is {value}; allowed: {low} .. {high}")
        self.kind, self.dim = kind, dim
        self.seed = int(torch.randint(1 << 62, ())) if seed is None else seed_of(seed)
        self.settings = _Settings(dim, d0, projector_dim, mlp_depth, mlp_hidden or dim, mlp_batch_norm,
                                  mlp_last_batch_norm, mlp_bias, lowrank_left, self.seed)
        self.embedding: int = _KINDS[kind].build(self, self.settings)

    def forward(self, r: torch.Tensor, step: Optional[int] = None) -> torch.Tensor:
        """r (N, D) -> z (N, P). step: the training step, which random-dropout alone needs, in training mode: both views
        of a step then keep the same dimensions. ValueError for another shape or a step that is missing."""
        if r.dim() != 2 or r.shape[1] != self.dim:
            raise ValueError(f"Projector: expected (N, {self.dim}), got {tuple(r.shape)}")
        return _KINDS[self.kind].apply(self, r, step)

    def extra_repr(self) -> str:
        return f"{self.kind}, {self.dim} -> {self.embedding}"


def projector_kinds() -> List[str]:
    """The names of all kinds."""
    return list(_KINDS)


def _linear_weight(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    bound = 1 / math.sqrt(columns)  # nn.Linear's own initial weights
    return torch.empty(rows, columns).uniform_(-bound, bound, generator=generator)


def _random_orthogonal(size: int, generator: torch.Generator) -> torch.Tensor:
    # Uniform over the group: QR of a Gaussian with the signs of R fixed.
    q, r = torch.linalg.qr(torch.empty(size, size, dtype=torch.float64).normal_(generator=generator))
    return (q * r.diagonal().sign()).float()


def _generator(s: _Settings) -> torch.Generator:
    return torch.Generator().manual_seed(s.seed)


def _build_as_wide(m: Projector, s: _Settings) -> int:
    return s.width


def _build_sub_vector(m: Projector, s: _Settings) -> int:
    return s.d0


def _build_linear(m: Projector, s: _Settings) -> int:
    m.weight = nn.Parameter(_linear_weight(s.projector_dim, s.width, _generator(s)))  # W (P, D)
    return s.projector_dim


def _build_diagonal(m: Projector, s: _Settings) -> int:
    m.weight = nn.Parameter(torch.empty(s.width).uniform_(0.5, 1.5, generator=_generator(s)))  # (D)
    return s.width


def _build_orthogonal(m: Projector, s: _Settings) -> int:
    m.weight = nn.Parameter(_linear_weight(s.width, s.width, _generator(s)))  # A (D, D)
    return s.width


def _build_lowrank(m: Projector, s: _Settings) -> int:
    generator = _generator(s)
    m.down = nn.Parameter(_linear_weight(s.d0, s.width, generator))  # W1 (d0, D)
    m.up = nn.Parameter(_linear_weight(s.projector_dim, s.d0, generator))  # W2 (P, d0)
    return s.projector_dim


def _build_lowrank_fixed(m: Projector, s: _Settings) -> int:
    generator = _generator(s)
    matrix = _random_orthogonal(s.width, generator).t()[: s.d0]
    if s.lowrank_left:
        matrix = _random_orthogonal(s.width, generator)[:, : s.d0] @ matrix
    m.register_buffer("matrix", matrix.contiguous())  # (d0, D), or (D, D) with the left rotation
    return matrix.shape[0]


def _build_lowrank_diagonal(m: Projector, s: _Settings) -> int:
    m.register_buffer("mask", (torch.arange(s.width) < s.d0).float())  # (D)
    return s.width


def _build_group(m: Projector, s: _Settings) -> int:
    if s.width % s.d0 != 0:
        raise ValueError(f"Projector: d0 = {s.d0} does not divide {s.width} dimensions into groups of equal size")
    m.register_buffer("order", torch.randperm(s.width, generator=_generator(s)))  # (D)
    return s.d0


def _build_batch_norm(m: Projector, s: _Settings) -> int:
    m.norm = nn.BatchNorm1d(s.width)
    return s.width


def _build_mlp(m: Projector, s: _Settings) -> int:
    generator, layers, width = _generator(s), nn.Sequential(), s.width
    for layer in range(s.mlp_depth):
        last = layer + 1 == s.mlp_depth
        out = s.projector_dim if last else s.mlp_hidden
        linear = nn.utils.skip_init(nn.Linear, width, out, bias=s.mlp_bias)  # draws nothing itself
        with torch.no_grad():
            linear.weight.copy_(_linear_weight(out, width, generator))
            if s.mlp_bias:
                linear.bias.zero_()
        layers.append(linear)
        if s.mlp_last_batch_norm if last else s.mlp_batch_norm:
            layers.append(nn.BatchNorm1d(out))
        if not last:
            layers.append(nn.ReLU(inplace=True))
        width = out
    m.layers = layers
    return s.projector_dim


def _random_dropout(m: Projector, r: torch.Tensor, step: Optional[int]) -> torch.Tensor:
    """d0 random dimensions, new ones every training step (the paper's Appendix F). In evaluation all of r."""
    if not m.training:
        return r
    if step is None:
        raise ValueError("Projector: random-dropout draws new dimensions every step: call projector(r, step=step)")
    generator = torch.Generator().manual_seed((m.seed + 0x9E3779B97F4A7C15 * (step + 1)) % (1 << 63))
    return r[:, torch.randperm(m.dim, generator=generator)[: m.settings.d0].to(r.device)]


@dataclass(frozen=True)
class _Kind:
    build: Callable[[Projector, _Settings], int]  # registers parameters and buffers; gives P
    apply: Callable[[Projector, torch.Tensor, Optional[int]], torch.Tensor]  # r (N, D), step -> z (N, P)


_KINDS: Dict[str, _Kind] = {
    "none": _Kind(_build_as_wide, lambda m, r, step: r),
    "direct": _Kind(_build_sub_vector, lambda m, r, step: r[:, : m.embedding]),
    "linear": _Kind(_build_linear, lambda m, r, step: nn.functional.linear(r, m.weight)),
    "diagonal": _Kind(_build_diagonal, lambda m, r, step: r * m.weight),
    "orthogonal": _Kind(_build_orthogonal,
                        lambda m, r, step: nn.functional.linear(r, torch.matrix_exp(m.weight - m.weight.t()))),
    "lowrank": _Kind(_build_lowrank, lambda m, r, step: nn.functional.linear(nn.functional.linear(r, m.down), m.up)),
    "lowrank-fixed": _Kind(_build_lowrank_fixed, lambda m, r, step: nn.functional.linear(r, m.matrix)),
    "lowrank-diagonal": _Kind(_build_lowrank_diagonal, lambda m, r, step: r * m.mask),
    "group": _Kind(_build_group, lambda m, r, step: r[:, m.order].unflatten(1, (-1, m.embedding)).sum(1)),
    "random-dropout": _Kind(_build_sub_vector, _random_dropout),
    "batch-norm": _Kind(_build_batch_norm, lambda m, r, step: m.norm(r)),
    "mlp": _Kind(_build_mlp, lambda m, r, step: m.layers(r)),
}
