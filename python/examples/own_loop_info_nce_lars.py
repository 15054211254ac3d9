"""An own training loop: a convolutional encoder, DirectCLR's sub-vector, InfoNCE in parts of the batch, and LARS."""

import torch
from torch import nn

import directclr.torch as dt

STEPS, IMAGES = 40, 128
torch.manual_seed(0)
encoder = nn.Sequential(
    nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.AdaptiveAvgPool2d(2), nn.Flatten())
model = nn.Sequential(encoder, dt.Projector("direct", dim=128, d0=32))
optimizer = dt.LARS(model.parameters(), lr=20.0, weight_decay=1e-6)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: dt.cosine_schedule(step, STEPS, warmup_steps=5))
watching = dt.watch(model, encoder, every=80, warmup=8 * STEPS)  # a step calls it 8 times: 4 parts of 2 views


def view(pictures: torch.Tensor) -> torch.Tensor:
    """Moved a little, with noise."""
    moved = torch.roll(pictures, tuple(torch.randint(-2, 3, (2,)).tolist()), (2, 3))
    return moved + 0.1 * torch.randn_like(moved)


first = None
for step in range(1, STEPS + 1):
    pictures = nn.functional.interpolate(torch.randn(IMAGES, 1, 4, 4), size=16, mode="bilinear")  # (N, 1, 16, 16)
    optimizer.zero_grad()
    loss = dt.cached_step(model, [view(pictures), view(pictures)], lambda a, b: dt.info_nce(a, b, tau=0.1), 32)
    optimizer.step()
    schedule.step()
    first = first if first is not None else loss.item()
    if step % 10 == 0:
        print(f"step {step}: loss {loss.item():.3f}, effective rank {watching.last['effective_rank']:.1f} of 128")
print(f"loss {first:.3f} -> {loss.item():.3f}")
