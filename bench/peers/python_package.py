"""What bench/compare_python measures: the Python package beside its peers. Prints a line a comparison."""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from augment import statistics as normalization
from augment import with_albumentations, with_torchvision
from PIL import Image

import directclr
import directclr.torch as dt

CORES = 2


def say(text):
    print(text, flush=True)


def in_turns(rounds, **measured):
    """The median of each function's number over rounds, one after the other."""
    numbers = {name: [] for name in measured}
    for _ in range(rounds):
        for name, function in measured.items():
            numbers[name].append(function())
    return {name: statistics.median(values) for name, values in numbers.items()}


def make_pictures(root, side, count, quality=90):
    """JPEGs with edges and texture, in class folders."""
    random = np.random.default_rng(side)
    for index in range(count):
        folder = Path(root) / "train" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize((side * 4 // 3, side), Image.Resampling.BICUBIC)).astype(int)
        pixels = np.clip(pixels + random.normal(0, 8, pixels.shape), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:05}.jpg", quality=quality)


class Peers(torch.utils.data.Dataset):
    """Two views as users of torchvision or albumentations make them, from files."""

    def __init__(self, root, preset, library):
        self.files = sorted(Path(root).glob("train/*/*.jpg"))
        make = with_torchvision if library == "torchvision" else with_albumentations
        self.chains = [make(preset, blur, solarize) for blur, solarize in ((1.0, 0.0), (0.1, 0.2))]
        self.library = library

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        with open(self.files[index % len(self.files)], "rb") as file:
            image = Image.open(file).convert("RGB")
        if self.library == "torchvision":
            return [chain(image) for chain in self.chains]
        pixels = np.asarray(image)
        return [torch.from_numpy(chain(pixels)).permute(2, 0, 1) for chain in self.chains]


def rate_of(batches, size, seconds):
    """Images a second, from the first batch's arrival on."""
    iterator = iter(batches)
    next(iterator)
    begin, images = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        next(iterator)
        images += size
    return images / (time.perf_counter() - begin)


def endless(loader):
    while True:
        yield from loader


def compare_loaders(name, root, preset, batch, rounds, seconds, program):
    ours = directclr.Loader(f"folder:{root}", batch_size=batch, preset=preset, workers=CORES, lease=True)
    # First the results: every view is torchvision's chain on Pillow with the parameters that were drawn.
    views = directclr.TwoView(preset, seed=0)
    first = next(iter(ours))
    for k, index in enumerate(first.indices.tolist()[:8]):
        for view, made in zip(views(ours.source[index][0], index=index), first.views):
            assert torch.equal(view, made[k]), "the loader's view is not the transform's"
        mean, std = normalization(preset)
        assert abs(float(made[k].mean())) < 3 and len(mean) == len(std) == 3

    def peer(library):
        def measure():
            loader = torch.utils.data.DataLoader(Peers(root, preset, library), batch_size=batch, num_workers=CORES)
            return rate_of(loader, batch, seconds)
        return measure

    def own():
        words = [program, "--json", "bench", "data", f"folder:{root}", "--preset", preset, "--workers", str(CORES),
                 "--seconds", str(2 * seconds)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["loader_images_per_second"][str(CORES)]

    found = in_turns(rounds, ours=lambda: rate_of(endless(ours), batch, seconds), program=own,
                     torchvision=peer("torchvision"), albumentationsx=peer("albumentationsx"))
    say(f"{name}: Loader {found['ours']:.0f} images/s; the program {found['program']:.0f}, ratio "
        f"{found['ours'] / found['program']:.2f}; torchvision + DataLoader {found['torchvision']:.0f}, ratio "
        f"{found['ours'] / found['torchvision']:.1f}; albumentationsx + DataLoader {found['albumentationsx']:.0f}, ratio "
        f"{found['ours'] / found['albumentationsx']:.1f}")


def plain_spectrum(x):
    """As a metric of torchmetrics' kind does it: covariance in float64, eigvalsh."""
    wide = x.double()
    centred = wide - wide.mean(0)
    values = torch.linalg.eigvalsh(centred.T @ centred / len(wide)).flip(0).clamp_min(0)
    p = values / values.sum()
    return float(torch.exp(-(p * p.clamp_min(1e-300).log()).sum()))


def timed(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def compare_spectra(folder, rounds, program, rows=50000, columns=2048):
    random = np.random.default_rng(1)
    x = (random.standard_normal((rows, columns), dtype=np.float32) * np.arange(1, columns + 1, dtype=np.float32) ** -0.6)
    np.save(f"{folder}/x.npy", x)
    tensor = torch.from_numpy(x)
    ours, plain = directclr.effective_rank(x), plain_spectrum(tensor)
    assert math.isclose(ours, plain, rel_tol=1e-6), (ours, plain)
    words = [program, "--json", "spectrum", f"{folder}/x.npy"]
    shown = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert math.isclose(ours, shown["effective-rank"], rel_tol=1e-6)
    found = in_turns(rounds, ours=lambda: timed(lambda: directclr.spectrum(x)),
                     program=lambda: timed(lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True)),
                     torch=lambda: timed(lambda: plain_spectrum(tensor)))
    say(f"spectrum of {rows} x {columns}: {found['ours']:.2f} s; the program {found['program']:.2f} s, ratio "
        f"{found['program'] / found['ours']:.2f}; PyTorch's covariance and eigvalsh {found['torch']:.2f} s, ratio "
        f"{found['torch'] / found['ours']:.2f}")


def compare_losses(rounds, bench, n=4096, p=128):
    torch.manual_seed(0)
    a, b = (torch.randn(n, p).requires_grad_() for _ in range(2))

    def plain():
        s = F.normalize(a) @ F.normalize(b).T / 0.1
        target = torch.arange(n)
        return (F.cross_entropy(s, target) + F.cross_entropy(s.T, target)) / 2

    values = []
    for loss in (lambda: dt.info_nce(a, b, tau=0.1), plain):
        value = loss()
        values.append((value.detach(), *torch.autograd.grad(value, (a, b))))
    for ours, theirs in zip(*values):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-7)

    def step(loss):
        def measure():
            times = []
            for _ in range(5):
                a.grad = b.grad = None
                times.append(timed(lambda: loss().backward()))
            return 1000 * statistics.median(times)
        return measure

    def cpp():
        words = [bench, f"--benchmark_filter=loss_step/tiled/{n}/{p}/", "--benchmark_format=json",
                 "--benchmark_min_time=1"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["benchmarks"][0]["real_time"]

    found = in_turns(rounds, ours=step(lambda: dt.info_nce(a, b, tau=0.1)), cpp=cpp, plain=step(plain))
    say(f"info_nce, N = {n}, P = {p}, forward and backward: {found['ours']:.1f} ms; C++ {found['cpp']:.1f} ms, ratio "
        f"{found['cpp'] / found['ours']:.2f}; plain PyTorch {found['plain']:.1f} ms, ratio "
        f"{found['plain'] / found['ours']:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    torch.set_num_threads(CORES)
    with tempfile.TemporaryDirectory() as folder:
        make_pictures(f"{folder}/large", 375, 200)
        make_pictures(f"{folder}/small", 32, 2000)
        compare_loaders("two views at 224 px from JPEG", f"{folder}/large", "imagenet", 32, options.rounds, options.seconds,
                        options.program)
        compare_loaders("two views at 32 px from JPEG", f"{folder}/small", "cifar", 256, options.rounds, options.seconds,
                        options.program)
        compare_spectra(folder, options.rounds, options.program)
        compare_losses(options.rounds, options.bench)
