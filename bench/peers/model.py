"""The networks of the benchmarks in plain PyTorch: a bottleneck ResNet as directclr builds it, and the paper's loss."""

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet


def encoder(blocks, width, stem):
    net = ResNet(Bottleneck, list(blocks), zero_init_residual=True)
    expansion = Bottleneck.expansion
    net.inplanes = width
    if stem == "imagenet":
        net.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
    else:
        net.conv1 = nn.Conv2d(3, width, 3, 1 if stem == "cifar" else 2, 1, bias=False)
        if stem == "cifar":
            net.maxpool = nn.Identity()
    net.bn1 = nn.BatchNorm2d(width)
    for stage in range(4):
        layer = net._make_layer(Bottleneck, width << stage, blocks[stage], stride=1 if stage == 0 else 2)
        setattr(net, f"layer{stage + 1}", layer)
    net.fc = nn.Identity()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if isinstance(module, Bottleneck):
            nn.init.zeros_(module.bn3.weight)
    return net, width * 8 * expansion


def training_step(net, optimizer, images, bfloat16, of_pair):
    """One step on images (2N, 3, H, W), both views one after the other; gives the loss, of_pair(z_a, z_b, tau), as a number."""
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        z_a, z_b = net(images).chunk(2)
    loss = of_pair(z_a, z_b, 0.1)
    loss.backward()
    optimizer.step()
    return loss.item()


def info_nce(z_a, z_b, tau):
    similarity = F.normalize(z_a.float()) @ F.normalize(z_b.float()).T / tau
    target = torch.arange(len(z_a))
    return (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2
