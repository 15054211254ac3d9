"""What bench/compare_python measures: the Python package beside its peers. Prints a line a comparison."""

import argparse
import json
import math
import os
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from augment import statistics as normalization
from augment import with_albumentationsx, with_torchvision, with_torchvision_v2
from PIL import Image
from replay_in_pillow import replay
from torchvision.io import ImageReadMode, decode_jpeg, read_file
from torchvision.transforms import functional as TF

import directclr
import directclr.torch as dt
from versions import versions_of

warnings.simplefilter("default", UserWarning)  # augment makes them errors, which Peers still does
CORES = os.cpu_count()
# The batches that were begun before the clock.
FIRST = 2 * CORES


def say(text):
    print(text, flush=True)


def in_turns(rounds, **measured):
    """The median of each function's number over rounds, one after the other."""
    numbers = {name: [] for name in measured}
    for _ in range(rounds):
        for name, function in measured.items():
            numbers[name].append(function())
    return {name: statistics.median(values) for name, values in numbers.items()}


def make_pictures(root, side, count, names, quality=90):
    """JPEGs with edges and texture, in class folders: `count` of them, each under `names` names."""
    random = np.random.default_rng(side)
    for index in range(count):
        folder = Path(root) / "train" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize((side * 4 // 3, side), Image.Resampling.BICUBIC)).astype(int)
        pixels = np.clip(pixels + random.normal(0, 8, pixels.shape), 0, 255).astype(np.uint8)
        first = folder / f"{index:05}.jpg"
        Image.fromarray(pixels).save(first, quality=quality)
        for number in range(1, names):
            os.link(first, folder / f"{index:05}_{number}.jpg")


def pictures_of(root):
    return sorted(Path(root).glob("train/*/*.jpg"))


def pillow(path):
    with open(path, "rb") as file:
        return Image.open(file).convert("RGB")


# Of each library how it reads a file, its transforms, and what makes a tensor (3, S, S) of their result: as its
# documentation does.
LIBRARIES = {
    "torchvision": (pillow, with_torchvision, lambda view: view),
    "torchvision v2": (lambda path: decode_jpeg(read_file(str(path)), ImageReadMode.RGB), with_torchvision_v2,
                       lambda view: view),
    "albumentationsx": (lambda path: cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), with_albumentationsx,
                        lambda view: torch.from_numpy(view.transpose(2, 0, 1))),
}


class Peers(torch.utils.data.Dataset):
    """Two views of pictures as users of a library make them."""

    def __init__(self, root, preset, library):
        self.files = pictures_of(root)
        self.read, make, self.to_tensor = LIBRARIES[library]
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            self.chains = [make(preset, blur, solarize) for blur, solarize in ((1.0, 0.0), (0.1, 0.2))]

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        image = self.read(self.files[index % len(self.files)])
        return [self.to_tensor(chain(image)) for chain in self.chains]


def check_views(root, preset, batch):
    """The loader's views are torchvision's functions on Pillow's pixels; those of the peers are of the same kind."""
    settings = {"interpolation": "bicubic", "solarize_threshold": 128,
                **{f"jitter_{name}": 1 for name in ("brightness", "contrast", "saturation", "hue")}}
    files, views, mean_and_std = pictures_of(root), directclr.TwoView(preset, seed=0), normalization(preset)
    for k, index in enumerate(batch.indices.tolist()[:16]):
        image = pillow(files[index])
        views(image, index=index)
        for drawn, made in zip(views.last_params, batch.views, strict=True):
            crop = dict(zip(("left", "top", "width", "height"), drawn["crop"], strict=True))
            pixels = replay(image, {**drawn, "crop": crop}, settings)
            expected = TF.normalize(TF.to_tensor(pixels.copy()), *mean_and_std)
            torch.testing.assert_close(made[k], expected, rtol=0, atol=1e-6)
    ours = torch.cat(batch.views)
    for library in LIBRARIES:
        peers = Peers(root, preset, library)
        theirs = torch.stack([view for index in batch.indices.tolist()[:64] for view in peers[index]])
        assert theirs.shape[1:] == ours.shape[1:] and theirs.dtype == ours.dtype
        for measure in (torch.mean, torch.std):
            torch.testing.assert_close(measure(theirs, (0, 2, 3)), measure(ours, (0, 2, 3)), rtol=0, atol=0.3)


def rate_of(batches, size, seconds):
    """Images a second once all workers are at work; whole rounds of them, since their batches come together."""
    iterator = iter(batches)
    for _ in range(FIRST):
        next(iterator)
    begin, count = time.perf_counter(), 0
    while count % CORES or time.perf_counter() - begin < seconds:
        next(iterator)
        count += 1
    return size * count / (time.perf_counter() - begin)


def endless(loader):
    while True:
        yield from loader


def compare_loaders(name, root, preset, batch, rounds, seconds, program):
    ours = directclr.Loader(f"folder:{root}", batch_size=batch, preset=preset, workers=CORES)
    check_views(root, preset, next(iter(ours)))

    def peer(library):
        def measure():
            loader = torch.utils.data.DataLoader(Peers(root, preset, library), batch_size=batch, num_workers=CORES,
                                                 multiprocessing_context="fork")
            return rate_of(loader, batch, seconds)
        return measure

    def own():
        words = [program, "--json", "bench", "data", f"folder:{root}", "--preset", preset, "--workers", str(CORES),
                 "--images", str(len(pictures_of(root))), "--seconds", str(2.5 * seconds)]  # a fifth for all workers
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["loader_images_per_second"][str(CORES)]

    found = in_turns(rounds, **{"Loader": lambda: rate_of(endless(ours), batch, seconds), "the program": own,
                                **{library: peer(library) for library in LIBRARIES}})
    own_rate = found.pop("Loader")
    say(f"{name}, {CORES} workers: Loader {own_rate:.0f} images/s; " + "; ".join(
        f"{what} {rate:.0f}, ratio {own_rate / rate:.2f}" for what, rate in found.items()))


def plain_spectrum(x, dtype=torch.float64):
    """As a metric of torchmetrics' kind does it: covariance, eigvalsh."""
    x = x.to(dtype)
    centred = x - x.mean(0)
    values = torch.linalg.eigvalsh((centred.T @ centred / len(x)).double()).flip(0).clamp_min(0)
    p = values / values.sum()
    return float(torch.exp(-(p * p.clamp_min(1e-300).log()).sum()))


def timed(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def compare_spectra(folder, rounds, program, rows=50000, columns=2048):
    random = np.random.default_rng(1)
    turn = np.linalg.qr(random.standard_normal((columns, columns), dtype=np.float32))[0]
    turn *= np.arange(1, columns + 1, dtype=np.float32)[:, None] ** -0.6
    x = np.concatenate([random.standard_normal((rows // 10, columns), dtype=np.float32) @ turn for _ in range(10)])
    np.save(f"{folder}/x.npy", x)
    tensor = torch.from_numpy(x)
    ours, plain, single = directclr.effective_rank(x), plain_spectrum(tensor), plain_spectrum(tensor, torch.float32)
    assert math.isclose(ours, plain, rel_tol=1e-5), (ours, plain)
    words = [program, "--json", "spectrum", f"{folder}/x.npy"]
    shown = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert math.isclose(ours, shown["effective-rank"], rel_tol=1e-6), (ours, shown["effective-rank"])
    found = in_turns(rounds, ours=lambda: timed(lambda: directclr.spectrum(x)),
                     program=lambda: timed(lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True)),
                     torch=lambda: timed(lambda: plain_spectrum(tensor)),
                     single=lambda: timed(lambda: plain_spectrum(tensor, torch.float32)))
    say(f"spectrum of {rows} x {columns} in memory, every measure: {found['ours']:.2f} s; the program, from its file, "
        f"{found['program']:.2f} s, ratio {found['program'] / found['ours']:.2f}; PyTorch's covariance in float64, eigvalsh and "
        f"effective rank alone {found['torch']:.2f} s, ratio {found['torch'] / found['ours']:.2f}; covariance in float32 "
        f"{found['single']:.2f} s, ratio {found['single'] / found['ours']:.2f} (effective rank: {ours:.6f}, float64 "
        f"{plain:.6f}, float32 {single:.6f})")


def compare_losses(rounds, bench, n=4096, p=128):
    torch.manual_seed(0)
    a, b = (torch.randn(n, p).requires_grad_() for _ in range(2))

    def plain(a, b):
        s = F.normalize(a) @ F.normalize(b).T / 0.1
        target = torch.arange(n)
        return (F.cross_entropy(s, target) + F.cross_entropy(s.T, target)) / 2

    losses = {"info_nce": lambda a, b: dt.info_nce(a, b, tau=0.1), "plain PyTorch": plain,
              "plain PyTorch compiled": torch.compile(plain)}
    values = []
    for loss in losses.values():
        value = loss(a, b)
        values.append((value.detach(), *torch.autograd.grad(value, (a, b))))
    for theirs in values[1:]:
        for x, y in zip(values[0], theirs, strict=True):
            torch.testing.assert_close(x, y, rtol=1e-4, atol=1e-7)

    def step(loss):
        def measure():
            times = []
            for _ in range(7):
                a.grad = b.grad = None
                times.append(timed(lambda: loss(a, b).backward()))
            return 1000 * statistics.median(times)
        return measure

    network = torch.nn.Sequential(torch.nn.Linear(512, 512), torch.nn.ReLU(), torch.nn.Linear(512, p))
    images = torch.randn(2 * n, 512)

    def training_step(loss):
        network.zero_grad()
        loss(*network(images).chunk(2)).backward()

    def in_a_step():
        """What the loss adds to a step of training whose loss is next to nothing."""
        pairs = [[timed(lambda loss=loss: training_step(loss)) for loss in (losses["info_nce"], lambda a, b: (a * b).sum())]
                 for _ in range(7)]
        return 1000 * statistics.median(with_it - without for with_it, without in pairs)

    def cpp():  # which compares its value with the plain formulation's first
        words = [bench, f"--benchmark_filter=loss_step/kept/{n}/{p}/", "--benchmark_format=json",
                 "--benchmark_min_time=1"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["benchmarks"][0]["real_time"]

    found = in_turns(rounds, **{"info_nce": step(losses["info_nce"]), "C++": cpp, "in a step": in_a_step,
                                **{name: step(loss) for name, loss in losses.items() if name != "info_nce"}})
    ours, inside = found.pop("info_nce"), found.pop("in a step")
    say(f"info_nce, N = {n}, P = {p}, forward and backward: {ours:.1f} ms, {inside:.1f} ms in a step of training; " +
        "; ".join(f"{name} {time:.1f} ms, ratio {time / ours:.2f}" for name, time in found.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    torch.set_num_threads(CORES)
    say(versions_of(["directclr", "numpy", "torch", "torchvision", "pillow", "albumentationsx", "opencv-python-headless"]))
    with tempfile.TemporaryDirectory() as folder:
        make_pictures(f"{folder}/large", 375, 200, 16)
        make_pictures(f"{folder}/small", 32, 2000, 10)
        compare_loaders("two views at 224 px from JPEG", f"{folder}/large", "imagenet", 32, options.rounds, options.seconds,
                        options.program)
        compare_loaders("two views at 32 px from JPEG", f"{folder}/small", "cifar", 256, options.rounds, options.seconds,
                        options.program)
        compare_spectra(folder, options.rounds, options.program)
        compare_losses(options.rounds, options.bench)
