"""The watch for collapse in other packages' training loops and metrics; each is imported when it is asked for.

SpectrumMeasure: a metric of torchmetrics. LightningWatch: a callback of lightning (or pytorch-lightning).
TrainerWatch: a callback of transformers' Trainer. Where the package is not installed, making one raises ImportError.
"""

import importlib
from typing import Any

_HOMES = {"SpectrumMeasure": "metrics", "LightningWatch": "lightning", "TrainerWatch": "huggingface"}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
