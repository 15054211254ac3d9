"""One iteration of the two-layer experiment in PyTorch: autograd, SGD, one thread, float64. Prints JSON.

    python bench/peers/theory.py --preset paper --seconds 10
"""

import argparse
import json
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

parser = argparse.ArgumentParser()
parser.add_argument("--preset", default="paper", choices=["paper", "toy-code"])
parser.add_argument("--seconds", type=float, default=10)
args = parser.parse_args()
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def eqn2(z, z_prime):
    """Mean of Eqn 2; squared distances through inner products, the fastest way found."""
    squares = (z * z).sum(1)
    logits = z @ z.T - (squares[:, None] + squares[None]) / 2
    positive = -((z - z_prime) ** 2).sum(1) / 2
    logits = logits.diagonal_scatter(positive)
    return torch.nn.functional.cross_entropy(logits, target[: len(z)])


def dot(z, z_prime):
    return torch.nn.functional.cross_entropy(z @ z_prime.T / 0.1, target[: len(z)])


target = torch.arange(128)
golden = load_file(Path(__file__).resolve().parents[2] / "tests" / "goldens" / "theory.safetensors")
layers = [golden["two/initial0"].clone().requires_grad_(), golden["two/initial1"].clone().requires_grad_()]
optimizer = torch.optim.SGD(layers, lr=0.1)
for _ in range(50):
    optimizer.zero_grad()
    eqn2(golden["two/x"].T @ layers[0].T @ layers[1].T, golden["two/x_prime"].T @ layers[0].T @ layers[1].T).backward()
    optimizer.step()
difference = (layers[0] - golden["two/final0"]).abs().max().item()
assert difference < 1e-10, f"the golden descent is not reproduced: {difference}"

points = torch.randn(10000, 16)
scales = torch.exp(-0.35 * torch.arange(16.0))
layers = [(torch.linalg.qr(torch.randn(16, 16))[0] * scales @ torch.linalg.qr(torch.randn(16, 16))[0]).requires_grad_()
          for _ in range(2)]
optimizer = torch.optim.SGD(layers, lr=0.1 if args.preset == "paper" else 0.003)
deviation = 0.1**0.5


def step():
    x = points[torch.randint(10000, (128,))]
    x_prime = x.clone()
    x_prime[:, 8:] += deviation * torch.randn(128, 8)
    if args.preset == "toy-code":
        x[:, 8:] += deviation * torch.randn(128, 8)
    optimizer.zero_grad()
    z, z_prime = x @ layers[0].T @ layers[1].T, x_prime @ layers[0].T @ layers[1].T
    (eqn2 if args.preset == "paper" else dot)(z, z_prime).backward()
    optimizer.step()


for _ in range(100):
    step()
begin = time.perf_counter()
steps = 0
while time.perf_counter() - begin < args.seconds:
    step()
    steps += 1
print(json.dumps({"peer": "pytorch autograd", "torch": torch.__version__, "preset": args.preset,
                  "microseconds": round(1e6 * (time.perf_counter() - begin) / steps, 1)}))
