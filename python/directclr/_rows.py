"""Rows of features from whatever holds them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Union

import numpy as np

#: An array of rows (N, D): NumPy, a torch tensor on any device, JAX, or what else speaks DLPack or the buffer protocol.
ArrayLike = Any
#: Rows, a file of them, or an iterable of blocks of rows (n, D).
Rows = Union[ArrayLike, str, "os.PathLike[str]", Iterable[ArrayLike]]

# Rows moved at a time from another device.
_BLOCK_BYTES = 64 << 20


def is_array(x: object) -> bool:
    return hasattr(x, "shape") and hasattr(x, "dtype")


def on_cpu(x: ArrayLike) -> Any:
    """`x` where the native part can read it: of a torch tensor its values without the graph, on the processor."""
    if hasattr(x, "detach"):
        x = x.detach()
        return x.cpu() if x.device.type != "cpu" else x
    if hasattr(x, "__dlpack_device__") and not isinstance(x, np.ndarray):
        kind, _ = x.__dlpack_device__()
        return x if kind == 1 else np.asarray(x)
    return x if is_array(x) else np.asarray(x)


def check_matrix(x: Any, what: str = "rows") -> Any:
    """`x`, which must be (N, D) of floating numbers. Raises ValueError with what it is."""
    shape = tuple(int(n) for n in x.shape)
    if len(shape) != 2:
        hint = ""
        if len(shape) in (3, 4):
            hint = ": pool tokens or positions first, e.g. x.mean(1) of (N, T, D)"
        raise ValueError(f"{what}: expected (N, D), got {shape}{hint}")
    if "float" not in str(x.dtype):
        raise ValueError(f"{what}: expected floating numbers, got {x.dtype}")
    return x


def blocks_of(x: Rows) -> Iterator[Any]:
    """The rows of an array, or of each array of an iterable, in blocks that the native part can read."""
    arrays: Any = [x] if is_array(x) else x
    for array in arrays:
        array = check_matrix(array if is_array(array) else np.asarray(array))
        rows, columns = int(array.shape[0]), max(1, int(array.shape[1]))
        step = max(1, _BLOCK_BYTES // (4 * columns))
        for first in range(0, rows, step):
            yield on_cpu(array[first : first + step])
        if rows == 0:
            yield on_cpu(array)
