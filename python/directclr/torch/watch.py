"""Watches a layer for collapse while a network trains (docs/math.md, "While it trains")."""

from __future__ import annotations

import dataclasses
import json
import math
import warnings
from collections.abc import Mapping
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import torch
import torch.distributed as dist
from torch import nn

from .. import _core
from .._arguments import whole
from . import _group
from ._group import Group
from ._names import unknown
from ._numerics import outside_graphs, wide_type
from .forgetting_covariance import ForgettingCovariance

_ROWS_PER_DIMENSION = 2  # fewer rows stop no training
# What torch.compile, FSDP and activation checkpointing put between a module and its parts.
_WRAPPERS = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
_SEVERITY = dict(_core.verdict_severity())
_NOTHING_SEEN = {"verdict": {"kind": "too few rows to tell", "text": "no two rows so far whose values are finite"}}
# Modules whose type says where the channels of their output stand: in dimension 1, or in the last one; and modules that
# leave them where they are.
_CHANNELS_FIRST = (nn.modules.conv._ConvNd, nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LocalResponseNorm,
                   nn.modules.pooling._AvgPoolNd, nn.modules.pooling._MaxPoolNd,
                   nn.modules.pooling._AdaptiveAvgPoolNd, nn.modules.pooling._AdaptiveMaxPoolNd)
_CHANNELS_LAST = (nn.Linear, nn.Embedding)
_VALUE_BY_VALUE = (nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh,
                   nn.Sigmoid, nn.Hardswish, nn.Softplus, nn.Dropout)
Pool = Union[str, Callable[[torch.Tensor], torch.Tensor]]


class CollapseWarning(UserWarning):
    """The verdict of a watched layer has become worse, or its values are not finite."""


class Collapsed(RuntimeError):
    """A watched layer does not pass a gate. `last`: the measures, as Watch.last."""

    def __init__(self, message: str, last: Dict[str, Any]) -> None:
        super().__init__(message)
        self.last = last

    def __reduce__(self) -> Any:
        return Collapsed, (str(self), self.last)


def watch(model: nn.Module, layer: Union[str, nn.Module, None] = None, every: int = 50, warmup: int = 500,
          stop_under: str = "", stop_over: str = "", stop_on: str = "",
          on_warning: Optional[Callable[[str], None]] = None, on_stop: Optional[Callable[[str], None]] = None,
          pool: Pool = "auto", memory: float = 10, group: Any = "auto") -> "Watch":
    """Watches the output of a layer, by a forward hook, from now on until close().

    layer: a module, its name in model.named_modules() (a wrapper's "module." may be left out), or None: the model.
    A step is a call of the layer in training mode with gradients on (both views in two calls are two, each part of
    cached_step is one, activation checkpointing may repeat one); calls in evaluation mode or under no_grad do not
    count. every: steps between two readings; the covariance takes the rows of every (every // 10)-th step. warmup:
    steps before there are warnings and stops (early representations are all nearly collapsed). stop_under, stop_over,
    stop_on: gates as the program's training has them: floors under measures of which more is healthier ("rank=0.1D",
    "stable-rank=2,rank=20"), ceilings over the others ("dead=0.05D"), verdicts ("collapse", "one-direction"):
    where one is not passed after the warm-up, and from 2 D rows on, the layer's call raises Collapsed. on_warning:
    called with one line when the verdict has become worse, and once, warm-up or not, when a batch held values that are
    not finite and was left out; None issues a CollapseWarning. on_stop: called with one
    line, in all processes, instead of raising Collapsed. memory: rows that the covariance rests on, as a multiple of
    the layer's width D.
    pool: "auto" takes (N, D) as it is, of (N, T, D) the mean over tokens, of (N, C, H, W) and more the mean over all
    places; where the layer itself says where its channels stand, convolutions, batch and group normalisation and
    pooling in dimension 1, nn.Linear and nn.LayerNorm in the last, the mean over all other dimensions. It refuses what
    looks like another order: (N, H, W, C), or (T, N, D) of a layer with parts that are not batch_first; "mean" is auto
    without refusing, "cls" token 0 of (N, T, D); or a function that makes (N, D) of the layer's output, for other
    orders, padded tokens, one token of several. Of a tuple, list, mapping or dataclass the first tensor of two
    dimensions or more counts.
    group: the torch.distributed group whose rows are merged. "auto": all processes where torch.distributed is
    initialised, as under DistributedDataParallel; None: this process alone. All of the group's processes must watch the
    layer and call it equally often; all raise Collapsed together, the first alone warns.

    A reading costs the eigenvalues of one matrix on the CPU: about 0.01 s for D = 512, half a second for D = 2048.
    Under torch.compile the hook cuts the graph at its layer (an error with fullgraph=True; inside an nn.Sequential its
    layers are left out of graphs); watch before the first compiled call, since compiled code does not see hooks that
    come later. Copies and saved copies of the model are not watched; a copy of the Watch, pickled or not, holds what was
    measured and watches nothing.

    Raises ValueError for an unknown layer (with the nearest name), a malformed floor or a number out of range, and in
    the layer's call where its output does not become (N, D).
    """
    return Watch(model, layer, every, warmup, _core.Gates(stop_under, stop_over, stop_on), on_warning, on_stop, pool, memory,
                 group)


