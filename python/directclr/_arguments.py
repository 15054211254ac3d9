"""Arguments that must be whole numbers."""

from __future__ import annotations

import operator
from typing import Any

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
