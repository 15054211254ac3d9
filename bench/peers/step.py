"""Model step alone in PyTorch, eager or compiled, channels_last: forward, InfoNCE, backward, SGD. Prints JSON, a line a case.

    python bench/peers/step.py --precision bfloat16 --batch 256 --image 32 --stem small --seconds 10 [--compile]

--precision and --compile take lists: --precision float32,bfloat16 --compile no,reduce-overhead.
"""

import argparse
import json
import resource

import torch

from model import encoder_of, info_nce, training_step
from timing import times_per_second

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="bottleneck:2,2,2,2:16")
parser.add_argument("--precision", default="float32")
parser.add_argument("--batch", type=int, default=256)
parser.add_argument("--image", type=int, default=32)
parser.add_argument("--stem", default="small")
parser.add_argument("--device", default="cpu")
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--compile", nargs="?", default="no", const="default",
                    help="torch.compile of the network and of the loss: its modes, or no")
args = parser.parse_args()


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(precision, mode):
    torch.manual_seed(0)
    before = peak_mib()  # what follows is of this case where it is the first
    net, _ = encoder_of(args.arch, args.stem)
    net = net.to(args.device, memory_format=torch.channels_last).train()
    images = torch.randn(2 * args.batch, 3, args.image, args.image).to(args.device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, fused=True)
    loss = info_nce
    if mode != "no":
        torch._dynamo.reset()
        net, loss = torch.compile(net, mode=mode), torch.compile(info_nce, mode=mode)

    def step():
        training_step(net, optimizer, images, precision == "bfloat16", loss)

    rate = times_per_second(step, args.seconds, args.device, first=5)
    who = "eager" if mode == "no" else "torch.compile" if mode == "default" else f"torch.compile, {mode}"
    print(json.dumps({"what": "step", "who": "PyTorch " + who, "torch": torch.__version__, "arch": args.arch, "image": args.image,
                      "batch": args.batch, "precision": precision, "threads": torch.get_num_threads(),
                      "times_per_second": rate, "images_per_second": round(rate * args.batch, 1),
                      "peak_mib": round(peak_mib() - before)}), flush=True)


for mode in args.compile.split(","):
    for precision in args.precision.split(","):
        measure(precision, mode)
