"""Too strong an augmentation kills the directions that it disturbs (docs/math.md, "When X turns negative"): 8 x 8
pictures, whose right half gets noise in one view. python watch_training.py 3 collapses, python watch_training.py 0 not.
"""

import sys

import torch
from torch import nn

import directclr.torch as dt

noise = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
torch.manual_seed(0)
encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 64, bias=False))
optimizer = torch.optim.SGD(encoder.parameters(), lr=0.5, momentum=0.9)
watching = dt.watch(encoder, "1", every=20, warmup=20, on_warning=lambda line: print("warning:", line))
right_half = (torch.arange(8) >= 4).float()

for step in range(1, 201):
    pictures = torch.randn(256, 1, 8, 8)
    augmented = pictures + noise * right_half * torch.randn_like(pictures)
    z_a, z_b = encoder(torch.cat([pictures, augmented])).chunk(2)
    loss = dt.info_nce(z_a, z_b, tau=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        seen = watching.last
        print(f"step {step}: loss {loss.item():.3f}, effective rank {seen['effective_rank']:.1f} of 64, "
              f"{seen['dead_directions']} dead: {seen['verdict']}")
