"""The learning rate over a training (docs/math.md, "Optimiser")."""

from __future__ import annotations

import math


def cosine_schedule(step: int, total_steps: int, warmup_steps: int = 0, peak: float = 1.0,
                    final_share: float = 0.001) -> float:
    """The rate of step 0 .. total_steps - 1: a straight rise from 0 to `peak` over the warm-up, then half a cosine down
    to final_share of it, where it stays. A pure function of the step. With peak = 1 it is the factor that
    torch.optim.lr_scheduler.LambdaLR takes. Raises ValueError unless 0 <= warmup_steps <= total_steps and step >= 0.
    """
    if not step >= 0:
        raise ValueError(f"cosine_schedule: expected step >= 0, got {step}")
    if not 0 <= warmup_steps <= total_steps:
        raise ValueError(f"cosine_schedule: expected 0 <= warmup_steps <= total_steps, got {warmup_steps} and "
                         f"{total_steps}")
    if step < warmup_steps:
        return peak * step / warmup_steps
    span = total_steps - warmup_steps
    q = 0.5 * (1 + math.cos(math.pi * (min(1, (step - warmup_steps) / span) if span > 0 else 1)))
    return peak * (q + final_share * (1 - q))
