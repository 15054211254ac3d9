import pytest

torch = pytest.importorskip("torch")
import torch.distributed as dist
from torch import nn

from directclr.torch import cached_step, info_nce
from torch_processes import in_processes


def network(*layers, width=6):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, width), *layers, nn.ReLU(), nn.Linear(width, 4)).double()


def images(n=10, seed=1):
    torch.manual_seed(seed)
    return [torch.randn(n, 5, dtype=torch.float64) for _ in range(2)]


def gradients(net):
    return [p.grad.clone() for p in net.parameters()]


def plain(net, views, loss=info_nce):
    net.zero_grad()
    value = loss(*[net(view) for view in views])
    value.backward()
    return value.detach(), gradients(net)


def cached(net, views, micro_batch, loss=info_nce):
    net.zero_grad()
    value = cached_step(net, views, loss, micro_batch)
    assert not value.requires_grad
    return value, gradients(net)


@pytest.mark.parametrize("micro_batch", [1, 3, 5, 10, 64])
def test_gradients_equal_the_plain_step(micro_batch):
    net = network()
    torch.testing.assert_close(cached(net, images(), micro_batch), plain(net, images()))


def test_gradients_are_added_and_several_views_work():
    net, views = network(), images() + images(seed=2)[:1]

    def loss(a, b, c):
        return info_nce(a, b) + info_nce(a, c)

    value, expected = plain(net, views, loss)
    cached_step(net, views, loss, 4)
    torch.testing.assert_close(gradients(net), [2 * g for g in expected])


def test_batch_norm_in_evaluation_changes_nothing():
    net = network(nn.BatchNorm1d(6))
    net(torch.randn(50, 5, dtype=torch.float64) * 3)
    net.eval()
    torch.testing.assert_close(cached(net, images(), 3), plain(net, images()))


def test_batch_norm_in_training_sees_parts_and_updates_once():
    net, twin = network(nn.BatchNorm1d(6)), network(nn.BatchNorm1d(6))
    views = images()
    value, found = cached(net, views, 5)
    z = [torch.cat([twin(part) for part in view.split(5)]) for view in views]
    expected = info_nce(*z)
    expected.backward()
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(found, gradients(twin))
    assert net[1].num_batches_tracked == twin[1].num_batches_tracked == 4
    torch.testing.assert_close(net[1].running_var, twin[1].running_var)
    assert net[1].track_running_stats


def test_dropout_draws_the_same_masks_in_both_passes():
    net, views = network(nn.Dropout(0.5), width=32), images()
    torch.manual_seed(7)
    value, found = cached(net, views, 4)
    after = torch.rand(1)
    net.zero_grad()
    torch.manual_seed(7)
    z = [torch.cat([net(part) for part in view.split(4)]) for view in views]
    expected = info_nce(*z)
    expected.backward()
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(found, gradients(net))
    assert torch.equal(after, torch.rand(1)), "the generator goes on as if each mask had been drawn once"


def test_works_under_autocast():
    net = network().float()
    views = [view.float() for view in images()]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value, found = cached(net, views, 4)
        expected = plain(net, views)
    torch.testing.assert_close(value, expected[0], rtol=0, atol=0)
    for a, b in zip(found, expected[1]):
        torch.testing.assert_close(a, b, rtol=0.05, atol=0.05 * b.abs().max())


def test_refuses_what_does_not_fit():
    net, (a, b) = network(), images()
    for views, micro_batch in [([], 2), ([a, b[:5]], 2), ([a, b], 0), ([a[:0], b[:0]], 2)]:
        with pytest.raises(ValueError, match="cached_step"):
            cached_step(net, views, info_nce, micro_batch)
    with pytest.raises(ValueError, match="for 4 images"):
        cached_step(lambda x: net(x).flatten(), [a, b], info_nce, 4)


def in_ddp(rank):
    net = nn.parallel.DistributedDataParallel(network())
    views = [view[rank * 4 : rank * 4 + 4 + 2 * rank] for view in images()]
    value = cached_step(net, views, lambda a, b: info_nce(a, b, group=dist.group.WORLD), 3)
    return value, gradients(net)


def test_equals_one_process_under_ddp():
    expected = plain(network(), images())
    for found in in_processes(in_ddp, 2):
        torch.testing.assert_close(found, expected)
