"""Batches of augmented views."""

from __future__ import annotations

import operator
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from directclr import _core
from directclr._arguments import flag, seed_of, text, whole

#: What `workers` may be: of the program's --workers, too.
MOST_WORKERS = 1024
_LAST_EPOCH = 2**32 - 2


class Source:
    """A data set of images as the program takes it: "folder:DIR", "shards:GLOB", "cifar10:DIR", "fashion-mnist", ...

    ``source[i]`` is (pixels uint8 (H, W, 3), label or -1). Raises InputError for what is missing or damaged.
    """

    def __init__(self, data: str, split: str = "train", *, skip_bad: bool = False) -> None:
        if not isinstance(data, str):
            raise _core.InputError(f"data: expected a str, as \"folder:DIR\", got {type(data).__name__}")
        self.data, self.split, self._skip_bad = data, text("split", split), flag("skip_bad", skip_bad)
        self._source = _core.Source(data, self.split, self._skip_bad)

    def __reduce__(self) -> Any:
        return _opened, (self.data, self.split, self._skip_bad)

    def __len__(self) -> int:
        """Images."""
        return len(self._source)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index}: there are {len(self)} images")
        index %= len(self)
        pixels: Any = self._source.image(index)
        return pixels, self._source.label(index)

    @property
    def class_names(self) -> list[str]:
        """Names of the classes, by label; empty without labels."""
        return self._source.class_names


@dataclass(eq=False, repr=False)  # of arrays neither says anything
class Batch:
    """One batch of n images. Tensors of torch, or arrays of NumPy or JAX.

    `views`: one or two of (n, 3, S, S), channels last in memory, and of JAX, whose arrays have no strides, (n, S, S, 3);
    `local`: local views, likewise; `labels` (n,) int64 (of JAX int32), -1 where there is none; `indices` (n,): places in
    the data set.
    """

    views: list[Any]
    local: list[Any]
    labels: Any
    indices: Any

    def __repr__(self) -> str:
        return f"<Batch: {len(self.labels)} images, {len(self.views)} views, {len(self.local)} local views>"


