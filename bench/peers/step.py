"""Model step alone in PyTorch, eager or compiled, channels_last: forward, InfoNCE, backward, SGD. Prints JSON.

    python bench/peers/step.py --network small --precision bfloat16 --seconds 10 [--compile]
"""

import argparse
import json
import resource
import time

import torch
import torchvision

from model import encoder, info_nce, training_step


def resnet(name, stem):
    net = getattr(torchvision.models, name)(zero_init_residual=True)
    if stem == "cifar":
        net.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        net.maxpool = torch.nn.Identity()
    net.fc = torch.nn.Identity()
    return net


NETWORKS = {  # network, side of the images, batch: as in bench/step_bench.cpp
    "small": (lambda: encoder((2, 2, 2, 2), 16, "small")[0], 32, 256),
    "resnet18": (lambda: resnet("resnet18", "cifar"), 32, 64),
    "resnet50": (lambda: resnet("resnet50", "imagenet"), 224, 16),
}

parser = argparse.ArgumentParser()
parser.add_argument("--network", choices=NETWORKS, default="small")
parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--compile", action="store_true", help="torch.compile of the network and of the loss")
args = parser.parse_args()


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


torch.manual_seed(0)
before = peak_mib()
make, side, batch = NETWORKS[args.network]
net = make().to(memory_format=torch.channels_last).train()
images = torch.randn(2 * batch, 3, side, side).to(memory_format=torch.channels_last)
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
rate = steps * batch / (time.perf_counter() - begin)
print(json.dumps({"peer": "torch.compile" if args.compile else "eager", "torch": torch.__version__, "network": args.network,
                  "precision": args.precision, "threads": torch.get_num_threads(), "images_per_second": round(rate, 1),
                  "peak_mib": round(peak_mib() - before)}))
