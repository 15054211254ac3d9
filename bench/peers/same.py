"""Computes again what directclr_device_bench --check FILE wrote, in plain PyTorch, and fails where the results differ.

    python bench/peers/same.py FILE --device cuda

A step in double precision: the loss and the gradients of all weights, to 1e-8. Losses in float32: to 1e-5.
"""

import argparse
import sys

import torch
from safetensors import safe_open

from model import chunked_info_nce, encoder_of, info_nce

parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.add_argument("--device", default="cpu")
args = parser.parse_args()

with safe_open(args.file, "pt", device=args.device) as file:
    about = file.metadata() or {}
    tensors = {name: file.get_tensor(name) for name in file.keys()}
part = {name.removeprefix("gradient/"): t for name, t in tensors.items() if name.startswith("gradient/")}


def difference(ours, theirs):
    return float((ours.double() - theirs.double()).abs().max() / theirs.double().abs().max().clamp_min(1e-30))


def double_info_nce(z_a, z_b, tau):
    a, b = (torch.nn.functional.normalize(z) for z in (z_a, z_b))
    s = a @ b.T / tau
    return -(s.log_softmax(0).diagonal().mean() + s.log_softmax(1).diagonal().mean()) / 2


worst, limit = {}, 1e-8
if "images" in tensors:
    net, _ = encoder_of(about["arch"], about["stem"])
    net = net.double().to(args.device).train()
    net.load_state_dict({name.removeprefix("weight/"): t for name, t in tensors.items() if name.startswith("weight/")})
    z_a, z_b = net(tensors["images"]).chunk(2)
    loss = double_info_nce(z_a, z_b, float(about["tau"]))
    loss.backward()
    worst["loss"] = difference(tensors["loss"], loss.detach().reshape(1))
    for name, parameter in net.named_parameters():
        worst[name] = difference(part.pop(name), parameter.grad)
    if part:
        sys.exit(f"{args.file}: gradients that the other network lacks: {sorted(part)}")
else:
    limit = 1e-5
    for kind in (info_nce, chunked_info_nce):
        a, b = (tensors[name].clone().requires_grad_() for name in "ab")
        loss = kind(a, b, 0.1)
        loss.backward()
        worst[f"{kind.__name__} loss"] = difference(tensors["loss"], loss.detach())
        for name, leaf in (("a", a), ("b", b)):
            worst[f"{kind.__name__} {name}"] = difference(part[name], leaf.grad)

name, most = max(worst.items(), key=lambda item: item[1])
print(f"{len(worst)} results alike; the largest relative difference {most:.1e} ({name}), at most {limit:g} allowed")
if not most <= limit:
    sys.exit(f"{args.file}: {name} differs by {most:.1e}")
