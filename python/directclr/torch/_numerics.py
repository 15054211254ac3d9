"""Numbers that do not depend on autocast or on what a device lacks, and what stays out of compiled graphs."""

from __future__ import annotations

import contextlib
import inspect
from typing import Any, Callable, ContextManager

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


def scatter(z: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """The products of the columns of z - mean, summed over rows: z (n, D), mean (D) -> (D, D) of mean's type.

    They are made in z's type, at a power of two at which no finite row's square overflows or vanishes. NaN stands in the
    diagonal of a column with a value that is not finite."""
    if len(z) == 0:
        return mean.new_zeros(len(mean), len(mean))
    largest = z.abs().amax()
    scale = torch.where((largest > 0) & largest.isfinite(), largest.log2().floor().exp2(), torch.ones_like(largest))
    centred = z / scale - (mean / scale).to(z.dtype)
    return (centred.t() @ centred).to(mean.dtype) * scale.to(mean.dtype).square()


def outside_graphs(reason: str) -> Callable[[Callable], Callable]:
    """For a function that torch.compile runs as plain Python; torch._dynamo.explain tells the reason where PyTorch takes one."""
    if not hasattr(torch, "compiler"):
        from torch._dynamo import disable  # where torch 2.0 has it

        return disable
    told: Any = {"reason": reason} if "reason" in inspect.signature(torch.compiler.disable).parameters else {}
    return lambda function: torch.compiler.disable(function, **told)


def product_with_transposed(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a b^T of float32 matrices on the processor, contiguous. oneDNN's: the wheel's BLAS runs at half its speed on AMD
    processors."""
    if _ONEDNN is None:
        return a @ b.t()
    return _ONEDNN(a, b, None, "none", [], "").contiguous()


def _onednn_product() -> Any:
    try:
        product = torch.ops.mkldnn._linear_pointwise
        product(torch.ones(2, 3), torch.ones(2, 3), None, "none", [], "")
    except (AttributeError, RuntimeError):  # built without it
        return None
    return product


_ONEDNN = _onednn_product()
