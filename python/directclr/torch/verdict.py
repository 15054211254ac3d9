"""Measures of a covariance's eigenvalues, floors under them and the verdict, by the rules of the C++ library
(docs/math.md, "Measures of collapse"; directclr/spectrum/verdict.h)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Dict, List

import torch

from ._names import unknown

DEAD_BELOW = 1e-4  # of the largest eigenvalue
COLLAPSED_SHARE = 0.05  # of the directions dead: dimensional collapse
ONE_DIRECTION_BELOW = 0.05  # spread of the rows' directions about their mean: almost one direction
ROWS_PER_DIMENSION = 2  # with fewer only those directions count as dead that more rows could not bring to life

HEALTHY = "healthy"
ONE_DIRECTION = "almost one direction"
DIMENSIONAL_COLLAPSE = "dimensional collapse"
COMPLETE_COLLAPSE = "complete collapse"
TOO_FEW_ROWS = "too few rows to tell"
_SEVERITY = {HEALTHY: 0, TOO_FEW_ROWS: 0, ONE_DIRECTION: 1, DIMENSIONAL_COLLAPSE: 2, COMPLETE_COLLAPSE: 3}


def _effective_rank(values: torch.Tensor) -> float:
    p = values[values > 0] / values.sum()
    return math.exp(-float((p * p.log()).sum())) if len(p) else 0.0


def _components_90(values: torch.Tensor) -> int:
    if not values[0] > 0:
        return 0
    return int((values.cumsum(0) < 0.9 * float(values.sum()) * (1 - 1e-12)).sum()) + 1


def _dead(values: torch.Tensor) -> int:
    return int((values < DEAD_BELOW * values[0]).sum()) if values[0] > 0 else len(values)


def _ratio(values: torch.Tensor, of: Callable[[torch.Tensor], torch.Tensor]) -> float:
    return float(of(values / values[0])) if values[0] > 0 else 0.0


# From eigenvalues (D) float64, descending. More is healthier, and may have a floor, but for dead directions.
MEASURES: Dict[str, Callable[[torch.Tensor], float]] = {
    "effective_rank": _effective_rank,
    "effective_rank_sigma": lambda values: _effective_rank(values.sqrt()),
    "participation_ratio": lambda values: _ratio(values, lambda v: v.sum() ** 2 / v.square().sum()),
    "stable_rank": lambda values: _ratio(values, torch.sum),
    "components_90": _components_90,
    "dead_directions": _dead,
}


def measures_of(eigenvalues: torch.Tensor) -> Dict[str, float]:
    """All of MEASURES. eigenvalues (D >= 1) float64, descending, none below 0."""
    return {name: measure(eigenvalues) for name, measure in MEASURES.items()}


@dataclass(frozen=True)
class Floor:
    """A measure's least value, or with `of_dimensions` its least share of D."""

    measure: str
    value: float
    of_dimensions: bool


def parse_floors(text: str) -> List[Floor]:
    """Floors with commas between: "rank=0.1D", "effective-rank=50,stable-rank=2". "rank" is effective-rank. ValueError
    for a malformed one or a measure without floors."""
    names = ["rank"] + [name.replace("_", "-") for name in MEASURES if name != "dead_directions"]
    floors = []
    for piece in text.split(","):
        name, _, number = piece.strip().partition("=")
        if name not in names:
            raise ValueError(unknown("stop_under", name, names))
        of_dimensions = number.endswith("D")
        try:
            value = float(number[:-1] if of_dimensions else number)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(f"stop_under: '{piece}' gives no number; write rank=50 or rank=0.1D")
        measure = "effective_rank" if name == "rank" else name.replace("-", "_")
        floors.append(Floor(measure, value, of_dimensions))
    return floors


