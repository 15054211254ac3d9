"""How often a second something is done, told to a device again and again."""

import time

import torch


def times_per_second(step, seconds, device, first):
    """`first` calls that do not count, then as many as fit into the seconds, at least 3."""

    def wait():
        if device != "cpu":
            torch.cuda.synchronize()

    for _ in range(first):
        step()
    wait()
    begin = time.perf_counter()
    steps = 0
    while time.perf_counter() - begin < seconds or steps < 3:
        step()
        steps += 1
        if steps % 8 == 0:
            wait()  # or orders pile up far beyond the time given
    wait()
    return steps / (time.perf_counter() - begin)
