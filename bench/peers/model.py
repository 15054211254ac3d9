"""The networks of the benchmarks in plain PyTorch: ResNets as directclr builds them, and the paper's loss."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet


def encoder_of(arch, stem):
    """Of directclr's --arch: KIND:BLOCKS:WIDTH, as in bottleneck:2,2,2,2:16; and how wide its representation is."""
    kind, blocks, width = arch.split(":")
    return encoder([int(n) for n in blocks.split(",")], int(width), stem, {"basic": BasicBlock, "bottleneck": Bottleneck}[kind])


def encoder(blocks, width, stem, block=Bottleneck):
    net = ResNet(block, list(blocks), zero_init_residual=True)
    expansion = block.expansion
    net.inplanes = width
    if stem == "imagenet":
        net.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
    else:
        net.conv1 = nn.Conv2d(3, width, 3, 1 if stem == "cifar" else 2, 1, bias=False)
        if stem == "cifar":
            net.maxpool = nn.Identity()
    net.bn1 = nn.BatchNorm2d(width)
    for stage in range(4):
        layer = net._make_layer(block, width << stage, blocks[stage], stride=1 if stage == 0 else 2)
        setattr(net, f"layer{stage + 1}", layer)
    net.fc = nn.Identity()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if isinstance(module, block):
            nn.init.zeros_((module.bn3 if block is Bottleneck else module.bn2).weight)
    return net, width * 8 * expansion


def training_step(net, optimizer, images, bfloat16, of_pair):
    """One step on images (2N, 3, H, W), both views one after the other; gives the loss, of_pair(z_a, z_b, tau)."""
    optimizer.zero_grad()
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
        z_a, z_b = net(images).chunk(2)
    loss = of_pair(z_a, z_b, 0.1)
    loss.backward()
    optimizer.step()
    return loss


def info_nce(z_a, z_b, tau):
    similarity = F.normalize(z_a.float()) @ F.normalize(z_b.float()).T / tau
    target = torch.arange(len(z_a), device=z_a.device)
    return (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2


def chunked_info_nce(z_a, z_b, tau, rows=1024):
    """The same, `rows` rows of the similarities at a time, which the backward computes again."""
    a, b = F.normalize(z_a.float()), F.normalize(z_b.float())

    def part(x, y, first):
        target = torch.arange(first, first + len(x), device=x.device)
        return F.cross_entropy(x @ y.T / tau, target, reduction="sum")

    total = 0
    for first in range(0, len(a), rows):
        for x, y in ((a, b), (b, a)):
            total = total + checkpoint(part, x[first:first + rows], y, first, use_reentrant=False)
    return total / (2 * len(a))
