#!/usr/bin/env python3
"""Asks other people's readers: torchvision loads the exported encoder and computes the same features, TensorBoard reads
the events, NumPy and safetensors read the features. Run by ctest where tools/setup --peers has been.

    .deps/peers/bin/python tests/cli/with_python.py build/release/bin/directclr
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torchvision.models import resnet18

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import replay_in_pillow  # noqa: E402

directclr = sys.argv[1]
data = "/usr/share/datasets/fashion-mnist"


def run(*words):
    result = subprocess.run([directclr, *words], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"directclr {' '.join(words)}: exit {result.returncode}: {result.stderr}")
    return result.stdout


def small_set(folder):
    """The first images of Fashion-MNIST as an IDX set of its own."""
    import gzip

    folder.mkdir()
    for prefix, count in (("train", 256), ("t10k", 100)):
        for kind, header in (("images-idx3", 16), ("labels-idx1", 8)):
            content = gzip.open(f"{data}/{prefix}-{kind}-ubyte.gz").read()
            size = 28 * 28 if header == 16 else 1
            cut = content[:4] + count.to_bytes(4, "big") + content[8:header] + content[header : header + count * size]
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(cut)


with tempfile.TemporaryDirectory() as temporary:
    work = Path(temporary)
    small_set(work / "data")
    out = str(work / "run")
    run("train", "--data", f"fashion-mnist:{work / 'data'}", "--arch", "resnet18", "--stem", "imagenet", "--precision", "float32",
        "--batch-size", "64", "--epochs", "1", "--log-every", "1", "--out", out)

    run("export", out, "--out", str(work / "encoder.safetensors"))
    net = resnet18()
    net.fc = torch.nn.Identity()
    net.load_state_dict(load_file(work / "encoder.safetensors"), strict=True)
    net.eval()
    run("embed", out, "--out", str(work / "features.npy"))
    features = np.load(work / "features.npy")
    pixels = np.frombuffer((work / "data/t10k-images-idx3-ubyte").read_bytes()[16:], np.uint8).reshape(100, 1, 28, 28)
    images = torch.from_numpy(pixels.astype(np.float32)).repeat(1, 3, 1, 1).div(255).sub(0.2860).div(0.3530)
    with torch.no_grad():
        expected = net(images).numpy()
    worst = np.abs(features - expected).max() / np.abs(expected).max()
    print(f"torchvision's features differ by {worst:.2e} of the largest (limit 1e-4)")
    assert worst < 1e-4

    run("embed", out, "--out", str(work / "features.safetensors"))
    stored = load_file(work / "features.safetensors")
    assert np.array_equal(stored["features"].numpy(), features)
    assert np.array_equal(stored["labels"].numpy(), np.load(work / "features.labels.npy"))

    lines = [json.loads(line) for line in open(work / "run/metrics.jsonl")]
    events = EventAccumulator(out, size_guidance={"histograms": 0})  # 0: all
    events.Reload()
    for name in ("loss", "lr", "rank_r", "rank_z", "online_top1"):
        scalars = events.Scalars(name)
        assert [s.step for s in scalars] == [line["step"] for line in lines if name in line], name
        assert np.allclose([s.value for s in scalars], [line[name] for line in lines if name in line], rtol=1e-5), name
    spectra = [json.loads(line) for line in open(work / "run/spectra.jsonl")][1:]
    for layer in ("r", "z"):
        histograms = events.Histograms(f"log10_eigenvalues_{layer}")
        assert [h.step for h in histograms] == [line["step"] for line in spectra], layer
        for h, line in zip(histograms, spectra):
            logs = [value for value in line[layer] if value is not None]
            assert np.isclose(h.histogram_value.max, logs[0], atol=1e-4), layer
            assert np.isclose(sum(h.histogram_value.bucket), h.histogram_value.num), layer
    print(f"TensorBoard reads {len(events.Tags()['scalars'])} curves and {len(events.Tags()['histograms'])} histograms")

    # Dumped views, repeated with Pillow and torchvision: every byte equal, whatever the preset, source and kind of file.
    sources = [(f"fashion-mnist:{work / 'data'}", "fashion"), (f"fashion-mnist:{work / 'data'}", "imagenet")]
    fixtures = Path(__file__).parents[1] / "fixtures"
    (work / "pictures").mkdir()
    for name in ("rgb_420.jpg", "rgb_422.jpg", "rgb_444.jpg", "gray.jpg", "cmyk.jpg", "progressive.jpg", "palette.png"):
        shutil.copy(fixtures / name, work / "pictures" / name)
    sources.append((f"folder:{work / 'pictures'}", "imagenet"))
    if "DIRECTCLR_TEST_DATA" in os.environ:
        photographs = Path(os.environ["DIRECTCLR_TEST_DATA"]) / "imagenet-sample-200.tar"
        tarfile.open(photographs).extractall(work / "photographs", filter="data")
        sources += [(f"folder:{work / 'photographs'}", "imagenet"), (f"folder:{work / 'photographs'}", "cifar")]
    for number, (source, preset) in enumerate(sources):
        dump = work / f"dump{number}"
        run("data", "dump", source, "--preset", preset, "-n", "200", "--seed", str(number), "--out", str(dump))
        assert replay_in_pillow.main(dump) == 0, source
    # Small views too.
    run("data", "dump", f"folder:{work / 'pictures'}", "--preset", "imagenet", "--local-views", "3", "-n", "7",
        "--out", str(work / "small"))
    assert replay_in_pillow.main(work / "small") == 0
