import copy
import math

import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F
from torch import nn

from directclr.torch import LARS, cosine_schedule
from torch_goldens import read_goldens


def network(tensors=None, dtype=torch.float64):
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 4)).to(dtype)
    if tensors:
        net.load_state_dict({k[8:]: v for k, v in tensors.items() if k.startswith("initial/")}, strict=False)
    return net


def plain_step(parameters, buffers, lr, momentum, decay, eta):
    """The definition, written out."""
    for p, b in zip(parameters, buffers):
        u = p.grad
        if p.dim() > 1:
            u = u + decay * p
            if p.norm() > 0 and u.norm() > 0:
                u = u * (eta * p.norm() / u.norm())
        b.mul_(momentum).add_(u)
        p.sub_(lr * b)


@pytest.mark.parametrize("foreach", [True, False])
def test_equals_the_definition_in_every_step_and_the_golden_end(foreach):
    tensors, (case,) = read_goldens("lars")
    net, twin = network(tensors), network(tensors)
    optimizer = LARS(net.parameters(), lr=case["peak"], momentum=case["momentum"], weight_decay=case["decay"],
                     trust=case["eta"], foreach=foreach)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: cosine_schedule(step, case["steps"], case["warmup"]))
    buffers = [torch.zeros_like(p) for p in twin.parameters()]
    for step in range(case["steps"]):
        for model in (net, twin):
            model.zero_grad()
            F.cross_entropy(model(tensors["x"]), tensors["y"]).backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            plain_step(list(twin.parameters()), buffers,
                       cosine_schedule(step, case["steps"], case["warmup"], peak=case["peak"]), case["momentum"],
                       case["decay"], case["eta"])
        for mine, other in zip(net.parameters(), twin.parameters()):
            torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-12)
    for name, p in net.named_parameters():
        torch.testing.assert_close(p.detach(), tensors["final/" + name], rtol=1e-9, atol=1e-11)


def train(net, optimizer, steps):
    torch.manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.randn(20, 6, dtype=torch.float64)).square().mean().backward()
        optimizer.step()


def test_goes_on_from_its_state():
    net = network()
    optimizer = LARS(net.parameters(), lr=0.5)
    train(net, optimizer, 3)
    other = copy.deepcopy(net)
    resumed = LARS(other.parameters(), lr=9.0)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(net, optimizer, 3)
    train(other, resumed, 3)
    for a, b in zip(net.parameters(), other.parameters()):
        assert torch.equal(a, b)


def test_groups_have_their_own_settings():
    net, twin = network(), network()
    frozen = LARS([{"params": net[0].parameters(), "lr": 0.0}, {"params": net[3].parameters(), "momentum": 0.0}],
                  lr=0.5)
    first = net[0].weight.detach().clone()
    train(net, frozen, 2)
    assert torch.equal(net[0].weight, first)
    plain = LARS(twin[3].parameters(), lr=0.5, momentum=0.0)
    train(twin, plain, 2)
    torch.testing.assert_close(net[3].weight, twin[3].weight)


def test_zero_weights_take_the_gradient_itself():
    p = nn.Parameter(torch.zeros(2, 2))
    p.grad = torch.ones(2, 2)
    LARS([p], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(p.detach(), torch.full((2, 2), -0.1))


def test_parameters_without_gradient_and_closures():
    still, moved = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(3))
    optimizer = LARS([still, moved], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = moved.sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 3
    assert torch.equal(still, torch.ones(2, 2)) and torch.allclose(moved, torch.full((3,), 0.9))


@pytest.mark.parametrize("foreach", [True, False])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float16, 1e-3), (torch.bfloat16, 1e-2)])
def test_norms_of_half_precision_do_not_overflow(foreach, dtype, tolerance):
    torch.manual_seed(0)
    p = nn.Parameter(torch.randn(512, 512).to(dtype))
    p.grad = torch.full_like(p, 200)  # its norm is 102,400; the ratio is 5e-6
    twin = nn.Parameter(p.detach().float())
    twin.grad = p.grad.float()
    before = p.detach().clone()
    one, other = (LARS([x], lr=100, foreach=foreach) for x in (p, twin))
    one.step()
    other.step()
    moved = (p.detach() - before).float().mean()
    assert moved == pytest.approx((twin.detach() - before.float()).mean().item(), rel=10 * tolerance) and moved < -0.05
    assert one.state[p]["momentum_buffer"].dtype == dtype


@pytest.mark.parametrize("wrong", [dict(lr=-1), dict(lr=1, momentum=1), dict(lr=1, weight_decay=-1),
                                   dict(lr=1, trust=0)])
def test_refuses_values_out_of_range(wrong):
    with pytest.raises(ValueError, match="out of range"):
        LARS([nn.Parameter(torch.ones(2))], **wrong)


def test_schedule_rises_and_falls():
    rates = [cosine_schedule(step, 30, 10, peak=2) for step in range(31)]
    assert rates[0] == 0 and rates[5] == 1 and rates[10] == 2
    assert rates[20] == pytest.approx(2 * (0.5 + 0.001 * 0.5)) and rates[30] == pytest.approx(0.002)
    assert cosine_schedule(10, 10, 10) == pytest.approx(0.001) and not math.isnan(cosine_schedule(0, 0))
    assert cosine_schedule(45, 30, 10, peak=2) == rates[30]
    with pytest.raises(ValueError, match="warmup_steps"):
        cosine_schedule(0, 5, 6)
    with pytest.raises(ValueError, match="step >= 0"):
        cosine_schedule(-1, 5, 2)
