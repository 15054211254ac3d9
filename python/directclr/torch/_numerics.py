"""Number types that do not depend on autocast or on what a device lacks."""

from __future__ import annotations

import contextlib
from typing import ContextManager

import torch


def full_precision(device: torch.device) -> ContextManager:
    """While it is open, autocast is off on this device: products are computed in the type of their tensors."""
    try:
        return torch.autocast(device.type, enabled=False)
    except RuntimeError:  # a device that has no autocast in this version of torch
        return contextlib.nullcontext()


def floating(x: torch.Tensor) -> torch.Tensor:
    """float64 stays float64; every other floating type becomes float32."""
    return x if x.dtype == torch.float64 else x.float()


def wide_type(device: torch.device) -> torch.dtype:
    """The type of sums: float64, but float32 on Apple's GPUs, which have no other."""
    return torch.float32 if device.type == "mps" else torch.float64