class Watch:
    """What watch() gives. `name`: the layer's; `step`: its calls so far."""

    def __init__(self, model: nn.Module, layer: Union[str, nn.Module, None], every: int, warmup: int,
                 gates: _core.Gates, on_warning: Optional[Callable[[str], None]], on_stop: Optional[Callable[[str], None]],
                 pool: Pool, memory: float, group: Any) -> None:
        every, warmup = whole("watch: every", every, 1), whole("watch: warmup", warmup)
        if not _ROWS_PER_DIMENSION <= memory < math.inf:
            raise ValueError(f"watch: expected memory >= {_ROWS_PER_DIMENSION}, got {memory}")
        for name, called in (("on_warning", on_warning), ("on_stop", on_stop)):
            if called is not None and not callable(called):
                raise ValueError(f"watch: {name}: expected a function of one line, got {called!r}")
        if isinstance(group, str) and group != "auto" or isinstance(group, (bool, int, float)):
            raise ValueError(f'watch: group: expected "auto", None or a torch.distributed group, got {group!r}')
        if not callable(pool) and pool not in ("auto", "mean", "cls"):
            raise ValueError(unknown("watch: pool", str(pool), ("auto", "mean", "cls")))
        self.name, module = _find(model, layer)
        self._channels = _channels(module)
        self._tokens_first = any(getattr(part, "batch_first", True) is False for part in module.modules())
        self.step = 0
        #: One dictionary for each reading: step, rows (what the covariance rests on), dimensions, skipped_batches
        #: (those with values that are not finite), verdict ("too few rows to tell" where none was seen), text, and the
        #: measures of docs/math.md ("Measures of collapse") that a covariance and the rows at hand give, with _ for -:
        #: effective_rank, dead_directions, mean_cosine (of that step's rows), ... None where one has no value.
        self.history: List[Dict[str, Any]] = []
        #: Eigenvalues of the latest reading's covariance, descending; empty before the first.
        self.values: List[float] = []
        self._every, self._warmup, self._memory, self._pool, self._group = every, warmup, memory, pool, group
        self._gates = gates
        self._on_warning, self._on_stop = on_warning, on_stop
        self._covariance: Optional[ForgettingCovariance] = None
        self._loaded: Optional[Dict[str, torch.Tensor]] = None
        self._worst = "healthy"
        self._handle: Any = module.register_forward_hook(_Hook(outside_graphs("directclr.torch.watch looks at this layer")(self._observe)))

    @property
    def last(self) -> Dict[str, Any]:
        """The latest reading; empty before the first."""
        return self.history[-1] if self.history else {}

    def close(self) -> None:
        """Ends the watch; what was measured stays."""
        if self._handle is not None:
            self._handle.remove()

    def __getstate__(self) -> Dict[str, Any]:
        return {**self.__dict__, **dict.fromkeys(_OF_THE_PROCESS)}

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def state_dict(self) -> Dict[str, Any]:
        """What a checkpoint must hold, so that a resumed training is watched as an uninterrupted one."""
        held = self._covariance.state_dict() if self._covariance else self._loaded or {}
        return {"step": self.step, "worst": self._worst, "history": list(self.history), "values": list(self.values),
                "covariance": {name: tensor.detach().clone() for name, tensor in held.items()}}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Takes what state_dict gave; of another width ValueError, perhaps in the layer's next call."""
        self.step, self._worst, self.history = state["step"], state["worst"], list(state["history"])
        self.values = list(state.get("values", []))  # of earlier versions: not known
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
        rows: Any = self._pool(output) if callable(self._pool) else self._pooled(_first_tensor(output))
        if not isinstance(rows, torch.Tensor) or rows.dim() != 2 or not rows.is_floating_point():
            got = f"{tuple(rows.shape)} {rows.dtype}" if isinstance(rows, torch.Tensor) else type(output).__name__
            raise ValueError(f"watch: expected floating rows (N, D) of {self.name}, got {got}; give pool= a function "
                             "that makes them of the layer's output")
        if hasattr(rows, "full_tensor"):
            raise ValueError(f"watch: the output of {self.name} is a DTensor, spread over processes; give pool= a function "
                             "that makes this process's own rows of it, and group= the processes that have other rows")
        return rows.detach()

    def _pooled(self, x: Optional[torch.Tensor]) -> Optional[torch.Tensor]:
        if x is None or x.dim() < 3:
            return x
        first = self._channels_first(x)
        self._refuse_other_orders(x, first)
        if self._pool == "cls":
            return x[:, 0]
        return x.flatten(2).mean(2) if first else x.flatten(1, -2).mean(1)

    def _channels_first(self, x: torch.Tensor) -> bool:
        return self._channels == 1 if self._channels else x.dim() > 3

    def _refuse_other_orders(self, x: torch.Tensor, first: bool) -> None:
        """Raises ValueError where (N, T, D) or (N, C, H, W) is in doubt, unless pool="mean" says so."""
        doubt = ""
        if self._pool == "mean":
            return
        if x.dim() == 3 and self._tokens_first:
            of_function = "x.mean(0)" if self._pool == "auto" else "x[0]"
            doubt = f"may be (T, N, D), since a part of it is not batch_first: give pool=lambda x: {of_function}"
        elif self._pool == "cls" and (x.dim() > 3 or first):
            doubt = "has no token 0"
        elif x.dim() == 4 and x.shape[1] == x.shape[2] and self._channels is None:
            doubt = "may be (N, H, W, C): give pool=lambda x: x.mean((1, 2))"
        if doubt:
            taken = ("(N, C, L)" if first else "(N, T, D)") if x.dim() == 3 else "(N, C, H, W)" if first else "(N, H, W, C)"
            raise ValueError(f'watch: {tuple(x.shape)} of {self.name} {doubt}, or pool="mean" for the mean of {taken}')

    def _processes(self) -> Group:
        if self._group != "auto":
            return self._group
        ready = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        return dist.group.WORLD if ready else None

    def _read(self, rows: torch.Tensor, group: Group) -> None:
        covariance = self._covariance
        assert covariance is not None
        first = _group.rank(group) == 0
        held = float(covariance.weight)
        mean_cosine, spread = _directions(rows, group)
        judged: Any = None
        if first:
            matrix = covariance.matrix.cpu().double()
            mean = covariance.mean.cpu().double()
            judged = self._judged(matrix, int(held), mean_cosine, spread,
                                  mean_square=float(matrix.trace() + mean.dot(mean)) / len(mean),
                                  roundoff=torch.finfo(rows.dtype).eps / 2)
        # Those of the first process, so that all decide the same.
        self.values, said, failed = _group.from_first(judged, group)
        reading: Dict[str, Any] = {"step": self.step, "rows": int(held), "dimensions": len(covariance.mean),
                                   "skipped_batches": int(covariance.skipped), "verdict": said["verdict"]["kind"],
                                   "text": said["verdict"]["text"]}
        for name in _core.covariance_measures():
            reading[name.replace("-", "_")] = said.get(name)
        told = self.last.get("skipped_batches", 0) > 0
        self.history.append(reading)
        if first and reading["skipped_batches"] > 0 and not told:
            self._warn(f"step {self.step}, {self.name}: values that are not finite: {reading['skipped_batches']} of the "
                       "batches that were looked at are left out, as those to come will be")
        if self.step <= self._warmup:
            return
        if first and _SEVERITY[reading["verdict"]] > _SEVERITY[self._worst]:
            self._warn(f"step {self.step}, {self.name}: {reading['verdict']}: {reading['text']}")
        self._worst = reading["verdict"]
        if failed:
            self._stop(f"step {self.step}, {self.name}: {'; '.join(failed)}", reading)

    def _judged(self, matrix: torch.Tensor, rows: int, mean_cosine: float, spread: float, mean_square: float,
                roundoff: float) -> Any:
        """Eigenvalues, the result file's object, lines of gates."""
        if rows < 2:
            return [], _NOTHING_SEEN, []
        result, failed = _core.judge(matrix, rows, mean_cosine, spread, mean_square, roundoff, self._gates)
        values: Any = result.values
        return values.tolist(), json.loads(result.json), failed

    def _stop(self, line: str, reading: Dict[str, Any]) -> None:
        if self._on_stop is None:
            raise Collapsed(line, reading)
        self._on_stop(line)

    def _warn(self, line: str) -> None:
        if self._on_warning is not None:
            self._on_warning(line)
        else:
            warnings.warn(line, CollapseWarning, stacklevel=2)


