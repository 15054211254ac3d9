"""InfoNCE in plain PyTorch, forward and backward: the whole matrix, and in chunks that are computed again. Prints JSON.

    python bench/peers/loss.py --rows 4096 --width 128 --device cuda --seconds 2
"""

import argparse
import json

import torch

from model import chunked_info_nce, info_nce
from timing import times_per_second

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=4096)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--device", default="cpu")
parser.add_argument("--seconds", type=float, default=2)
args = parser.parse_args()

torch.manual_seed(0)
a = torch.randn(args.rows, args.width)
a, b = (t.to(args.device).requires_grad_() for t in (a, a + torch.randn_like(a)))


for who, loss in (("PyTorch plain", info_nce), ("PyTorch chunked", chunked_info_nce)):
    def step():
        a.grad = b.grad = None
        loss(a, b, 0.1).backward()

    print(json.dumps({"what": "loss", "who": who, "rows": args.rows, "width": args.width,
                      "times_per_second": times_per_second(step, args.seconds, args.device, first=3)}), flush=True)
