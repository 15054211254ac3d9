"""InfoNCE in plain PyTorch, forward and backward: the whole matrix, and in chunks that are computed again. Prints JSON.

    python bench/peers/loss.py --rows 4096 --width 128 --device cuda --seconds 2
"""

import argparse
import json
import time

import torch

from model import chunked_info_nce, info_nce

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=4096)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--device", default="cpu")
parser.add_argument("--seconds", type=float, default=2)
args = parser.parse_args()

torch.manual_seed(0)
a = torch.randn(args.rows, args.width)
a, b = (t.to(args.device).requires_grad_() for t in (a, a + torch.randn_like(a)))


def wait():
    if args.device != "cpu":
        torch.cuda.synchronize()


for who, loss in (("PyTorch plain", info_nce), ("PyTorch chunked", chunked_info_nce)):
    def step():
        a.grad = b.grad = None
        loss(a, b, 0.1).backward()

    for _ in range(3):
        step()
    wait()
    begin = time.perf_counter()
    steps = 0
    while time.perf_counter() - begin < args.seconds or steps < 3:
        step()
        steps += 1
        if steps % 8 == 0:
            wait()
    wait()
    print(json.dumps({"what": "loss", "who": who, "rows": args.rows, "width": args.width,
                      "times_per_second": steps / (time.perf_counter() - begin)}), flush=True)
