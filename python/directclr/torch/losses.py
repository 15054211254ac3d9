"""Losses between two views, by the definitions of docs/math.md ("Losses").

Rows are divided by their lengths; with a_i and b_i the rows of the two views, s_ij = a_i . b_j / tau. All arithmetic is
float32 (float64 for float64 input) whatever autocast says, and sums over a row are kept in float64.

Several processes. Each passes its own rows, and `group`, a torch.distributed group (`torch.distributed.group.WORLD`
for all; None, the default, is this process alone). Numbers of rows may differ. Every process gets the value of the
whole batch. The gradient in its own rows is that of the whole batch, the terms of other processes' rows included,
times the number of processes: DistributedDataParallel averages gradients over processes, and the average is then the
gradient that one process would have computed on the whole batch. All processes must call the loss, and its backward.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F

from .. import _core
from . import _group
from ._group import Group
from ._numerics import floating, full_precision, outside_graphs, product_with_transposed, wide_type

_BLOCK_ELEMENTS = 1 << 22  # similarities that are held at a time
_KERNEL_ELEMENTS = 1 << 20  # the same for each thread, where the kernels of the library go over them
SIMILARITY_MEMORY = 1 << 30  # bytes that a loss may keep for its backward; beyond them it computes similarities again
_KERNELS = "the kernels of directclr go over the similarities"
_SMALLEST_TAU = 0.025  # of the kernels: e^(-2 / tau) must be a float32
Tau = Union[float, torch.Tensor]  # a number, or a tensor of one, which gets its gradient


def info_nce(z_a: torch.Tensor, z_b: torch.Tensor, tau: Tau = 0.1, group: Group = None,
             similarity_memory: int = SIMILARITY_MEMORY) -> torch.Tensor:
    """InfoNCE, both directions averaged: L = -(1/2N) sum_i [log softmax_j(s_ij)_i + log softmax_j(s_ji)_i].

    One positive and N - 1 negatives from the other view (van den Oord, Li and Vinyals 2018). 0 for N = 1; log N when
    all rows are one.

    z_a, z_b: (N, P) of one floating type and device; a row of zeros counts as the zero vector. tau > 0: a number, or a
    tensor of one, a learned temperature, which gets its gradient. group: see the module. Returns a scalar, float32 or
    float64. Similarities are computed in blocks of rows. On the processor in float32 the library's kernels do it, on
    torch's threads, and keep the N x N numbers for the backward where they take at most `similarity_memory` bytes;
    beyond that, and elsewhere, no more than a block is held, and the backward computes it again. Differentiable once:
    a second derivative raises RuntimeError. Raises ValueError for other shapes, types or tau.
    """
    rows = _check("info_nce", z_a, z_b, tau, group)
    with full_precision(z_a.device):
        a, b = _unit(z_a), _unit(z_b)
        if sum(rows) == 1:
            return (_positives(a, b, tau).sum() * 0).to(a.dtype)  # no negatives: exactly 0, with gradients of 0
        by_row, by_column = _PairLogSums.apply(a, b, tau, True, rows, group, similarity_memory)
        s_ii = _positives(a, b, tau)
        part = (_softmax_loss(by_row, s_ii) + _softmax_loss(by_column, s_ii)) / (2 * sum(rows))
        return _whole(part, group).to(a.dtype)


def nt_xent(z_a: torch.Tensor, z_b: torch.Tensor, tau: Tau = 0.1, group: Group = None,
            similarity_memory: int = SIMILARITY_MEMORY) -> torch.Tensor:
    """NT-Xent (SimCLR; Chen, Kornblith, Norouzi and Hinton 2020).

    Each of the 2N rows against its other view and the 2N - 2 rows of other images, from both views. log(2N - 1) when
    all rows are one. Arguments, result, processes and errors as info_nce.
    """
    rows = _check("nt_xent", z_a, z_b, tau, group)
    with full_precision(z_a.device):
        a, b = _unit(z_a), _unit(z_b)
        if sum(rows) == 1:
            return (_positives(a, b, tau).sum() * 0).to(a.dtype)
        by_row, by_column = _PairLogSums.apply(a, b, tau, True, rows, group, similarity_memory)
        among_a, _ = _PairLogSums.apply(a, a, tau, False, rows, group, similarity_memory)
        among_b, _ = _PairLogSums.apply(b, b, tau, False, rows, group, similarity_memory)
        s_ii = _positives(a, b, tau)
        part = _softmax_loss(torch.logaddexp(among_a, by_row), s_ii)
        part = part + _softmax_loss(torch.logaddexp(among_b, by_column), s_ii)
        return _whole(part / (2 * sum(rows)), group).to(a.dtype)


def spectral(z_a: torch.Tensor, z_b: torch.Tensor, tau: Tau = 0.1, group: Group = None) -> torch.Tensor:
    """Spectral contrastive loss: L = -(2/N) sum_i s_ii + 1/(N(N-1)) sum_{i != j} s_ij^2.

    HaoChen, Wei, Gaidon and Ma 2021, every row scaled to their bound sqrt(mu), with mu = 1 / tau. The squares need no
    N x N matrix: sum_ij (a_i . b_j)^2 = <A^T A, B^T B>. Arguments, result, processes and errors as info_nce; for N = 1
    the first term alone.
    """
    rows = _check("spectral", z_a, z_b, tau, group)
    with full_precision(z_a.device):
        a, b = _unit(z_a), _unit(z_b)
        n = sum(rows)
        s_ii = _positives(a, b, tau)
        part = s_ii.sum() * (-2 / n)
        if n > 1:
            squares = _SquaredProducts.apply(a, b, group) / (tau * tau)
            part = part + (squares - s_ii.square().sum()) / (n * (n - 1))
        return _whole(part, group).to(a.dtype)


def _check(name: str, z_a: torch.Tensor, z_b: torch.Tensor, tau: Tau, group: Group) -> List[int]:
    """The numbers of rows of all processes."""
    if z_a.dim() != 2 or z_a.shape != z_b.shape or z_a.numel() < 1:
        raise ValueError(f"{name}: expected two (N >= 1, P >= 1) matrices of one shape, got {tuple(z_a.shape)} and "
                         f"{tuple(z_b.shape)}")
    if not z_a.is_floating_point() or z_a.dtype != z_b.dtype or z_a.device != z_b.device:
        raise ValueError(f"{name}: expected one floating type and device, got {z_a.dtype} on {z_a.device} and "
                         f"{z_b.dtype} on {z_b.device}")
    if isinstance(tau, torch.Tensor) and tau.numel() != 1:
        raise ValueError(f"{name}: expected one tau, got {tuple(tau.shape)}")
    if not tau > 0:
        raise ValueError(f"{name}: expected tau > 0, got {tau}")
    return _group.counts(z_a.shape[0], z_a.device, group)


def _unit(z: torch.Tensor) -> torch.Tensor:
    wide = floating(z)
    return wide / torch.linalg.vector_norm(wide, dim=1, keepdim=True).clamp_min(1e-12)


def _positives(a: torch.Tensor, b: torch.Tensor, tau: Tau) -> torch.Tensor:
    wide = wide_type(a.device)
    return (a.to(wide) * b.to(wide)).sum(1) / tau  # s_ii (n)


def _softmax_loss(negatives: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    # Sum of -log softmax at the positive: log(1 + e^{negatives - positive}), stable when the positive dominates.
    return F.softplus(negatives - positive, beta=1, threshold=40).sum()


class _Once(torch.autograd.Function):
    """Hands on gradients that are not to be differentiated. They depend on what they were made of, so that a second
    derivative meets the error whichever way it comes."""

    @staticmethod
    def forward(ctx, count: int, *tensors: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        return tensors[:count]

    @staticmethod
    def backward(ctx, *_: torch.Tensor):
        raise RuntimeError("directclr.torch: its losses are differentiable once: they have no second derivatives")


def _once(gradients: Sequence[torch.Tensor], *of: Optional[torch.Tensor]) -> Tuple[torch.Tensor, ...]:
    """`gradients`, which a backward made of `of`; differentiating them raises RuntimeError."""
    return _Once.apply(len(gradients), *gradients, *of) if torch.is_grad_enabled() else tuple(gradients)


class _PairLogSums(torch.autograd.Function):
    """R_i = log sum_{j != i} e^{s_ij} and C_j = log sum_{i != j} e^{s_ij} for s = x y^T / tau, of this process's rows
    against all processes': x, y (n, P) -> R, C (n), wide. A process computes its rows of the matrix alone; y is
    gathered and its gradient summed; of the columns only the log-sums travel. Without `columns` C is zeros. The sums
    depend on x / tau alone, so the gradient in tau is that in x, times -x / tau."""

    @staticmethod
    def forward(ctx, x: torch.Tensor, y: torch.Tensor, temperature: Tau, columns: bool, rows: List[int],
                group: Group, memory: int) -> Tuple[torch.Tensor, torch.Tensor]:
        wide, tau = wide_type(x.device), float(temperature)
        every_y = _group.gather(y, rows, group)  # (N, P)
        ctx.first = sum(rows[: _group.rank(group)])
        ctx.tau, ctx.columns, ctx.rows, ctx.group = tau, columns, rows, group
        kept: List[torch.Tensor] = []
        if _by_kernels(x, tau):
            keep = any(ctx.needs_input_grad) and x.shape[0] * every_y.shape[0] * x.element_size() <= memory
            by_row, by_column = _kernel_log_sums(x, every_y, tau, ctx.first, kept if keep else None)
        else:
            by_row = torch.empty(x.shape[0], dtype=wide, device=x.device)
            by_column = torch.full((every_y.shape[0],), float("-inf"), dtype=wide, device=x.device)
            for begin, end in _blocks(x.shape[0], every_y.shape[0]):
                s = _similarities(x, every_y, tau, begin, end, ctx.first)
                by_row[begin:end] = torch.logsumexp(s, 1).to(wide)
                if columns:
                    by_column = torch.logaddexp(by_column, torch.logsumexp(s, 0).to(wide))
        if columns and _group.world_size(group) > 1:
            parts = _group.gather(by_column[None], [1] * len(rows), group)
            by_column = torch.logsumexp(parts, 0)
        if not columns:
            by_column = torch.zeros_like(by_column)
        learned = temperature if isinstance(temperature, torch.Tensor) else None
        ctx.save_for_backward(x, y, learned, every_y, by_row, by_column, *kept)
        return by_row, by_column[ctx.first : ctx.first + x.shape[0]].clone()

    @staticmethod
    def backward(ctx, row_gradient: torch.Tensor, column_gradient: torch.Tensor):
        saved = ctx.saved_tensors  # once: activation checkpointing allows no more
        gradients = _once(_pair_gradients(ctx, saved, row_gradient, column_gradient), *saved[:3], row_gradient,
                          column_gradient)
        of_tau = gradients[2] if len(gradients) > 2 else None
        return gradients[0], gradients[1], of_tau, None, None, None, None


@torch.no_grad()
def _pair_gradients(ctx: Any, saved: Any, row_gradient: torch.Tensor, column_gradient: torch.Tensor) -> List[torch.Tensor]:
    """Those in x, y and, where it is a tensor, tau."""
    x, _, learned, every_y, by_row, by_column, *kept = saved
    with full_precision(x.device):
        if ctx.columns:
            column_gradient = _group.gather(column_gradient.contiguous(), ctx.rows, ctx.group)
        if _by_kernels(x, ctx.tau):
            if not ctx.columns:
                column_gradient = torch.zeros_like(by_column)
            x_gradient, y_gradient = _kernel_gradients(x, every_y, ctx.tau, ctx.first, by_row, by_column,
                                                       row_gradient, column_gradient, kept)
        else:
            x_gradient, y_gradient = _block_gradients(x, every_y, ctx, by_row, by_column, row_gradient,
                                                      column_gradient)
        _group.sum_(y_gradient, ctx.group)
    gradients = [x_gradient, y_gradient[ctx.first : ctx.first + x.shape[0]]]
    if learned is not None:
        wide = by_row.dtype
        gradients.append(((x.to(wide) * x_gradient.to(wide)).sum() / -ctx.tau).to(learned).reshape(learned.shape))
    return gradients


def _block_gradients(x: torch.Tensor, y: torch.Tensor, ctx: Any, by_row: torch.Tensor, by_column: torch.Tensor,
                     row_gradient: torch.Tensor, column_gradient: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """Gradients of sum_i u_i R_i + sum_j v_j C_j in x (n, P) and all of y (N, P)."""
    u, v = row_gradient.to(x.dtype)[:, None], column_gradient.to(x.dtype)
    by_row, by_column = by_row.to(x.dtype)[:, None], by_column.to(x.dtype)
    x_gradient, y_gradient = torch.empty_like(x), torch.zeros_like(y)
    for begin, end in _blocks(x.shape[0], y.shape[0]):
        s = _similarities(x, y, ctx.tau, begin, end, ctx.first)
        ds = (s - by_row[begin:end]).exp_() * u[begin:end]
        if ctx.columns:
            ds += s.sub_(by_column).exp_() * v
        ds /= ctx.tau
        x_gradient[begin:end] = ds @ y
        y_gradient.addmm_(ds.t(), x[begin:end])
    return x_gradient, y_gradient


def _by_kernels(x: torch.Tensor, tau: float) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32 and tau >= _SMALLEST_TAU


def _scale_and_shift(tau: float) -> Tuple[float, float]:
    # Unit vectors in float32 may be longer than 1 by rounding; a shift a little higher keeps exponents below zero.
    return 1 / tau, (1 + 1e-5) / tau


@outside_graphs(_KERNELS)
def _kernel_log_sums(x: torch.Tensor, y: torch.Tensor, tau: float, first: int,
                     kept: Optional[List[torch.Tensor]]) -> Tuple[torch.Tensor, torch.Tensor]:
    """R (n) and C (N), float64: one exponential serves a pair's row and its column. The tiles' exponentials go to `kept`."""
    (scale, shift), threads = _scale_and_shift(tau), torch.get_num_threads()
    rows = torch.zeros(x.shape[0], dtype=torch.float64)
    columns = torch.zeros(y.shape[0], dtype=torch.float64)
    for begin, end in _kernel_blocks(x, y):
        tile = product_with_transposed(x[begin:end], y)
        _core.pair_exponentials(tile, scale, shift, first + begin, rows[begin:end], columns, threads)
        if kept is not None:
            kept.append(tile)
    return rows.log_().add_(shift), columns.log_().add_(shift)


@outside_graphs(_KERNELS)
def _kernel_gradients(x: torch.Tensor, y: torch.Tensor, tau: float, first: int, by_row: torch.Tensor,
                      by_column: torch.Tensor, u: torch.Tensor, v: torch.Tensor,
                      kept: List[torch.Tensor]) -> Tuple[torch.Tensor, torch.Tensor]:
    """As _block_gradients: e^{s - shift} (u_i e^{shift - R_i} + v_j e^{shift - C_j})."""
    (scale, shift), threads = _scale_and_shift(tau), torch.get_num_threads()
    of_rows, of_columns = ((g * (shift - log).exp()).float() for g, log in ((u, by_row), (v, by_column)))
    x_gradients: List[torch.Tensor] = []
    turned = torch.zeros(y.shape[1], y.shape[0])  # y's, (P, N)
    room = torch.empty_like(kept[0] if kept else x[:0])
    for number, (begin, end) in enumerate(_kernel_blocks(x, y)):
        if kept:
            weights = room[: end - begin]
            _core.pair_weights_of_exponentials(kept[number], of_rows[begin:end], of_columns, weights, threads)
        else:
            weights = product_with_transposed(x[begin:end], y)
            _core.pair_weights(weights, scale, shift, first + begin, of_rows[begin:end], of_columns, threads)
        x_gradients.append(product_with_transposed(weights, y.t()))
        turned += product_with_transposed(x[begin:end].t().contiguous(), weights.t())
    return torch.cat(x_gradients).div_(tau), turned.t().div(tau)


def _kernel_blocks(x: torch.Tensor, y: torch.Tensor) -> List[Tuple[int, int]]:
    return _blocks(x.shape[0], y.shape[0], _KERNEL_ELEMENTS * torch.get_num_threads())


def _blocks(rows: int, columns: int, elements: int = 0) -> List[Tuple[int, int]]:
    size = max(1, (elements or _BLOCK_ELEMENTS) // columns)
    return [(begin, min(begin + size, rows)) for begin in range(0, rows, size)]


def _similarities(x: torch.Tensor, y: torch.Tensor, tau: float, begin: int, end: int, first: int) -> torch.Tensor:
    """Rows [begin, end) of s, where row i has its own image in column first + i: that pair is left out."""
    s = x[begin:end] @ y.t()
    s /= tau
    index = torch.arange(begin, end, device=x.device)
    s[index - begin, index + first] = float("-inf")
    return s


class _SquaredProducts(torch.autograd.Function):
    """sum_ij (a_i . b_j)^2 = <A^T A, B^T B> of this process's rows of a with all processes' rows of b, wide. Its
    backward is written out because products there, too, must not be autocast."""

    @staticmethod
    def forward(ctx, a: torch.Tensor, b: torch.Tensor, group: Group) -> torch.Tensor:
        moments_a, moments_b = a.t() @ a, _group.sum_(b.t() @ b, group)  # (P, P)
        ctx.group = group
        ctx.save_for_backward(a, b, moments_a, moments_b)
        return (moments_a * moments_b).to(wide_type(a.device)).sum()

    @staticmethod
    def backward(ctx, gradient: torch.Tensor):
        saved = ctx.saved_tensors
        return (*_once(_square_gradients(ctx, saved, gradient), *saved[:2], gradient), None)


@torch.no_grad()
def _square_gradients(ctx: Any, saved: Any, gradient: torch.Tensor) -> List[torch.Tensor]:
    a, b, moments_a, moments_b = saved
    gradient = gradient.to(a.dtype)
    with full_precision(a.device):
        moments_a = _group.sum_(moments_a * gradient, ctx.group)
        return [2 * gradient * (a @ moments_b), 2 * (b @ moments_a)]


class _SumOverProcesses(torch.autograd.Function):
    """The sum of a number that each process has a part of. All losses are that sum, so its gradients are summed too."""

    @staticmethod
    def forward(ctx, part: torch.Tensor, group: Group) -> torch.Tensor:
        ctx.group = group
        return _group.sum_(part.clone(), group)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor):
        return _SumOverProcesses.apply(gradient, ctx.group), None


def _whole(part: torch.Tensor, group: Group) -> torch.Tensor:
    """The batch's loss from this process's terms; gradients times the number of processes, which averaging undoes:
    _SumOverProcesses' backward adds up the processes' equal gradients."""
    return part if _group.world_size(group) == 1 else _SumOverProcesses.apply(part, group)
