"""What callbacks log of a reading."""

from __future__ import annotations

from typing import Any, Dict, Optional

_MEASURES = ("effective_rank", "dead_directions", "mean_cosine")


def logged(layer: Optional[str], reading: Dict[str, Any]) -> Dict[str, Any]:
    """collapse/effective_rank, ..., of a layer that was named collapse/LAYER/effective_rank; None for no value."""
    of_layer = f"{layer}/" if layer else ""
    return {f"collapse/{of_layer}{name}": reading[name] for name in _MEASURES}
