"""Watching networks whose parameters or layers are shared out over processes."""

import pytest

torch = pytest.importorskip("torch")
import torch.distributed.fsdp
from torch import nn

from directclr.torch import Collapsed, watch
from test_torch_watch import D, rows
from torch_processes import in_processes

BATCHES = [(D, 0), (D, 1), (4, 2), (4, 3)]  # directions that vary, seed


def network():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(D, D, bias=False), nn.Identity(), nn.Linear(D, 3))
    with torch.no_grad():
        net[0].weight.copy_(torch.eye(D))
    return net


def train(net, share):
    """Name and history of a watch on the second layer, and the line that it stopped with."""
    watched, stop = watch(net, "1", every=2, warmup=0, stop_under="rank=0.5D", on_warning=[].append), ""
    optimizer = torch.optim.SGD(net.parameters(), lr=0)
    try:
        for alive, seed in BATCHES:
            optimizer.zero_grad()
            net(share(rows(alive, seed))).sum().backward()
            optimizer.step()
    except Collapsed as error:
        stop = str(error)
    return watched.name, watched.history, stop


def sharded(rank, how):
    if how == "FullyShardedDataParallel":
        from torch.distributed.fsdp import FullyShardedDataParallel
        from torch.distributed.fsdp.wrap import ModuleWrapPolicy

        net = FullyShardedDataParallel(network(), auto_wrap_policy=ModuleWrapPolicy({nn.Linear}), device_id=torch.device("cpu"))
    else:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        net, mesh = network(), init_device_mesh("cpu", (2,))
        for part in (net[0], net[2], net):
            fully_shard(part, mesh=mesh)
    return train(net, lambda x: x[:80] if rank == 0 else x[80:])


def tensor_parallel(rank):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    net = parallelize_module(network(), init_device_mesh("cpu", (2,)),
                             {"0": ColwiseParallel(use_local_output=False), "2": RowwiseParallel()})
    whole = watch(net, "2", every=1, group=None)
    spread = watch(net, "0", every=1, group=None)
    try:
        net(rows(D, 0))
    except ValueError as error:
        said = str(error)
    spread.close()
    net(rows(D, 0))
    return said, whole.last["effective_rank"]


def in_every_way(rank):
    """What each way gives, None where this version of torch has it not for processors."""
    seen = {how: sharded(rank, how) if has(how) else None for how in ("FullyShardedDataParallel", "fully_shard")}
    return {**seen, "tensor_parallel": tensor_parallel(rank) if has("fully_shard") else None}


def has(how):
    """`fully_shard`, of FSDP 2, came with DTensor's public module."""
    return hasattr(torch, "compiler") and hasattr(torch.distributed.fsdp, how)


@pytest.fixture(scope="module")
def seen():
    """Of both processes: one start for all tests."""
    return in_processes(in_every_way, 2)


@pytest.mark.parametrize("how", ["FullyShardedDataParallel", "fully_shard"])
def test_sharded_parameters_are_watched_as_whole_ones(seen, how):
    if not has(how):
        pytest.skip(f"this version of torch has no {how} for processors")
    _, expected, stop = train(network(), lambda x: x)
    for name, history, stopped in [of_process[how] for of_process in seen]:
        assert name == "1" and len(history) == len(expected) == 2
        for found, whole in zip(history, expected):
            assert (found["step"], found["rows"], found["verdict"]) == (whole["step"], whole["rows"], whole["verdict"])
            assert found["effective_rank"] == pytest.approx(whole["effective_rank"], rel=1e-5)
        assert stopped.split(":")[0] == stop.split(":")[0] == "step 4, 1"


def test_a_layer_whose_output_is_spread_over_processes_is_refused(seen):
    if not has("fully_shard"):
        pytest.skip("this version of torch has no torch.distributed.tensor")
    net = network()
    w = watch(net, "2", every=1)
    net(rows(D, 0))
    for said, rank in [of_process["tensor_parallel"] for of_process in seen]:
        assert said.startswith("watch: the output of 0 is a DTensor, spread over processes; give pool=")
        assert rank == pytest.approx(w.last["effective_rank"], rel=1e-4)
