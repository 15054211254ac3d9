"""What an error says of a name that is not known."""

from __future__ import annotations

import difflib
from typing import Iterable


def unknown(what: str, name: str, names: Iterable[str], most: int = 20) -> str:
    """One line with the nearest name, and all that are allowed unless there are more than `most`."""
    known = list(names)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hints = [f"did you mean '{near[0]}'?"] if near else []
    hints += [f"allowed: {' | '.join(known)}"] if len(known) <= most else []
    return "; ".join([f"{what}: '{name}' is not known", *([" ".join(hints)] if hints else [])])
