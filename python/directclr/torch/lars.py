"""LARS as SimCLR's descendants run it (You, Gitman and Ginsburg 2017; docs/math.md, "Optimiser")."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

import torch

from ._numerics import floating

_Triple = Tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # parameter, gradient, buffer


class LARS(torch.optim.Optimizer):
    """u = g + weight_decay p;  b <- momentum b + (trust |p| / |u|) u;  p <- p - lr b.

    The ratio is 1 where |p| or |u| is 0. Parameters with at most one dimension (biases, the weights of normalisations)
    use u = g and a ratio of 1. The buffer b holds no learning rate, so a schedule acts at once.

    params: parameters or groups of them; every group may have its own lr, momentum, weight_decay and trust.
    lr >= 0 (a batch of N: about 0.3 N / 256 under trust = 0.001); momentum in [0, 1); weight_decay >= 0; trust > 0.
    Norms, u and ratios are float32 (float64 for float64) whatever the parameters are; b has the parameters' type.
    foreach: all of a group's tensors of one device and type at once (the default), or one after the other; the same to
    rounding. Parameters without a gradient stay as they are. Raises ValueError for values out of range, and
    RuntimeError for sparse gradients.
    """

    def __init__(self, params: Any, lr: float, momentum: float = 0.9, weight_decay: float = 1e-6,
                 trust: float = 0.001, foreach: bool = True) -> None:
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, trust=trust,
                                      foreach=foreach))

    def add_param_group(self, param_group: Dict[str, Any]) -> None:
        group = {**self.defaults, **param_group}
        ranges = {"lr": group["lr"] >= 0, "momentum": 0 <= group["momentum"] < 1,
                  "weight_decay": group["weight_decay"] >= 0, "trust": group["trust"] > 0}
        for name, good in ranges.items():
            if not good:
                raise ValueError(f"LARS: {name} is out of range: {group[name]}")
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Optional[Callable[[], Any]] = None) -> Any:
        """One update. closure: computes the loss again and returns it; then that loss is returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            triples: List[_Triple] = []
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.is_sparse:
                    raise RuntimeError("LARS: sparse gradients have no norm to scale by")
                state = self.state[p]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(p)
                triples.append((p, p.grad, state["momentum_buffer"]))
            for bucket in _buckets(triples) if group["foreach"] else [[triple] for triple in triples]:
                _update(bucket, group)
        return loss


def _buckets(triples: List[_Triple]) -> List[List[_Triple]]:
    alike: Dict[Any, List[_Triple]] = {}
    for triple in triples:
        alike.setdefault((triple[0].device, triple[0].dtype, triple[1].dtype), []).append(triple)
    return list(alike.values())


def _update(triples: List[_Triple], group: Dict[str, Any]) -> None:
    tensors, _, buffers = map(list, zip(*triples))
    torch._foreach_mul_(buffers, group["momentum"])
    plain = [t for t in triples if t[0].dim() <= 1]
    if plain:
        torch._foreach_add_([b for _, _, b in plain], [g for _, g, _ in plain])
    scaled = [t for t in triples if t[0].dim() > 1]
    if scaled:
        p, g, b = map(list, zip(*scaled))
        p, g = [floating(x) for x in p], [floating(x) for x in g]  # squares of halves overflow
        u = torch._foreach_add(g, p, alpha=group["weight_decay"])
        p_norms, u_norms = torch.stack(torch._foreach_norm(p)), torch.stack(torch._foreach_norm(u))
        ratios = torch.where((p_norms > 0) & (u_norms > 0), p_norms * group["trust"] / u_norms,
                             torch.ones_like(p_norms))
        for buffer, update, ratio in zip(b, u, ratios.unbind()):
            buffer.addcmul_(update, ratio)
    torch._foreach_add_(tensors, buffers, alpha=-float(group["lr"]))
