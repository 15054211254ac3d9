"""Finished and running trainings: their networks, settings and metrics."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from directclr import _core
from directclr._views import TwoView

if TYPE_CHECKING:
    from directclr.torch import Projector, ResNet


class Run:
    """A training by its directory (docs/formats.md, "Run directory"): what `load` and `train` give.

    Settings and metrics need nothing but NumPy and are there while it trains; `encoder` and `projector` need PyTorch and
    a run that is finished.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._directory = _core.RunDirectory(self.path)

    @property
    def id(self) -> str:
        """Of the start that made it: sixteen hexadecimal digits."""
        return self._directory.id

    @property
    def finished(self) -> bool:
        """Whether the training has ended and left its final weights."""
        return self._directory.finished

    @functools.cached_property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Every setting, resolved, by section: ``run.settings["train"]["epochs"]``. `train` takes them as they are."""
        return self._directory.settings

    @property
    def metrics(self) -> dict[str, np.ndarray]:
        """What was logged so far, (lines,) each: `step` and `epoch`, `loss`, `lr`, `rank_r`, `dead_r`, ...

        float64, NaN where a line has no such value; `step` int64. docs/formats.md names them.
        """
        log = self.path / "metrics.jsonl"
        text = log.read_text(errors="replace") if log.exists() else ""
        whole = text[: text.rfind("\n") + 1].splitlines()  # the last may be half written
        lines = [_object(line, f"{log}, line {number}") for number, line in enumerate(whole, 1)]
        lines = [line for line in lines if "step" in line]
        names = dict.fromkeys(name for line in lines for name in line if name != "run_id")
        found = {name: np.array([line.get(name) for line in lines], np.float64) for name in names}
        return {name: values.astype(np.int64) if name == "step" else values for name, values in found.items()}

    @functools.cached_property
    def encoder(self) -> ResNet:
        """The trained encoder, images (N, 3, S, S) as `views.evaluation` makes them -> r (N, D), in evaluation mode.

        Raises InputError for a run that is not finished, whose weights are not what it ended with, or whose encoder was
        the calling program's own.
        """
        from directclr.torch import ResNet

        settings = self.settings["encoder"]
        return self._loaded("encoder", ResNet(*_core.encoder_shape(settings["arch"]), settings["stem"],
                                              settings["encoder_end"]))

    @functools.cached_property
    def projector(self) -> Projector:
        """The trained projector, r (N, D) -> z (N, P), in evaluation mode. Raises InputError as `encoder`."""
        from directclr.torch import Projector

        settings = {**self.settings["projector"], "seed": self.settings["train"]["seed"]}
        kind = settings.pop("projector")
        bottleneck, _, width = _core.encoder_shape(self.settings["encoder"]["arch"])
        return self._loaded("projector", Projector(kind, width * (32 if bottleneck else 8), **settings))

    @functools.cached_property
    def views(self) -> TwoView:
        """Its augmentation; ``views.evaluation(image)`` is what its encoder is evaluated on."""
        settings = dict(self.settings["augment"])
        return TwoView(settings.pop("preset"), seed=self.settings["train"]["seed"], **settings)

    def _loaded(self, part: str, module: Any) -> Any:
        import torch

        if not self.finished:
            raise _core.InputError(f"{self.path}: the run is not finished (train(out=..., resume=True) goes on)")
        if part in self._json("environment.json").get("own_parts", []):
            raise _core.InputError(f"{self.path}: was trained with an own {part}, which its settings do not describe")
        path = self.path / f"{part}.safetensors"
        arrays, metadata = _core.read_safetensors(path)
        then = self._json("DONE").get("weights", {}).get(part)  # of earlier versions: not known
        if then is not None and then != metadata.get("crc32c", ""):
            raise _core.InputError(f"{path}: is not what the run ended with (the files of two runs lie here?)")
        try:
            module.load_state_dict({name: torch.from_numpy(values) for name, values in arrays.items()})
        except RuntimeError as error:
            raise _core.InputError(f"{path}: weights of another architecture: {error}") from None
        return module.eval()

    def _json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        return _object(path.read_text(errors="replace"), str(path)) if path.exists() else {}

    def __reduce__(self) -> Any:
        return Run, (self.path,)

    def __repr__(self) -> str:
        return f"<Run {str(self.path)!r}: {'finished' if self.finished else 'not finished'}>"


def _object(text: str, where: str) -> dict[str, Any]:
    """A JSON object. Raises InputError with `where` it stands."""
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise _core.InputError(f"{where}: is damaged: {error}") from None
    if not isinstance(read, dict):
        raise _core.InputError(f"{where}: is damaged: it is no object")
    return read


def load(run: str | os.PathLike[str]) -> Run:
    """The training in a directory. Raises InputError for what is none, or holds files of two."""
    return Run(run)
