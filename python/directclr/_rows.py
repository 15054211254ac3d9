"""Rows of features from whatever holds them."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Union

import numpy as np

from directclr._core import InputError

#: An array of rows (N, D): NumPy, a torch tensor on any device, JAX, or what else speaks DLPack or the buffer protocol
#: or makes an array of itself (a DataFrame).
ArrayLike = Any
#: Rows, a file of them, or an iterable of blocks of rows (n, D).
Rows = Union[ArrayLike, str, "os.PathLike[str]", Iterable[ArrayLike]]

# Rows moved at a time from another device.
_BLOCK_BYTES = 64 << 20
# Types that the native part reads.
_READ = ("float16", "bfloat16", "float32", "float64")


def is_array(x: object) -> bool:
    return hasattr(x, "shape") and hasattr(x, "dtype")


def as_array(x: Any, what: str) -> Any:
    """`x` where it is an array, else an array of what it holds. Raises InputError where that is none or several."""
    if is_array(x):
        return x
    parts = _parts(x)
    if parts:
        raise InputError(f"{what}: expected an array, got {type(x).__name__} of {parts}: give one of them")
    try:
        array = np.from_dlpack(x) if hasattr(x, "__dlpack__") else np.asarray(x)
    except (TypeError, ValueError, BufferError, RuntimeError) as error:
        raise InputError(f"{what}: expected an array, got {type(x).__name__}: {error}") from None
    if array.ndim == 0:
        raise InputError(f"{what}: expected an array, got {type(x).__name__}")
    return array


def _parts(x: object) -> str:
    """What something holds that is no array itself: a model's output, a batch of images and labels."""
    if isinstance(x, Mapping):
        return ", ".join(str(name) for name in x) or "nothing"
    if dataclasses.is_dataclass(x):
        return ", ".join(field.name for field in dataclasses.fields(x))
    if isinstance(x, (list, tuple)) and any(is_array(part) and len(part.shape) > 1 for part in x):
        return f"{len(x)} parts"
    return ""


def on_cpu(x: ArrayLike) -> Any:
    """An array where the native part can read it, of a type that it knows: of a torch tensor its values without the graph,
    on the processor."""
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        if hasattr(x, "resolve_neg"):
            x = x.resolve_neg()
        name = str(x.dtype).rpartition(".")[2]
        return x.float() if "float" in name and name not in _READ else x
    if not isinstance(x, np.ndarray) and hasattr(x, "__dlpack_device__") and str(x.dtype) in _READ:
        kind, _ = x.__dlpack_device__()
        if kind == 1:
            return x
    array = np.asarray(x)
    if array.dtype.kind == "f" and not array.dtype.isnative:
        return array.astype(array.dtype.newbyteorder("="))
    return array.astype(np.float32) if array.dtype.kind == "V" and "float" in array.dtype.name else array  # of ml_dtypes


def roundoff_of(x: ArrayLike) -> float:
    """Half a unit in the last place of 1 of types that are moved as float32, told by their names (float8_e4m3fn: 2^-4); of
    others 0: the native part knows them."""
    name = str(x.dtype).rpartition(".")[2]
    mantissa = re.match(r"float\d+_e\d+m(\d+)", name)
    return 2.0 ** (-1 - int(mantissa[1])) if mantissa else 2.0**-8 if name == "bfloat16" else 0.0


def check_matrix(x: Any, what: str = "rows") -> Any:
    """`x` as an array, which must be (N, D) of floating numbers. Raises InputError with what it is."""
    x = as_array(x, what)
    shape = tuple(int(n) for n in x.shape)
    if len(shape) != 2:
        hint = ""
        if len(shape) in (3, 4):
            hint = ": pool tokens or positions first, e.g. x.mean(1) of (N, T, D)"
        raise InputError(f"{what}: expected (N, D), got {shape}{hint}")
    if shape[1] == 0:
        raise InputError(f"{what}: expected at least one column, got {shape}")
    if getattr(x.dtype, "kind", "") != "f" and "float" not in str(x.dtype):
        raise InputError(f"{what}: expected floating numbers, got {x.dtype}")
    if str(x.dtype) == str(np.dtype(np.longdouble)) != "float64":
        raise InputError(f"{what}: expected at most float64, got {x.dtype}")
    if hasattr(x, "toarray") or str(getattr(x, "layout", "torch.strided")) != "torch.strided":
        raise InputError(f"{what}: expected a dense matrix, got a sparse one")
    if np.ma.is_masked(x):
        raise InputError(f"{what}: some values are masked: fill them, or leave their rows out")
    return x


def blocks_of(x: Rows, columns: int = 0) -> Iterator[tuple[Any, float]]:
    """The rows of an array, or of each array of an iterable, in blocks that the native part can read, each with the
    roundoff of what it was made of. `columns`: how many they must have; 0: as many as the first block."""
    whole = _whole(x)
    arrays: Any = [x] if whole else x
    for number, array in enumerate(arrays):
        what = "rows" if whole else f"block {number} of the rows"
        array = as_array(array, what)
        if len(array.shape) == 1 and not whole:
            raise InputError(f"{what}: expected (n, D), got {tuple(array.shape)}: of a list of rows make an array first, "
                             "numpy.asarray(x)")
        array = check_matrix(array, what)
        rows, width = int(array.shape[0]), int(array.shape[1])
        columns = columns or width
        if width != columns:
            raise InputError(f"{what}: expected {columns} columns, got {width}")
        step = max(1, _BLOCK_BYTES // (4 * columns))
        for first in range(0, max(1, rows), step):
            yield on_cpu(array[first : first + step]), roundoff_of(array)


def _whole(x: object) -> bool:
    """Whether `x` is one array, or holds or makes one, not an iterable of them."""
    if is_array(x) or hasattr(x, "__array__") or hasattr(x, "__dlpack__"):
        return True
    return isinstance(x, (memoryview, bytes, Mapping)) or dataclasses.is_dataclass(x) or not isinstance(x, Iterable)
