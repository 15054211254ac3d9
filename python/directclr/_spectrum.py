"""Spectra of representations: one pass over rows (N, D)."""

from __future__ import annotations

import copy
import html
import itertools
import json
import math
import os
from collections.abc import Iterator, KeysView
from dataclasses import dataclass
from typing import Any

import numpy as np

from directclr import _core
from directclr._arguments import flag, path_of, whole
from directclr._rows import Rows, blocks_of, is_array


@dataclass
class _Kept:
    """What a pickled Spectrum holds of its _core.Result."""

    values: np.ndarray
    samples: int
    verdict: str
    verdict_text: str
    dead: int
    json: str
    texts: tuple[str, str]

    @classmethod
    def of(cls, result: Any) -> _Kept:
        return cls(np.array(result.values), result.samples, result.verdict, result.verdict_text, result.dead, result.json,
                   (result.text(False), result.text(True)))

    def text(self, explain: bool = False) -> str:
        """As _core.Result's."""
        return self.texts[explain]


class Spectrum:
    """What rows (N, D) are worth: eigenvalues of their covariance, measures of collapse, a verdict.

    Measures have the names of the program's result files: ``s["effective-rank"]``, ``s["rankme"]``; ``s.measures``
    is all of them, which ``in``, ``list`` and ``dict`` take as well. A measure that has no value is None.
    """

    def __init__(self, result: _core.Result) -> None:
        self._result = result
        self._object: dict[str, Any] = json.loads(result.json)

    @property
    def values(self) -> np.ndarray:
        """Eigenvalues of the covariance, largest first: (D,) float64."""
        values: Any = self._result.values
        return values

    @property
    def samples(self) -> int:
        """Rows that were measured."""
        return self._result.samples

    @property
    def verdict(self) -> str:
        """"healthy", "dimensional collapse", "almost one direction", "complete collapse", "too few rows to tell" or "too coarse to tell"."""
        return self._result.verdict

    @property
    def verdict_text(self) -> str:
        """The verdict in a sentence or two."""
        return self._result.verdict_text

    @property
    def dead(self) -> int:
        """Directions whose eigenvalue is below ``dead_below`` (1/10,000) of the largest."""
        return self._result.dead

    @property
    def measures(self) -> dict[str, Any]:
        """Every measure by its name in result files (docs/formats.md), those of the setting `views` with them."""
        found = {key: self._object[key] for key in _core.measures() if key in self._object}
        return copy.deepcopy({**found, **self._object.get("geometry", {})})

    def __getitem__(self, measure: str) -> Any:
        measures = self.measures
        if measure not in measures:
            raise KeyError(f"{measure}: one of {', '.join(measures)}")
        return measures[measure]

    def __contains__(self, measure: object) -> bool:
        return measure in self.measures

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)

    def keys(self) -> KeysView[str]:
        """The measures' names."""
        return self.measures.keys()

    def __reduce__(self) -> Any:
        return Spectrum, (_Kept.of(self._result),)

    def to_dict(self) -> dict[str, Any]:
        """The result file's object: plain numbers, lists and texts (docs/formats.md, "Spectrum")."""
        return json.loads(self._result.json)

    def explain(self) -> str:
        """Every measure with its definition, its source and when it misleads."""
        return self._result.text(explain=True)

    def __str__(self) -> str:
        return f"{self.verdict_text}\n{self._result.text()}"

    def __repr__(self) -> str:
        rank = self._object.get("effective-rank")
        text = "-" if rank is None else f"{rank:.1f}"
        return f"<Spectrum: {self.verdict}, effective rank {text} of {len(self.values)}, {self.samples} rows>"

    def _points(self) -> list[tuple[int, float]]:
        """(rank from 1, log10 of the eigenvalue as a share of the largest), what is above float noise."""
        largest = float(self.values[0]) if len(self.values) else 0.0
        if largest <= 0:
            return []
        return [(i + 1, math.log10(v / largest)) for i, v in enumerate(self.values) if v > largest * 1e-16]

    def _repr_html_(self) -> str:
        points = self._points()
        picture = ""
        if points:
            low = min(-1.0, math.floor(min(y for _, y in points)))
            count = max(2, len(self.values))
            line = " ".join(f"{40 + 320 * (x - 1) / (count - 1):.1f},{10 + 140 * y / low:.1f}" for x, y in points)
            ticks = "".join(
                f'<text x="36" y="{14 + 140 * y / low:.0f}" font-size="11" text-anchor="end">1e{y}</text>'
                for y in range(0, int(low) - 1, min(-1, int(low) // 4))
            )
            picture = (
                '<svg viewBox="0 0 370 175" width="370" role="img" aria-label="eigenvalues by rank">'
                f'{ticks}<polyline fill="none" stroke="#0072b2" stroke-width="2" points="{line}"/>'
                f'<text x="200" y="170" font-size="11" text-anchor="middle">rank, 1 to {len(self.values)}</text></svg>'
            )
        body = html.escape(self._result.text())
        return f"<p><b>{html.escape(self.verdict_text)}</b></p>{picture}<pre>{body}</pre>"

    def plot(self, ax: Any = None, **style: Any) -> Any:
        """Draws the eigenvalues by rank on a logarithmic axis (matplotlib); returns the axes."""
        if ax is None:
            try:
                import matplotlib.pyplot as plt
            except ImportError:
                raise ImportError("Spectrum.plot needs the package matplotlib: pip install matplotlib") from None

            ax = plt.gca()
        largest = float(self.values[0]) if len(self.values) else 0.0
        above = self.values[self.values > largest * 1e-16]
        ax.semilogy(np.arange(1, len(above) + 1), above, **style)
        ax.set_xlabel("rank")
        ax.set_ylabel("eigenvalue of the covariance")
        return ax


def spectrum(x: Rows, **settings: Any) -> Spectrum:
    """Measures rows (N, D) in one pass, in the memory of one block and of D x D numbers.

    `x`: an array of NumPy, a torch tensor (any device: moved in blocks), JAX, a DataFrame of numbers; a path of a file that the program reads
    (.npy, .npz, .csv, .safetensors, .pt, ...); or an iterable of blocks (n, D). float16, bfloat16, float32, float64.
    Raises InputError (a ValueError) for what is no such matrix or an unknown setting, NumericalError for values that are
    not finite.
    """
    if isinstance(x, (str, os.PathLike)):
        path = path_of("rows", x)
        if not path:
            raise _core.InputError("rows: the path is empty")
        return Spectrum(_core.measure_path(path, settings))
    blocks = blocks_of(x)
    first = next(blocks, None)
    if first is None:
        raise _core.InputError("rows: there are none")
    # How many rows come is not known of an iterable: whether they fill the groups is then looked at in the end.
    rows = int(getattr(x, "shape")[0]) if is_array(x) else (1 << 40)
    analyser = _core.Analyser(rows, int(first[0].shape[1]), settings)
    for block, roundoff in itertools.chain([first], blocks):
        analyser.add(block, roundoff)
    return Spectrum(analyser.finish("rows"))


spectrum.__doc__ = f"{spectrum.__doc__}\n    Settings, for a path those of the program besides:\n\n" + "".join(
    f"    {line}\n" for line in _core.settings_help().splitlines()
)


def effective_rank(x: Rows, **settings: Any) -> float:
    """exp of the entropy of the covariance's eigenvalues (Roy & Vetterli 2007, of eigenvalues): 1 .. D."""
    return spectrum(x, **settings)["effective-rank"]


def rankme(x: Rows, **settings: Any) -> float:
    """RankMe (Garrido et al. 2023): effective rank from singular values of the rows as they are, not centred."""
    return spectrum(x, **settings)["rankme"]


def alpha(x: Rows, **settings: Any) -> float | None:
    """Exponent of the power law of the eigenvalues over ranks 11 to 100 (alpha-ReQ); None where it cannot be fitted."""
    return spectrum(x, **settings)["alpha"]


_SUMS = ("mean", "scatter", "unit_sum", "unit_squares")


class Moments:
    """Sums of rows (n, D) that arrive in blocks, are merged, kept and restored: O(D^2) float64 whatever the rows.

    Raises InputError for rows of another width than `dim`, NumericalError for rows that are not finite unless `skip_nonfinite`; `l2_normalize` divides each row by its
    length first.
    """

    def __init__(self, dim: int, *, l2_normalize: bool = False, skip_nonfinite: bool = False) -> None:
        dim = whole("dim", dim, 1)
        self._how = (dim, flag("l2_normalize", l2_normalize), flag("skip_nonfinite", skip_nonfinite))
        self._sums = _core.FeatureMoments(*self._how)

    def partial_fit(self, x: Rows) -> Moments:
        """Adds rows (n, D), floating; n = 0 is allowed."""
        for block, roundoff in blocks_of(x, self._how[0]):
            self._sums.add(block, roundoff)
        return self

    def merge(self, other: Moments) -> Moments:
        """Adds the rows that another of the same width and settings has seen."""
        if self._how != other._how:
            raise ValueError(f"Moments{other._how} cannot be merged into Moments{self._how}")
        self._sums.merge(other._sums)
        return self

    @property
    def count(self) -> int:
        """Rows so far."""
        return self._sums.count

    def state(self) -> dict[str, Any]:
        """What is known, as arrays and numbers: to keep, or to send to another process."""
        return {**self._sums.state(), "l2_normalize": self._how[1]}

    def restore(self, state: dict[str, Any]) -> Moments:
        """Goes on from what `state` gave, also where its arrays have become lists (JSON).

        Raises InputError for a state of another width or `l2_normalize`, and for what is no state.
        """
        try:
            sums: dict[str, Any] = {name: np.asarray(state[name], np.float64) for name in _SUMS}
            counts = {name: whole(f"state: {name}", state[name]) for name in ("count", "skipped")}
            normalized = state.get("l2_normalize", self._how[1])  # of earlier versions: not known
        except (KeyError, TypeError, AttributeError) as error:
            raise _core.InputError(f"state: expected what state() gives: {error!r}") from None
        except ValueError as error:
            if isinstance(error, _core.InputError):
                raise
            raise _core.InputError(f"state: expected what state() gives: {error}") from None
        if normalized != self._how[1]:
            raise _core.InputError(f"state: is of l2_normalize={normalized!r}, these Moments have {self._how[1]!r}")
        if not all(np.isfinite(values).all() for values in sums.values()):
            raise _core.InputError("state: holds values that are not finite")
        self._sums.restore({**state, **sums, **counts})
        return self

    def summary(self, **verdict: float) -> Spectrum:
        """The spectrum of the rows so far (at least two), judged by `dead_below`, `collapsed_share`, ..."""
        return Spectrum(self._sums.summary(verdict))

    def __getstate__(self) -> dict[str, Any]:
        return {"how": self._how, "state": self.state()}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        dim, l2_normalize, skip_nonfinite = kept["how"]
        self.__init__(dim, l2_normalize=l2_normalize, skip_nonfinite=skip_nonfinite)  # type: ignore[misc]
        self.restore(kept["state"])


