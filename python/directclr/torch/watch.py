"""Watches a layer for collapse while a network trains (docs/math.md, "While it trains")."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Dict, List, Optional, Union

import torch
import torch.distributed as dist
from torch import nn

from . import _group
from ._group import Group
from ._names import unknown
from ._numerics import wide_type
from .forgetting_covariance import ForgettingCovariance
from .verdict import HEALTHY, ROWS_PER_DIMENSION, measures_of, parse_floors, under_floors, verdict

Pool = Union[str, Callable[[torch.Tensor], torch.Tensor]]


class CollapseWarning(UserWarning):
    """The verdict of a watched layer has become worse."""


class Collapsed(RuntimeError):
    """A measure of a watched layer is under its floor. `last`: the measures, as Watch.last."""

    def __init__(self, message: str, last: Dict[str, Any]) -> None:
        super().__init__(message)
        self.last = last


def watch(model: nn.Module, layer: Union[str, nn.Module, None] = None, every: int = 50, warmup: int = 500,
          stop_under: Optional[str] = None, on_warning: Optional[Callable[[str], None]] = None,
          on_stop: Optional[Callable[[str], None]] = None, pool: Pool = "auto", memory: float = 10,
          group: Any = "auto") -> "Watch":
    """Watches the output of a layer, by a forward hook, from now on until close().

    layer: a module, its name in model.named_modules() (a wrapper's "module." may be left out), or None: the model.
    A step is a call of the layer in training mode with gradients on (both views in two calls are two, each part of
    cached_step is one, activation checkpointing may repeat one); calls in evaluation mode or under no_grad do not
    count. every: steps between two readings; the covariance takes the rows of every (every // 10)-th step. warmup:
    steps before there are warnings and stops (early representations are all nearly collapsed). stop_under: a floor
    under a measure, "rank=0.1D" or "stable-rank=2,rank=20": after the warm-up, and from 2 D rows on, the layer's call
    raises Collapsed. on_warning: called with one line when the verdict has become worse; None
    issues a CollapseWarning. on_stop: called with one line, in all processes, instead of raising Collapsed. memory:
    rows that the covariance rests on, as a multiple of the layer's width D.
    pool: "auto" takes (N, D) as it is, of (N, T, D) the mean over tokens, of (N, C, H, W) and more the mean over all
    places; "cls" takes token 0; "mean" is auto; or a function that makes (N, D) of the layer's output, for other
    layouts (channels last, padded tokens). Of a tuple, list or mapping the first tensor counts.
    group: the torch.distributed group whose rows are merged. "auto": all processes where torch.distributed is
    initialised, as under DistributedDataParallel; None: this process alone. All of the group's processes must watch the
    layer and call it equally often; all raise Collapsed together, the first alone warns.

    A reading costs one eigendecomposition on the CPU: 0.01 s for D = 512, 0.4 s for D = 2048, of one core.
    Under torch.compile the hook is a graph break (an error with fullgraph=True); watch before the first compiled call,
    since compiled code does not see hooks that come later. Copies and saved copies of the model are not watched.

    Raises ValueError for an unknown layer (with the nearest name), a malformed floor or a number out of range, and in
    the layer's call where its output does not become (N, D).
    """
    return Watch(model, layer, every, warmup, stop_under, on_warning, on_stop, pool, memory, group)


class Watch:
    """What watch() gives. `name`: the layer's; `step`: its calls so far."""

    def __init__(self, model: nn.Module, layer: Union[str, nn.Module, None], every: int, warmup: int,
                 stop_under: Optional[str], on_warning: Optional[Callable[[str], None]],
                 on_stop: Optional[Callable[[str], None]], pool: Pool, memory: float, group: Any) -> None:
        if every < 1 or warmup < 0 or memory < ROWS_PER_DIMENSION:
            raise ValueError(f"watch: expected every >= 1, warmup >= 0 and memory >= {ROWS_PER_DIMENSION}, got "
                             f"{every}, {warmup} and {memory}")
        if not callable(pool) and pool not in ("auto", "mean", "cls"):
            raise ValueError(unknown("watch: pool", str(pool), ("auto", "mean", "cls")))
        self.name, module = _find(model, layer)
        self.step = 0
        #: One dictionary for each reading: step, rows (what the covariance rests on), dimensions, skipped_batches
        #: (those with values that are not finite), verdict, text, mean_cosine (of that step's rows), and the MEASURES
        #: of verdict.py.
        self.history: List[Dict[str, Any]] = []
        self._every, self._warmup, self._memory, self._pool, self._group = every, warmup, memory, pool, group
        self._floors = parse_floors(stop_under) if stop_under else []
        self._on_warning, self._on_stop = on_warning, on_stop
        self._covariance: Optional[ForgettingCovariance] = None
        self._loaded: Optional[Dict[str, torch.Tensor]] = None
        self._worst = HEALTHY
        self._handle = module.register_forward_hook(_Hook(_outside_graphs(self._observe)))

    @property
    def last(self) -> Dict[str, Any]:
        """The latest reading; empty before the first."""
        return self.history[-1] if self.history else {}

    def close(self) -> None:
        """Ends the watch; what was measured stays."""
        self._handle.remove()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def state_dict(self) -> Dict[str, Any]:
        """What a checkpoint must hold, so that a resumed training is watched as an uninterrupted one."""
        held = self._covariance.state_dict() if self._covariance else self._loaded or {}
        return {"step": self.step, "worst": self._worst, "history": list(self.history),
                "covariance": {name: tensor.detach().clone() for name, tensor in held.items()}}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Takes what state_dict gave; of another width ValueError, perhaps in the layer's next call."""
        self.step, self._worst, self.history = state["step"], state["worst"], list(state["history"])
        self._loaded = state["covariance"] or None
        if self._covariance and self._loaded:
            self._covariance.load_state_dict(self._loaded)

    @torch.no_grad()
    def _observe(self, output: Any) -> None:
        self.step += 1
        read = self.step % self._every == 0
        if self.step != 1 and not read and self.step % max(1, self._every // 10) != 0:
            return
        rows = self._rows(output)
        group = self._processes()
        if self._covariance is None:
            self._covariance = ForgettingCovariance(rows.shape[1], self._memory * rows.shape[1], rows.device)
            if self._loaded:
                self._covariance.load_state_dict(self._loaded)
        self._covariance.add(rows, group)
        if read:
            self._read(rows, group)

    def _rows(self, output: Any) -> torch.Tensor:
        rows: Any = self._pool(output) if callable(self._pool) else _pooled(_first_tensor(output), self._pool)
        if not isinstance(rows, torch.Tensor) or rows.dim() != 2 or not rows.is_floating_point():
            got = f"{tuple(rows.shape)} {rows.dtype}" if isinstance(rows, torch.Tensor) else type(output).__name__
            raise ValueError(f"watch: expected floating rows (N, D) of {self.name}, got {got}; give pool= a function "
                             "that makes them of the layer's output")
        return rows.detach()

    def _processes(self) -> Group:
        if self._group != "auto":
            return self._group
        ready = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        return dist.group.WORLD if ready else None

    def _read(self, rows: torch.Tensor, group: Group) -> None:
        covariance = self._covariance
        assert covariance is not None
        first = _group.rank(group) == 0
        eigenvalues = covariance.eigenvalues() if first else torch.zeros(len(covariance.mean), dtype=torch.float64)
        if _group.world_size(group) > 1:  # those of the first process, so that all decide the same
            eigenvalues = _group.sum_(eigenvalues.to(covariance.mean), group).cpu()
        held, dimensions = float(covariance.weight), len(eigenvalues)
        mean_cosine = _mean_cosine(rows, group)
        seen = verdict(eigenvalues, mean_cosine, held)
        reading: Dict[str, Any] = {"step": self.step, "rows": int(held), "dimensions": dimensions,
                                   "skipped_batches": int(covariance.skipped), "verdict": seen.name, "text": seen.text,
                                   "mean_cosine": mean_cosine, **measures_of(eigenvalues)}
        self.history.append(reading)
        if self.step <= self._warmup:
            return
        if seen.worse_than(self._worst) and first:
            self._warn(f"step {self.step}, {self.name}: {seen.name}: {seen.text}")
        self._worst = seen.name
        lines = under_floors(reading, dimensions, self._floors) if held >= ROWS_PER_DIMENSION * dimensions else []
        if lines:
            self._stop(f"step {self.step}, {self.name}: {'; '.join(lines)}", reading)

    def _stop(self, line: str, reading: Dict[str, Any]) -> None:
        if self._on_stop is None:
            raise Collapsed(line, reading)
        self._on_stop(line)

    def _warn(self, line: str) -> None:
        if self._on_warning is not None:
            self._on_warning(line)
        else:
            warnings.warn(line, CollapseWarning, stacklevel=2)


class _Hook:
    """The hook. A copy of it, in a copy of the model, watches nothing."""

    def __init__(self, observe: Optional[Callable[[Any], None]] = None) -> None:
        self.observe = observe

    def __deepcopy__(self, memo: Any) -> "_Hook":
        return _Hook()

    def __reduce__(self) -> Any:
        return _Hook, ()

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if self.observe is not None and module.training and torch.is_grad_enabled():
            self.observe(output)


def _outside_graphs(function: Callable) -> Callable:
    """Which torch.compile runs as plain Python."""
    if hasattr(torch, "compiler"):
        return torch.compiler.disable(function)
    from torch._dynamo import disable  # where torch 2.0 has it

    return disable(function)


def _find(model: nn.Module, layer: Union[str, nn.Module, None]) -> Any:
    """Name and module. Names are those without wrappers: DistributedDataParallel's, torch.compile's."""
    modules = {_plain(name): module for name, module in model.named_modules()}
    if layer is None:
        return type(model).__name__, model
    if isinstance(layer, nn.Module):
        names = [name for name, module in modules.items() if module is layer]
        if not names:
            raise ValueError("watch: the layer is not a part of the model")
        return names[0] or type(layer).__name__, layer
    name = _plain(layer)
    if not name or name not in modules:
        raise ValueError(unknown("watch: layer", layer, [n for n in modules if n]))
    return name, modules[name]


def _plain(name: str) -> str:
    parts = name.split(".")
    while parts and parts[0] in ("module", "_orig_mod"):
        parts = parts[1:]
    return ".".join(parts)


def _pooled(x: Optional[torch.Tensor], pool: str) -> Optional[torch.Tensor]:
    if x is None or x.dim() < 3:
        return x
    if x.dim() == 3:
        return x[:, 0] if pool == "cls" else x.mean(1)
    return x.flatten(2).mean(2)


def _first_tensor(output: Any) -> Optional[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return output
    values = output.values() if hasattr(output, "values") else output if isinstance(output, (tuple, list)) else ()
    return next((value for value in values if isinstance(value, torch.Tensor)), None)


def _mean_cosine(rows: torch.Tensor, group: Group) -> float:
    wide = rows.to(wide_type(rows.device))
    unit = wide / torch.linalg.vector_norm(wide, dim=1, keepdim=True).clamp_min(1e-12)
    sums = torch.cat([unit.sum(0), unit.new_tensor([len(unit)])])
    sums = _group.sum_(sums, group).cpu().double()
    return float(torch.linalg.vector_norm(sums[:-1] / sums[-1]))
