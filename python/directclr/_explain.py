"""Why the directions of a user's encoder grow or die."""

from __future__ import annotations

import contextlib
import html
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from directclr import _core
from directclr._arguments import flag, path_of, seed_of, text, whole
from directclr._loader import MOST_WORKERS, Source, source_of
from directclr._rows import ArrayLike, as_array, check_matrix, on_cpu


class Explanation:
    """Whether augmentation stronger than the data kills directions of a representation, and what speaks for it.

    `to_dict()` has every number, as explain.json of the program (docs/formats.md): "x" (the matrix X of Lemma 2 on
    the features: "eigenvalues", "held_out" and its "standard_error", "negative_for_certain"), "x_eqn2", "growth",
    "attribution", "examples".
    """

    def __init__(self, text: str, lines: list[str]) -> None:
        self._text, self._lines = text, lines
        self._object: dict[str, Any] = json.loads(text)

    @property
    def finding(self) -> str:
        """What it amounts to, in a sentence."""
        return self._object["conclusion"]["finding"]

    @property
    def confidence(self) -> str:
        """"high", "moderate", "low"; "none": too few images for a finding."""
        return self._object["conclusion"]["confidence"]

    @property
    def attribution(self) -> dict[str, tuple[float, float]]:
        """Of each part of the augmentation, ("as trained", "crop alone", "without crop", ...), how much it spreads the
        views over what the data spread: in all directions, and within the weakest. Above 1 it kills them."""
        return {a["name"]: (a["share"], a["weak_share"]) for a in self._object["attribution"]}

    def to_dict(self) -> dict[str, Any]:
        """All of it: plain numbers, lists and texts."""
        return json.loads(self._text)

    def __str__(self) -> str:
        shares = [f"  {name:<22} augmentation / data {share:.3f}, in the weakest directions {weak:.3f}"
                  for name, (share, weak) in self.attribution.items()]
        return "\n".join([*self._lines, *shares])

    def __repr__(self) -> str:
        return f"<Explanation (confidence {self.confidence}): {self.finding}>"

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.finding)}</b></p><pre>{html.escape(str(self))}</pre>"


def explain(
    forward: Callable[[Any], ArrayLike],
    data: str | Source,
    *,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    block: int = 64,
    device: Any = None,
    dtype: str = "float32",
    framework: str | None = None,
    seed: int = 0,
    workers: int = 2,
    split: str | None = None,
    skip_bad: bool = False,
    preset: str = "",
    out: str | os.PathLike[str] = "",
    augment: dict[str, Any] | None = None,
    **settings: Any,
) -> Explanation:
    """Measures the paper's first cause of collapse on any encoder: augmentation stronger than the data (Lemma 2, 4).

    `forward` gives the features (n, D), floating, of images (n, 3, S, S): a torch tensor, channels last, on `device`
    (a NumPy array without torch, or with ``framework="numpy"``), normalised float32, or the bytes with
    ``dtype="uint8"``. It is called without gradients, with at most `block` images at a time, which are the loader's
    memory and valid during the call alone; put the encoder in evaluation mode first. Any architecture will do: give a
    ViT's class token, the pooled map of a CNN. `data`: the images it was trained on, as for Loader; two views of each
    are made by the augmentation of `preset` and `augment` (settings of TwoView), which should be that of the training.

    `weight` (P, D) and `bias` (P): the last linear map between these features and the loss, where there is one; without
    it the loss saw the features themselves. `out`: a folder for the program's page (needs gnuplot).

    The program's `directclr explain` does the same for its own runs. Alignment of layers, which needs the network's
    matrices, is measured there alone. Raises InputError for what does not fit, NumericalError for features that are
    not finite.
    """
    if dtype not in ("float32", "uint8"):
        raise ValueError(f"dtype {dtype!r}: float32 or uint8")
    if framework not in (None, "torch", "numpy"):
        raise ValueError(f"framework {framework!r}: torch or numpy")
    block = whole("block", block, 1)
    source = source_of(data, split, skip_bad)
    if not isinstance(augment, (dict, type(None))):
        raise _core.InputError(f"augment: expected a dict, got {augment!r}")
    torch: Any = None if framework == "numpy" else sys.modules.get("torch")
    if framework == "torch" and torch is None:
        torch = importlib.import_module("torch")

    def encode(pixels: np.ndarray) -> np.ndarray:
        """Of (2, n, S, S, 3) the features (2 n, D)."""
        images = pixels.reshape(-1, *pixels.shape[2:]).transpose(0, 3, 1, 2)
        rows = []
        with torch.no_grad() if torch is not None else contextlib.nullcontext():
            for first in range(0, len(images), block):
                part: Any = images[first : first + block]
                if torch is not None:
                    part = torch.from_numpy(pixels.reshape(-1, *pixels.shape[2:])[first : first + block])
                    part = part.permute(0, 3, 1, 2).to(device=device)
                found = on_cpu(check_matrix(forward(part), "features"))
                if found.shape[0] != len(part):
                    raise _core.InputError(f"features: {found.shape[0]} rows for {len(part)} images")
                rows.append(_wide(found))
        return np.concatenate(rows)

    matrices = [None if x is None else on_cpu(as_array(x, name)) for name, x in (("weight", weight), ("bias", bias))]
    options = {"seed": seed_of(seed), "workers": whole("workers", workers, 1, MOST_WORKERS), "skip_bad": flag("skip_bad", skip_bad),
               "preset": text("preset", preset), "out": path_of("out", out), "bytes": dtype == "uint8"}
    return Explanation(*_core.explain(source._source, encode, settings, augment or {}, options, *matrices))


def _wide(rows: Any) -> np.ndarray:
    """float64 of NumPy."""
    return rows.double().numpy() if hasattr(rows, "double") else np.asarray(rows, dtype=np.float64)


explain.__doc__ = f"{explain.__doc__}\n    Settings:\n\n" + "".join(
    f"    {line}\n" for line in _core.explain_help().splitlines()
)
