"""The watch as a callback of transformers' Trainer."""

from __future__ import annotations

from typing import Any, Optional

from ..watch import Watch, watch
from ._logged import logged
from ._missing import missing

try:
    from transformers import TrainerCallback
except ImportError as error:
    TrainerCallback = missing("transformers", error)  # type: ignore[assignment, misc]


class TrainerWatch(TrainerCallback):
    """Watches a layer of the model while the Trainer trains it.

    layer and settings: those of directclr.torch.watch, which also says what a step is; pool="cls" or a function for
    padded tokens. Every reading goes into the Trainer's state.log_history as
    collapse/LAYER/effective_rank, .../dead_directions and .../mean_cosine (without a layer collapse/effective_rank, ...),
    None where a measure has no value. Under a floor (stop_under) the training stops as the Trainer does
    by itself; `stopped` then holds the line that says why. A resumed training is watched anew. `watch`: the Watch, None
    before the first training.
    """

    def __init__(self, layer: Optional[str] = None, **settings: Any) -> None:
        self.watch: Optional[Watch] = None
        self.stopped = ""
        self._layer, self._settings = layer, settings
        self._logged = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        self.stopped, self._logged = "", 0
        self.watch = watch(model, self._layer, **{"on_stop": self._stop, **self._settings})

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        assert self.watch is not None
        for reading in self.watch.history[self._logged :]:
            state.log_history.append({"step": state.global_step, "epoch": state.epoch,
                                      **logged(self._layer, reading)})
        self._logged = len(self.watch.history)
        if self.stopped:
            control.should_training_stop = True

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        assert self.watch is not None
        self.watch.close()

    def _stop(self, line: str) -> None:
        self.stopped = line
