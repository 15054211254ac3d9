import math

import pytest

torch = pytest.importorskip("torch")

from directclr.torch import ResNet
from torch_goldens import read_goldens

SHAPES = {"resnet18": (False, [2, 2, 2, 2], 64), "resnet50": (True, [3, 4, 6, 3], 64),
          "bottleneck:1,2,1,1:4": (True, [1, 2, 1, 1], 4), "basic:1,1,2,1:4": (False, [1, 1, 2, 1], 4)}


def fill(module):
    """The weights of tools/goldens/make_goldens.py, `fill`."""
    with torch.no_grad():
        for number, (name, parameter) in enumerate(sorted(module.named_parameters())):
            values = torch.sin(0.7 * torch.arange(parameter.numel(), dtype=torch.float64) + number)
            if parameter.dim() > 1:
                values = values * math.sqrt(2.0 / (parameter.numel() / parameter.shape[0]))
            elif name.endswith("weight"):
                values = 1 + 0.3 * values
            else:
                values = 0.1 * values
            parameter.copy_(values.view_as(parameter))


def test_it_is_torchvisions():
    goldens, cases = read_goldens("networks")
    index = torch.arange(4 * 3 * 48 * 48, dtype=torch.float64)
    images = torch.sin(0.01 * index * (1 + index % 7)).view(4, 3, 48, 48)
    assert [case["arch"] for case in cases] == list(SHAPES)
    for case in cases:
        net = ResNet(*SHAPES[case["arch"]]).double()
        assert sorted(name for name, _ in net.named_parameters()) == case["parameters"]
        assert [name for name, _ in net.named_buffers()] == case["buffers"]
        if case["arch"].startswith("resnet"):  # takes long
            continue
        fill(net)
        for key in ("r", "r_eval"):
            r = net.train(key == "r")(images)
            expected = goldens[f"{case['prefix']}{key}"]
            assert r.shape[1] == net.representation
            assert (r - expected).abs().max() < 1e-9 * expected.abs().max(), (case["arch"], key)


def test_stems():
    images = torch.zeros(1, 3, 32, 32)
    sides = {}
    for stem in ("imagenet", "small", "cifar"):
        net = ResNet(False, [1, 1, 1, 1], 4, stem)
        h = net.maxpool(net.conv1(images))
        assert net.eval()(images).shape == (1, 32)
        sides[stem] = (h.shape[-1], net.conv1.kernel_size)
    assert sides == {"imagenet": (8, (7, 7)), "small": (8, (3, 3)), "cifar": (32, (3, 3))}
    with pytest.raises(ValueError, match="end 'none'"):
        ResNet(False, [1], 4, end="none")
    with pytest.raises(ValueError, match="stem 'big'"):
        ResNet(False, [1], 4, "big")
