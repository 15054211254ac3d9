"""Gradient caching: a contrastive step over a large batch in the memory of a small one (docs/math.md, "Micro-batches";
Gao, Zhang, Han and Callan 2021, "GradCache")."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager, Iterator, List, Sequence

import torch
from torch import nn


def cached_step(encoder: Callable[[torch.Tensor], torch.Tensor], views: Sequence[torch.Tensor],
                loss: Callable[..., torch.Tensor], micro_batch: int) -> torch.Tensor:
    """Adds to the parameters' gradients those of loss(*[encoder(view) for view in views]), `micro_batch` images at a
    time: first all embeddings without a graph, then the loss and its gradient in them, then every part again with a
    graph. The encoder runs forward twice; the loss sees all N images.

    encoder: (m, ...) -> z (m, P): a module or a function that calls one; usually encoder and projector together.
    views: V tensors of N images each, the batch first. loss: takes the V embeddings (N, P) and gives a scalar; scale it
    there for a GradScaler. micro_batch: at least 1; the last part may be smaller.
    Returns the loss, without a graph. Raises ValueError for views of different N, or where z has no row for each image.

    Gradients equal those of the plain step up to rounding as long as the rows of z depend on their own image alone.
    Batch normalisation in training mode does not: it sees m images of one view, in both passes the same, as it would
    in N / m processes of m images without synchronised statistics. Its running statistics change in the second pass
    only. Dropout draws the same masks in both passes (other ones than the plain step): the random number generators of
    the processor and of the views' device are set back for each part. In autocast both passes run as the caller's.
    DistributedDataParallel sums gradients once, in the last part; give its module itself as `encoder`, and the loss the
    group.
    """
    if not views or micro_batch < 1 or any(len(view) != len(views[0]) or len(view) == 0 for view in views):
        raise ValueError("cached_step: expected views of one number N >= 1 of images and micro_batch >= 1, got "
                         f"{[tuple(view.shape) for view in views]} and {micro_batch}")
    parts = [part for view in views for part in view.split(micro_batch)]
    states: List[List[torch.Tensor]] = []
    embeddings: List[torch.Tensor] = []
    with torch.no_grad(), _frozen_statistics(encoder):
        for part in parts:
            states.append(_random_state(part.device))
            embeddings.append(encoder(part))
            if embeddings[-1].shape[:1] != part.shape[:1]:
                raise ValueError(f"cached_step: the encoder gave {tuple(embeddings[-1].shape)} for {len(part)} images")
    torch.clear_autocast_cache()  # in torch 2.0 it holds weights that were cast without a graph
    pieces = len(parts) // len(views)
    cached = [torch.cat(embeddings[v * pieces : (v + 1) * pieces]).detach().requires_grad_() for v in range(len(views))]
    value = loss(*cached)
    value.backward()
    gradients = [piece for z in cached for piece in _gradient(z).split(micro_batch)]
    after = _random_state(parts[0].device)
    for number, (part, state, gradient) in enumerate(zip(parts, states, gradients)):
        _set_random_state(part.device, state)
        last = number + 1 == len(parts)
        with contextlib.nullcontext() if last else _without_sums(encoder):
            encoder(part).backward(gradient)
    _set_random_state(parts[0].device, after)
    return value.detach()


def _gradient(z: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(z) if z.grad is None else z.grad


def _without_sums(encoder: Any) -> ContextManager:
    return encoder.no_sync() if hasattr(encoder, "no_sync") else contextlib.nullcontext()


@contextlib.contextmanager
def _frozen_statistics(encoder: Any) -> Iterator[None]:
    """Batch normalisation leaves its running statistics as they are while this is open."""
    modules = encoder.modules() if isinstance(encoder, nn.Module) else ()
    norms = [m for m in modules if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.training
             and m.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


def _random_state(device: torch.device) -> List[torch.Tensor]:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    elif device.type != "cpu":
        states.append(getattr(torch, device.type).get_rng_state())
    return states


def _set_random_state(device: torch.device, states: List[torch.Tensor]) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
    elif device.type != "cpu":
        getattr(torch, device.type).set_rng_state(states[1])
