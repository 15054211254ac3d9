"""Singular values of a checkpoint's matrices by PyTorch, compared with those in directclr's weights.json, and how long
they take: svdvals in float32 and float64, and eigenvalues of the smaller Gram matrix in float64.

    weights.py CHECKPOINT WEIGHTS.json
"""

import json
import sys
import time

import torch

state = torch.load(sys.argv[1], weights_only=True)
ours = json.load(open(sys.argv[2]))["matrices"]
matrices = [state[m["name"]].flatten(1) for m in ours]


def gram(m):
    small = m.double() if m.shape[0] <= m.shape[1] else m.double().T
    return torch.linalg.eigvalsh(small @ small.T).clamp_min(0).sqrt().flip(0)


ways = {
    "svdvals float32": lambda m: torch.linalg.svdvals(m),
    "svdvals float64": lambda m: torch.linalg.svdvals(m.double()),
    "eigvalsh of Gram matrices": gram,
}
seconds = {}
for name, way in ways.items():
    began = time.perf_counter()
    values = [way(m) for m in matrices]
    seconds[name] = time.perf_counter() - began
    if name == "svdvals float64":
        for m, v in zip(ours, values):
            theirs = torch.tensor(m["singular_values"], dtype=torch.float64)
            worst = ((theirs - v).abs().max() / v[0]).item()
            assert worst < 1e-6, (m["name"], worst)
print("PyTorch " + ", ".join(f"{name} {s:.1f} s" for name, s in seconds.items()))
