"""Augmented views of single images."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from directclr import _core
from directclr._arguments import seed_of, text, whole


class TwoView:
    """Two augmented views of an image (and local ones with `local_views`), byte-equal to torchvision's and Pillow's.

    A drop-in for a transform of torchvision: takes a PIL image or uint8 (H, W, 3), returns a list of views, each (3, S, S)
    float32, normalised: torch tensors where torch is imported already, else NumPy arrays; ``dtype="uint8"``: the bytes.
    What is drawn is a function of (seed, epoch, index) alone. Without `index` it is drawn from Python's `random`, which
    PyTorch seeds in each worker of its DataLoader.
    """

    def __init__(self, preset: str = "imagenet", *, seed: int = 0, dtype: str = "float32", **augment: Any) -> None:
        if dtype not in ("float32", "uint8"):
            raise ValueError(f"dtype {dtype!r}: float32 or uint8")
        self._how = (preset, seed, dtype, augment)
        self._seed = seed_of(seed)
        self._bytes = dtype == "uint8"
        self._views = _core.Views(text("preset", preset), augment)
        #: What was drawn for the views of the last image: crop (left, top, width, height), flip, jitter, ...
        self.last_params: list[dict[str, Any]] = []

    def __call__(self, image: Any, *, index: int | None = None, epoch: int = 0) -> list[Any]:
        """The views of `image`, the `index`-th of its data set."""
        pixels = _pixels(image)
        sample = random.getrandbits(63) if index is None else whole("index", index)
        epoch = whole("epoch", epoch, 0, 2**32 - 1)
        made: list[Any] = [self._views.view(pixels, self._seed, epoch, sample, n, self._bytes) for n in range(self._views.count)]
        self.last_params = [params for _, params in made]
        return [_channels_first(view) for view, _ in made]

    def evaluation(self, image: Any) -> Any:
        """The view for evaluation: short side resized, centre crop."""
        view: Any = self._views.evaluation_view(_pixels(image), self._bytes)
        return _channels_first(view)

    def __reduce__(self) -> Any:
        preset, seed, dtype, augment = self._how
        return (_again, (preset, seed, dtype, augment))


def _again(preset: str, seed: int, dtype: str, augment: dict[str, Any]) -> TwoView:
    return TwoView(preset, seed=seed, dtype=dtype, **augment)


def _pixels(image: Any) -> np.ndarray:
    if hasattr(image, "convert"):  # Pillow's
        return np.asarray(image.convert("RGB"))
    array = np.asarray(image)
    if array.dtype != np.uint8:
        got = type(image).__name__ if array.ndim == 0 else f"{array.dtype} {array.shape}"
        raise _core.InputError(f"image: expected uint8 (height, width, 3) or a PIL image, got {got}")
    return np.repeat(array[:, :, None], 3, axis=2) if array.ndim == 2 else array


def _channels_first(view: np.ndarray) -> Any:
    torch = sys.modules.get("torch")
    if torch is not None:
        return torch.from_numpy(view).permute(2, 0, 1)
    return view.transpose(2, 0, 1)


TwoView.__doc__ = f"{TwoView.__doc__}\n    Settings and their defaults (of the preset imagenet):\n\n" + "".join(
    f"    {line}\n" for line in _core.augment_help().splitlines()
)
