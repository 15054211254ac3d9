"""The loader in an own training loop, stopped after a few steps and gone on with: python loader_own_loop.py DIR, a folder
with train/CLASS/*.png; without one a tiny set is made."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

import directclr
import directclr.torch as dt


def tiny_set(root: str) -> str:
    """Pictures of 24 x 24, smooth noise in two classes."""
    random = np.random.default_rng(0)
    for index in range(128):
        folder = Path(root) / "train" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        coarse.resize((24, 24)).save(folder / f"{index}.png")
    return root


with tempfile.TemporaryDirectory() as made:
    root = sys.argv[1] if len(sys.argv) > 1 else tiny_set(made)
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
                            nn.AdaptiveAvgPool2d(1), nn.Flatten()).to(memory_format=torch.channels_last)
    optimizer = dt.LARS(encoder.parameters(), lr=2.0)

    def train(loader: directclr.Loader, steps: int) -> None:
        """Some steps, over as many epochs as it takes."""
        while steps > 0:
            for batch in loader:
                loss = dt.info_nce(encoder(batch.views[0]), encoder(batch.views[1]), tau=0.2)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                print(f"epoch {loader.epoch}, images {batch.indices[:3].tolist()} ..., loss {loss.item():.3f}")
                steps -= 1
                if steps == 0:
                    break

    first = directclr.Loader(f"folder:{root}", batch_size=32, image_size=16, preset="cifar", seed=1)
    train(first, 6)
    second = directclr.Loader(f"folder:{root}", batch_size=32, image_size=16, preset="cifar", seed=1)
    second.load_state_dict(first.state_dict())
    print("goes on at", second.state_dict())
    train(second, 2)