# What a copy of a Watch does without.
_OF_THE_PROCESS = ("_handle", "_gates", "_on_warning", "_on_stop", "_pool", "_group")


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


def _find(model: nn.Module, layer: Union[str, nn.Module, None]) -> Any:
    """Name and module. Names are those without wrappers: DistributedDataParallel's, FSDP's, torch.compile's."""
    named = [(_plain(name), module) for name, module in model.named_modules()]
    if layer is None:
        return type(model).__name__, model
    if isinstance(layer, nn.Module):
        names = [name for name, module in named if module is layer]
        if not names:
            raise ValueError("watch: the layer is not a part of the model")
        return names[0] or type(layer).__name__, layer
    name, modules = _plain(layer), dict(named)
    if not name or name not in modules:
        raise ValueError(unknown("watch: layer", layer, [n for n in modules if n]))
    return name, modules[name]


def _plain(name: str) -> str:
    parts = [part for part in name.split(".") if part not in _WRAPPERS]
    while parts and parts[0] == "module":
        parts = parts[1:]
    return ".".join(parts)


def _channels(module: nn.Module) -> Optional[int]:
    """The dimension of a module's output that its channels stand in, where its type tells: 1 or -1."""
    if isinstance(module, _CHANNELS_FIRST):
        return 1
    if isinstance(module, _CHANNELS_LAST) or isinstance(module, nn.LayerNorm) and len(module.normalized_shape) == 1:
        return -1
    parts = dict(module.named_children())
    if len(parts) == 1 and next(iter(parts)) in ("module", *_WRAPPERS):
        return _channels(next(iter(parts.values())))
    if isinstance(module, nn.Sequential):
        last = next((part for part in reversed(list(module)) if not isinstance(part, _VALUE_BY_VALUE)), None)
        return None if last is None else _channels(last)
    return None


