"""The encoders that the program trains."""

from __future__ import annotations

from typing import List, Sequence

import torch
from torch import nn


def _convolution(channels_in: int, channels_out: int, kernel: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)


class _Block(nn.Module):
    def __init__(self, bottleneck: bool, channels: int, width: int, stride: int, relu: bool) -> None:
        super().__init__()
        out = 4 * width if bottleneck else width
        shapes = [(channels, width, 1, 1), (width, width, 3, stride), (width, out, 1, 1)] if bottleneck else [
            (channels, width, 3, stride), (width, width, 3, 1)]
        self._depth = len(shapes)
        self._relu = relu
        for number, shape in enumerate(shapes, 1):
            self.add_module(f"conv{number}", _convolution(*shape))
            self.add_module(f"bn{number}", nn.BatchNorm2d(shape[1]))
        self.downsample = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(_convolution(channels, out, 1, stride), nn.BatchNorm2d(out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = x
        for number in range(1, self._depth + 1):
            h = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(h))
            if number < self._depth:
                h = h.relu()
        h = h + (x if self.downsample is None else self.downsample(x))
        return h.relu() if self._relu else h


class ResNet(nn.Module):
    """A ResNet without its classifier (He et al. 2016, stride on the 3x3 convolution): images (N, 3, H, W) -> r (N, D).

    bottleneck: whether blocks are of three convolutions. blocks: of each of the four stages. width: channels of the
    first stage; D is 8 * width, or 32 * width of bottlenecks. stem: "imagenet" (7x7, stride 2, pooled), "small" (3x3,
    stride 2, pooled) or "cifar" (3x3). end: "relu" (torchvision's), "linear" (no ReLU behind the last block's sum) or
    "norm" (batch norm of r, named "norm"). Parameters and buffers have torchvision's names, so weights go both ways.
    ValueError for another stem or end.
    """

    def __init__(self, bottleneck: bool, blocks: Sequence[int], width: int, stem: str = "imagenet",
                 end: str = "relu") -> None:
        super().__init__()
        if stem not in ("imagenet", "small", "cifar"):
            raise ValueError(f"ResNet: stem {stem!r}; one of imagenet, small, cifar")
        if end not in ("relu", "linear", "norm"):
            raise ValueError(f"ResNet: end {end!r}; one of relu, linear, norm")
        self.conv1 = _convolution(3, width, 7 if stem == "imagenet" else 3, 1 if stem == "cifar" else 2)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.Identity() if stem == "cifar" else nn.MaxPool2d(3, 2, 1)
        channels = width
        for stage, count in enumerate(blocks):
            layers: List[nn.Module] = []
            for number in range(count):
                last = stage + 1 == len(blocks) and number + 1 == count
                layers.append(_Block(bottleneck, channels, width << stage, 2 if number == 0 and stage > 0 else 1,
                                     relu=not last or end != "linear"))
                channels = (width << stage) * (4 if bottleneck else 1)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        self._stages = len(blocks)
        #: D
        self.representation: int = channels
        self.norm = nn.BatchNorm1d(channels) if end == "norm" else nn.Identity()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        h = self.maxpool(self.bn1(self.conv1(images)).relu())
        for stage in range(1, self._stages + 1):
            h = getattr(self, f"layer{stage}")(h)
        return self.norm(h.mean((2, 3)))
