"""Arguments that the native part takes as they are: checked here, so that an error names them."""

from __future__ import annotations

import math
import operator
import os
from typing import Any

import numpy as np

from directclr._core import InputError


def whole(name: str, value: Any, least: int = 0, most: int = 2**63 - 1) -> int:
    """`value` as an int from `least` to `most`. Raises InputError, which names the argument."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{name}: expected a whole number, got {value!r}") from None
    if number < least:
        raise InputError(f"{name}: {number}; at least {least}")
    if number > most:
        raise InputError(f"{name}: {number}; at most {most}")
    return number


def seed_of(value: Any) -> int:
    return whole("seed", value, 0, 2**64 - 1)


def positive(name: str, value: Any) -> float:
    """`value` as a finite float above 0. Raises InputError."""
    try:
        number = float(value) if not isinstance(value, str) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise InputError(f"{name}: expected a finite number above 0, got {value!r}")
    return number


def flag(name: str, value: Any) -> bool:
    """`value` as a bool. Raises InputError for what is neither Python's nor NumPy's."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{name}: expected True or False, got {value!r}")
    return bool(value)


def text(name: str, value: Any) -> str:
    """`value`, a str. Raises InputError."""
    if not isinstance(value, str):
        raise InputError(f"{name}: expected a str, got {value!r}")
    return value


def path_of(name: str, value: Any) -> str:
    """A path as a str, also one of bytes. Raises InputError."""
    try:
        return os.fsdecode(value)
    except TypeError:
        raise InputError(f"{name}: expected a path, got {value!r}") from None