def _first_tensor(output: Any) -> Optional[torch.Tensor]:
    """The first of two dimensions or more (a loss may stand before it), else the first."""
    if isinstance(output, torch.Tensor):
        return output
    values: Any = ()
    if isinstance(output, Mapping):
        values = output.values()
    elif dataclasses.is_dataclass(output):
        values = (getattr(output, field.name) for field in dataclasses.fields(output))
    elif isinstance(output, (tuple, list)):
        values = output
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    return next((tensor for tensor in tensors if tensor.dim() > 1), tensors[0] if tensors else None)


def _directions(rows: torch.Tensor, group: Group) -> Tuple[float, float]:
    """Mean cosine of the rows with their mean direction, and the normalised standard deviation of their directions."""
    wide = rows.to(wide_type(rows.device))
    lengths = torch.linalg.vector_norm(wide, dim=1, keepdim=True)
    unit = wide / lengths.where(lengths != 0, torch.ones_like(lengths))
    sums = _group.sum_(torch.cat([unit.sum(0), unit.new_tensor([len(unit)])]), group)
    mean = sums[:-1] / sums[-1]
    variance = _group.sum_((unit - mean).square().sum(0), group) / sums[-1]
    spread = float(variance.sqrt().mean()) * math.sqrt(len(mean))
    return float(torch.linalg.vector_norm(mean)), spread
