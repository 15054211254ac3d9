"""Batches of augmented views."""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from directclr import _core
from directclr._arguments import seed_of, whole


class Source:
    """A data set of images as the program takes it: "folder:DIR", "shards:GLOB", "cifar10:DIR", "fashion-mnist", ...

    ``source[i]`` is (pixels uint8 (H, W, 3), label or -1). Raises InputError for what is missing or damaged.
    """

    def __init__(self, data: str, split: str = "train", *, skip_bad: bool = False) -> None:
        if not isinstance(data, str):
            raise _core.InputError(f"data: expected a str, as \"folder:DIR\", got {type(data).__name__}")
        self.data, self.split, self._skip_bad = data, split, skip_bad
        self._source = _core.Source(data, split, skip_bad)

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

    What a batch holds depends on (seed, epoch, image) alone: not on workers, nor on where a run began. ``for batch in
    loader`` is one epoch; the next begins the next one, or `set_epoch` says which. `framework`: "torch", "numpy", "jax",
    or None: torch where it is imported already, else numpy. `dtype`: "float32", "bfloat16" (not NumPy) or "uint8" (not normalised).
    Batches are the memory that the loader wrote to, not copies of it (JAX copies); it is used again, in later epochs
    too, once nobody holds an array of the batch, and freed with the loader. `pin_memory`: torch's pinned memory, for
    transfers that do not wait. `rank` and `world_size` (None: as torch.distributed has them) share out each batch of
    `batch_size` images. `transform`: "views", "crop" (one random crop and flip) or "evaluation". Other words are settings
    of the augmentation (TwoView), `preset` among them; `local_views` adds multi-crop.

    After fork() a child makes its own threads for what it begins; an iteration that the parent began stays the
    parent's. Spawned processes get a pickled Loader: its place, not its threads. Raises InputError for what is missing
    or damaged, also while it runs (`skip_bad` replaces such images), ValueError for words that do not fit.
    """

    def __init__(
        self,
        data: str | Source,
        *,
        split: str = "train",
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
        self.source = data if isinstance(data, Source) else Source(data, split, skip_bad=skip_bad)
        place = _place() if rank is None or world_size is None else (rank, world_size)
        self._options: dict[str, Any] = {
            "transform": transform,
            "dtype": dtype,
            "batch_size": whole("batch_size", batch_size, 1),
            "seed": seed_of(seed),
            "shuffle": shuffle,
            "drop_last": drop_last,
            "rank": whole("rank", place[0], 0, whole("world_size", place[1], 1) - 1),
            "world_size": operator.index(place[1]),
            "workers": whole("workers", workers, 1),
            "skip_bad": skip_bad,
        }
        self._preset, self._augment = preset, augment
        self._pin = pin_memory
        self._memory = _core.Memory()
        self.epoch = 0
        self._batch = 0  # of the epoch, the next to give
        self._batches = self._open(0, 0).batches  # checks the options at once

    def _open(self, epoch: int, batch: int) -> _core.Epoch:
        options = {**self._options, "epoch": epoch, "batch": batch}
        return _core.Epoch(self.source._source, options, self._augment, self._preset, self._memory)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._batches

    def set_epoch(self, epoch: int) -> None:
        """The next loop begins this epoch."""
        self.epoch, self._batch = whole("epoch", epoch, 0, 2**32 - 2), 0

    def state_dict(self) -> dict[str, int]:
        """Where the loader is: give it to load_state_dict() of one with the same options to go on exactly there."""
        return {"epoch": self.epoch, "batch": self._batch, "seed": self._options["seed"], "images": len(self.source)}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """The next loop goes on at that place. ValueError for a state of other data or of another seed."""
        if state["images"] != len(self.source) or state["seed"] != self._options["seed"]:
            raise ValueError(f"the state is of {state['images']} images and seed {state['seed']}")
        self.epoch, self._batch = state["epoch"], state["batch"]

    def __iter__(self) -> Iterator[Batch]:
        epoch = self._open(self.epoch, self._batch)
        while True:
            arrays: Any = epoch.next()
            if arrays is None:
                self.set_epoch(self.epoch + 1)
                return
            self._batch += 1
            yield self._made(*arrays)

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


def _opened(data: str, split: str, skip_bad: bool) -> Source:
    return Source(data, split, skip_bad=skip_bad)


def _place() -> tuple[int, int]:
    """This process's rank and how many there are, as torch.distributed says where it is in use."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