def under_floors(measures: Dict[str, float], dimensions: int, floors: List[Floor]) -> List[str]:
    """One line for each floor that the measures are under."""
    lines = []
    for floor in floors:
        least = floor.value * (dimensions if floor.of_dimensions else 1)
        if not measures[floor.measure] >= least:
            lines.append(f"{floor.measure.replace('_', '-')} is {measures[floor.measure]:.4g}, under {least:.4g}")
    return lines


@dataclass(frozen=True)
class Verdict:
    """What measures amount to: `name`, one of the five above, and a sentence."""

    name: str
    text: str

    def worse_than(self, other: str) -> bool:
        """Whether this is worse than `other`, a verdict's name."""
        return _SEVERITY[self.name] > _SEVERITY[other]


def live_directions_at_most(eigenvalues: torch.Tensor, rows: float) -> int:
    """About how many directions could be alive, however many rows were added (docs/math.md, "Dimensional collapse"):
    1 .. D; 0 when nothing varies. eigenvalues as measures_of; rows >= 2: what they rest on."""
    d, largest = len(eigenvalues), float(eigenvalues[0])
    if not largest > 0:
        return 0
    stable_rank = float(eigenvalues.sum()) / largest
    threshold = DEAD_BELOW * largest / (1 + math.sqrt(stable_rank / rows)) ** 2
    least, rest = float(d), float(eigenvalues.sum())
    for m, value in enumerate(eigenvalues.tolist()):
        if m >= rows - 1:
            break
        least = min(least, m + max(rest, 0.0) / (1 - m / (rows - 1)) / threshold)
        rest = rest - value if value > 0 else 0.0
    return min(max(int(least), 1), d)


def verdict(eigenvalues: torch.Tensor, mean_cosine: float, rows: float) -> Verdict:
    """eigenvalues (D) as measures_of; mean_cosine: length of the mean of r / |r| (not a number: unknown); rows: what
    the covariance rests on."""
    if not eigenvalues[0] > 0:
        return Verdict(COMPLETE_COLLAPSE, "all rows are the same")
    seen = _of_dead_directions(eigenvalues, int(rows))
    spread = math.sqrt(max(0.0, (1 - mean_cosine) * (1 + mean_cosine))) if mean_cosine == mean_cosine else math.nan
    if spread < ONE_DIRECTION_BELOW:
        text = (f"; the rows point almost the same way: their directions lie {spread:.2g} from their mean (below "
                f"{ONE_DIRECTION_BELOW:g}), which is large beside what varies about it. A loss of cosines hardly tells "
                "them apart")
        seen = Verdict(ONE_DIRECTION if seen.name == HEALTHY else seen.name, seen.text + text)
    return seen


def _of_dead_directions(eigenvalues: torch.Tensor, n: int) -> Verdict:
    d, enough = len(eigenvalues), ROWS_PER_DIMENSION * len(eigenvalues)
    few = n < enough
    dead = d - live_directions_at_most(eigenvalues, n) if few and n >= 2 else 0 if few else _dead(eigenvalues)
    if dead > 0 and dead >= COLLAPSED_SHARE * d:
        if few:
            return Verdict(DIMENSIONAL_COLLAPSE, f"{n} rows are few for {d} dimensions, but at most about {d - dead} "
                           f"directions would have {DEAD_BELOW:g} of the largest variance or more, however many rows "
                           f"were added: at least {dead} are dead")
        return Verdict(DIMENSIONAL_COLLAPSE, f"{dead} of {d} directions, those from rank {d - dead + 1} on, have less "
                       f"than {DEAD_BELOW:g} of the largest variance")
    if few:
        return Verdict(TOO_FEW_ROWS, f"{n} rows of {d} dimensions: take at least {enough} to count dead directions, "
                       "since fewer leave small eigenvalues by chance alone; the effective rank of more rows may be "
                       "above this one")
    return Verdict(HEALTHY, f"{dead} of {d} directions have less than {DEAD_BELOW:g} of the largest variance, under "
                   f"{COLLAPSED_SHARE:g} of all")
