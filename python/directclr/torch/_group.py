"""Sums and rows of several processes. A group of None is one process alone, so that there is one code path."""

from __future__ import annotations

from typing import Any, List, Optional

import torch
import torch.distributed as dist

Group = Optional[Any]  # a torch.distributed process group, or None: this process alone


def world_size(group: Group) -> int:
    """How many processes the group has; 1 for None. ValueError where this process is not one of them."""
    if group is None:
        return 1
    size = dist.get_world_size(group)
    if size < 1:
        raise ValueError("group: this process is not a member of the group")
    return size


def rank(group: Group) -> int:
    """This process's number in the group, from 0."""
    return 0 if group is None else dist.get_rank(group)


def sum_(x: torch.Tensor, group: Group) -> torch.Tensor:
    """Replaces x by the sum over processes. x: contiguous, of one shape and type everywhere."""
    if world_size(group) > 1:
        dist.all_reduce(x, group=group)
    return x


def from_first(x: Any, group: Group) -> Any:
    """What the first process passes: plain Python objects."""
    if world_size(group) == 1:
        return x
    box = [x]
    dist.broadcast_object_list(box, src=dist.get_global_rank(group, 0), group=group)
    return box[0]


def counts(rows: int, device: torch.device, group: Group) -> List[int]:
    """How many rows each process has."""
    if world_size(group) == 1:
        return [rows]
    mine = torch.tensor([rows], dtype=torch.int64, device=device)
    every = [torch.empty_like(mine) for _ in range(world_size(group))]
    dist.all_gather(every, mine, group=group)
    return [int(count) for count in torch.cat(every).tolist()]


def gather(x: torch.Tensor, rows: List[int], group: Group) -> torch.Tensor:
    """All processes' rows of x (n, ...), one below the other. `rows`: their numbers, which may differ. No graph."""
    if world_size(group) == 1:
        return x
    widest = max(rows)
    padded = x.new_zeros((widest, *x.shape[1:]))
    padded[: x.shape[0]] = x
    every = [torch.empty_like(padded) for _ in rows]
    dist.all_gather(every, padded, group=group)
    return torch.cat([part[:count] for part, count in zip(every, rows)])