class Loader:
    """Decodes and augments on threads of its own, and gives two views of each image of a data set, batch after batch.

    What a batch holds depends on (seed, epoch, image) alone: not on workers, nor on where a run began. Each ``for batch in
    loader``, each iter(), is an epoch of its own: the one after that of the iter() before, also where that was left early.
    `set_epoch` says which the next one is, and leaves those that have begun alone. Only the first loop after
    `load_state_dict` begins amid an epoch.

    `framework`: "torch", "numpy", "jax", or None: torch where it is imported already, else numpy. `dtype`: "float32",
    "bfloat16" (not NumPy) or "uint8" (not normalised). Batches are the memory that the loader wrote to, not copies of it
    (JAX copies); it is used again, in later epochs too, once nobody holds an array of the batch, and freed with the loader.
    `pin_memory`: torch's pinned memory, for transfers that do not wait. `rank` and `world_size`, both or neither (None: as
    torch.distributed has them), share out each batch of `batch_size` images. `split` (None: "train", or the Source's).
    `transform`: "views", "crop" (one random crop and flip) or "evaluation". Other words are settings of the augmentation
    (TwoView), `preset` among them; `local_views` adds multi-crop.

    After fork() a child makes its own threads for what it begins; an iteration that the parent began stays the parent's,
    and raises Error in the child. Spawned processes get a pickled Loader: its place, not its threads. Raises InputError for
    what is missing or damaged, also while it runs (`skip_bad` replaces such images), ValueError for words that do not fit.
    """

    def __init__(
        self,
        data: str | Source,
        *,
        split: str | None = None,
        batch_size: int = 256,
        workers: int = 2,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = True,
        dtype: str = "float32",
        transform: str = "views",
        framework: str | None = None,
        pin_memory: bool = False,
        rank: int | None = None,
        world_size: int | None = None,
        skip_bad: bool = False,
        preset: str = "",
        **augment: Any,
    ) -> None:
        if framework not in (None, "torch", "numpy", "jax"):
            raise ValueError(f"framework {framework!r}: torch, numpy or jax")
        self.framework = framework or ("torch" if "torch" in sys.modules else "numpy")
        if dtype == "bfloat16" and self.framework == "numpy":
            raise ValueError("dtype bfloat16: NumPy has no such type; use float32 or framework='torch'")
        if pin_memory and self.framework != "torch":
            raise ValueError("pin_memory is for framework='torch'")
        self.source = source_of(data, split, skip_bad)
        if (rank is None) != (world_size is None):
            raise ValueError("rank and world_size go together: give both, or neither")
        own, processes = _place_of_process() if rank is None or world_size is None else (rank, world_size)
        processes = whole("world_size", processes, 1)
        self._options: dict[str, Any] = {
            "transform": text("transform", transform),
            "dtype": text("dtype", dtype),
            "batch_size": whole("batch_size", batch_size, 1),
            "seed": seed_of(seed),
            "shuffle": flag("shuffle", shuffle),
            "drop_last": flag("drop_last", drop_last),
            "rank": whole("rank", own, 0, processes - 1),
            "world_size": processes,
            "workers": whole("workers", workers, 1, MOST_WORKERS),
            "skip_bad": flag("skip_bad", skip_bad),
        }
        self._preset, self._augment = text("preset", preset), augment
        self._pin = flag("pin_memory", pin_memory)
        self._memory = _core.Memory()
        self._next = (0, 0)  # epoch and batch that the next loop begins with
        self._begun: _Position | None = None  # of the last loop, unless another place was asked for since
        self._batches = self._open(0, 0).batches  # checks the options at once

    def _open(self, epoch: int, batch: int) -> _core.Epoch:
        options = {**self._options, "epoch": epoch, "batch": batch}
        return _core.Epoch(self.source._source, options, self._augment, self._preset, self._memory)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._batches

    @property
    def epoch(self) -> int:
        """That of the last loop until it has ended, then the one that the next loop begins."""
        return self._place()[0]

    def set_epoch(self, epoch: int) -> None:
        """The next loop begins this epoch. One that runs goes on in its own."""
        self._go_to(whole("epoch", epoch, 0, _LAST_EPOCH), 0)

    def state_dict(self) -> dict[str, Any]:
        """Where the last loop is, after the batches that it gave: load_state_dict() of a loader with the same options goes
        on exactly there. Where none runs, the place where the next begins."""
        epoch, batch = self._place()
        return {"epoch": epoch, "batch": batch, **self._identity()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next loop goes on at that place. ValueError for a state of other data, of another seed, `batch_size` or
        `shuffle`, and for what is no state. `world_size` and `workers` may differ: places are those of whole batches."""
        try:
            place = state["epoch"], state["batch"]
            theirs = {name: state[name] if name in ("seed", "images") else state.get(name, mine)  # of earlier versions
                      for name, mine in self._identity().items()}
        except (TypeError, KeyError, AttributeError):
            raise _core.InputError(f"state: expected what state_dict() gives, got {state!r}") from None
        for name, mine in self._identity().items():
            if theirs[name] != mine:
                raise _core.InputError(f"state: is of {name}={theirs[name]!r}, this loader has {name}={mine!r}")
        epoch = whole("state: epoch", place[0], 0, _LAST_EPOCH)
        self._go_to(epoch, whole("state: batch", place[1], 0, len(self)))

    def _identity(self) -> dict[str, Any]:
        """What a place has its meaning by."""
        return {"images": len(self.source), **{name: self._options[name] for name in ("seed", "batch_size", "shuffle")}}

    def _place(self) -> tuple[int, int]:
        begun = self._begun
        return self._next if begun is None or begun.ended else (begun.epoch, begun.batch)

    def _go_to(self, epoch: int, batch: int) -> None:
        self._next, self._begun = (epoch, batch), None

    def __iter__(self) -> _Iteration:
        epoch, batch = self._next
        begun = _Iteration(self, _Position(epoch, batch))
        self._next, self._begun = (epoch + 1, 0), begun.position
        return begun

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: the place, not the loop."""
        return {**self.__dict__, "_next": self._place(), "_begun": None}

    def _made(self, images: np.ndarray, local: np.ndarray | None, labels: np.ndarray, indices: np.ndarray) -> Batch:
        views = [self._view(v) for v in images]
        local_views = [] if local is None else [self._view(v) for v in local]
        if self.framework == "numpy":
            return Batch(views, local_views, labels, indices)
        if self.framework == "jax":
            import jax.numpy as jnp

            return Batch(views, local_views, jnp.asarray(labels.astype(np.int32)), jnp.asarray(indices))
        import torch

        return Batch(views, local_views, torch.from_numpy(labels), torch.from_numpy(indices.astype(np.int64)))

    def _view(self, view: np.ndarray) -> Any:
        """(n, S, S, 3) as (n, 3, S, S); as it is for JAX, whose convolutions take it so."""
        if self.framework == "numpy":
            return view.transpose(0, 3, 1, 2)
        if self.framework == "jax":
            import jax.numpy as jnp

            return jnp.array(view.view(jnp.bfloat16) if self._options["dtype"] == "bfloat16" else view)
        import torch

        if self._options["dtype"] == "bfloat16":
            tensor = torch.from_numpy(view.view(np.int16)).view(torch.bfloat16)  # uint16 is unknown before PyTorch 2.3
        else:
            tensor = torch.from_numpy(view)
        tensor = tensor.permute(0, 3, 1, 2)
        return tensor.pin_memory() if self._pin else tensor


@dataclass
class _Position:
    """Of a loop: what its loader knows of it, so that threads end with the loop."""

    epoch: int
    batch: int  # the next to give
    ended: bool = False


class _Iteration:
    """One loop over a loader: the batches of an epoch from one of them on."""

    def __init__(self, loader: Loader, position: _Position) -> None:
        self.position = position
        self._made = loader._made
        self._batches: _core.Epoch | None = loader._open(position.epoch, position.batch)

    def __iter__(self) -> _Iteration:
        return self

    def __next__(self) -> Batch:
        batches = self._batches
        found: Any = None if batches is None else batches.next()
        if found is None:
            self._batches, self.position.ended = None, True
            raise StopIteration
        *arrays, number = found
        self.position.batch = max(self.position.batch, number + 1)
        return self._made(*arrays)


def source_of(data: str | Source, split: str | None, skip_bad: bool) -> Source:
    """`data`, opened where it is no Source. ValueError for a split other than the Source's."""
    if not isinstance(data, Source):
        return Source(data, "train" if split is None else split, skip_bad=skip_bad)
    if split not in (None, data.split):
        raise _core.InputError(f"split: {split!r}, and the Source is of split {data.split!r}")
    return data


def _opened(data: str, split: str, skip_bad: bool) -> Source:
    return Source(data, split, skip_bad=skip_bad)


def _place_of_process() -> tuple[int, int]:
    """This process's rank and how many there are, as torch.distributed says where it is in use."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
