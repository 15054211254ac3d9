"""The watch as a callback of lightning."""

from __future__ import annotations

import math
from typing import Any, Dict, Optional

from ..watch import Watch, watch
from ._logged import logged
from ._missing import missing

try:
    from lightning.pytorch import Callback
except ImportError as error:
    try:
        from pytorch_lightning import Callback  # type: ignore[no-redef, assignment]
    except ImportError:
        Callback = missing("lightning", error)  # type: ignore[assignment, misc]


class LightningWatch(Callback):
    """Watches a layer of the LightningModule while it is fitted.

    layer and settings: those of directclr.torch.watch, which also says what a step is. Every reading is logged as
    collapse/LAYER/effective_rank, .../dead_directions and .../mean_cosine (without a layer collapse/effective_rank, ...),
    NaN where a measure has no value. Several in one Trainer watch a layer each. Under a floor (stop_under) the trainer
    stops as it does by itself, after the batch and in all processes; `stopped` then holds the line that says why.
    The watch is in the trainer's checkpoints. `watch`: the Watch, None before the first fit.
    """

    def __init__(self, layer: Optional[str] = None, **settings: Any) -> None:
        super().__init__()
        self.watch: Optional[Watch] = None
        self.stopped = ""
        self._layer, self._settings = layer, settings
        self._loaded: Optional[Dict[str, Any]] = None
        self._logged = 0

    @property
    def state_key(self) -> str:
        """By which checkpoints hold its state: its layer's."""
        return f"LightningWatch{{'layer': {self._layer!r}}}"

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self.stopped = ""
        self.watch = watch(pl_module, self._layer, **{"on_stop": self._stop, **self._settings})
        if self._loaded is not None:
            self.watch.load_state_dict(self._loaded)
        self._logged = len(self.watch.history)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any, **__: Any) -> None:
        assert self.watch is not None
        if len(self.watch.history) > self._logged:
            self._logged = len(self.watch.history)
            measures = logged(self._layer, self.watch.last).items()
            pl_module.log_dict({name: math.nan if value is None else float(value) for name, value in measures})
        if self.stopped:
            trainer.should_stop = True

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if self.watch is not None:
            self.watch.close()

    def state_dict(self) -> Dict[str, Any]:
        return {"watch": self.watch.state_dict()} if self.watch is not None else {}

    def load_state_dict(self, state_dict: Dict[str, Any]) -> None:
        self._loaded = state_dict.get("watch")

    def _stop(self, line: str) -> None:
        self.stopped = line
