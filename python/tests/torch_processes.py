"""Runs a function in several gloo processes on this machine."""

import os
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def _start(rank, function, size, folder, arguments):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=size)
    try:
        torch.save(function(rank, *arguments), os.path.join(folder, f"{rank}.pt"))
        dist.barrier()  # none leaves while another still waits for it
    finally:
        dist.destroy_process_group()


def in_processes(function, size, *arguments):
    """What function(rank, *arguments) gives in each; a function of a module, its results what torch.save takes."""
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(_start, (function, size, folder, arguments), nprocs=size)
        return [torch.load(os.path.join(folder, f"{rank}.pt"), weights_only=False) for rank in range(size)]
