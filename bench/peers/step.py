"""Model step alone in PyTorch, eager or compiled, channels_last: forward, InfoNCE, backward, SGD. Prints JSON.

    python bench/peers/step.py --precision bfloat16 --batch 256 --image 32 --stem small --seconds 10 [--compile]
"""

import argparse
import json
import time

import torch

from model import encoder, info_nce, training_step

parser = argparse.ArgumentParser()
parser.add_argument("--precision", default="float32")
parser.add_argument("--batch", type=int, default=256)
parser.add_argument("--image", type=int, default=32)
parser.add_argument("--stem", default="small")
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--compile", action="store_true", help="torch.compile of the network and of the loss")
args = parser.parse_args()

torch.manual_seed(0)
net, width = encoder((2, 2, 2, 2), 16, args.stem)
net = net.to(memory_format=torch.channels_last).train()
images = torch.randn(2 * args.batch, 3, args.image, args.image).to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, fused=True)
loss = info_nce
if args.compile:
    net, loss = torch.compile(net), torch.compile(info_nce)


def step():
    training_step(net, optimizer, images, args.precision == "bfloat16", loss)


for _ in range(3):
    step()
begin = time.perf_counter()
steps = 0
while time.perf_counter() - begin < args.seconds:
    step()
    steps += 1
rate = steps * args.batch / (time.perf_counter() - begin)
print(json.dumps({"peer": "torch.compile" if args.compile else "eager", "torch": torch.__version__, "precision": args.precision, "threads": torch.get_num_threads(),
                  "images_per_second": round(rate, 1)}))
