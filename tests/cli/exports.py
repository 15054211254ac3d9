#!/usr/bin/env python3
"""What `export` writes, asked of those who read it: onnx.checker accepts every ONNX file, ONNX Runtime computes with it what
the program computes, for any number of images and any size, and timm loads its folder. Run by ctest where tools/setup
--peers has been.

    .deps/peers/bin/python tests/cli/exports.py build/release/bin/directclr
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision.models import resnet18

try:
    import onnx
    import onnxruntime
except ImportError as error:
    print(f"SKIPPED: {error.name} is not in .deps/peers (tools/setup --peers)")
    sys.exit(77)

directclr = sys.argv[1]
PROJECTORS = ["none", "direct", "linear", "diagonal", "orthogonal", "lowrank", "lowrank-fixed", "lowrank-diagonal", "group",
              "random-dropout", "batch-norm", "mlp"]
STEMS = ["imagenet", "small", "cifar"]
ENDS = ["relu", "linear", "norm"]
MORE = {"lowrank-fixed": ["--lowrank-left"], "mlp": ["--mlp-depth", "3", "--mlp-bias"]}
IMAGES = 40
rng = np.random.default_rng(5)


def call(*words):
    return subprocess.run([directclr, *map(str, words)], capture_output=True, text=True)


def run(*words):
    result = call(*words)
    if result.returncode != 0:
        sys.exit(f"directclr {' '.join(map(str, words))}: exit {result.returncode}: {result.stderr}")


def idx_set(folder):
    """Made-up pictures under the names of Fashion-MNIST: smooth, of ten classes."""
    folder.mkdir()
    for prefix, count in (("train", 64), ("t10k", IMAGES)):
        coarse = rng.random((count, 7, 7))
        pixels = (255 * np.kron(coarse, np.ones((4, 4)))).astype(np.uint8)
        header = b"\0\0\x08\x03" + count.to_bytes(4, "big") + (28).to_bytes(4, "big") * 2
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
        labels = (np.arange(count) % 10).astype(np.uint8)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + count.to_bytes(4, "big") + labels.tobytes())


def difference(got, expected):
    assert got.shape == expected.shape, (got.shape, expected.shape)
    return np.abs(got - expected).max() / np.abs(expected).max()


def photographs(names, folder):
    """The files of the rows of an array, by the list beside it."""
    return [folder / Path(name).name for name in names.read_text().splitlines()]


def session(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


with tempfile.TemporaryDirectory() as temporary:
    work = Path(temporary)
    idx_set(work / "data")
    data = f"fashion-mnist:{work / 'data'}"
    pixels = np.frombuffer((work / "data/t10k-images-idx3-ubyte").read_bytes()[16:], np.uint8).reshape(IMAGES, 1, 28, 28)
    images = ((np.repeat(pixels, 3, axis=1).astype(np.float32) / 255 - 0.2860) / 0.3530).astype(np.float32)

    worst = 0
    for number, projector in enumerate(PROJECTORS):
        out = work / projector
        arch = ["basic:1,2,1,1:8", "bottleneck:1,1,2,1:4"][number % 2]
        run("train", "--data", data, "--arch", arch, "--stem", STEMS[number % 3], "--precision", "float32", "--threads", "1",
            "--batch-size", "16", "--epochs", "1", "--projector", projector, "--projector-dim", "24", "--d0", "16",
            "--encoder-end", ENDS[number % 3],
            *MORE.get(projector, []), "--out", out)
        for layer in ("representation", "embedding"):
            run("embed", out, "--layer", layer, "--threads", "1", "--out", work / f"{layer}.npy")
        run("export", out, "--format", "onnx", "--overwrite", "--out", work / "encoder.onnx")
        run("export", out, "--format", "onnx", "--projector", "--overwrite", "--out", work / "both.onnx", "--card", work / "onnx.md")
        assert "both.onnx" in (work / "onnx.md").read_text(), (work / "onnx.md").read_text()
        encoder, both = session(work / "encoder.onnx"), session(work / "both.onnx")
        assert [o.name for o in encoder.get_outputs()] == ["representation"]
        r, z = both.run(["representation", "embedding"], {"images": images})
        deviations = [difference(encoder.run(None, {"images": images})[0], np.load(work / "representation.npy")),
                      difference(r, np.load(work / "representation.npy")), difference(z, np.load(work / "embedding.npy"))]
        for count in (1, 7):  # the number of images is free
            deviations.append(difference(both.run(["embedding"], {"images": images[:count]})[0], z[:count]))
        worst = max(worst, *deviations)
        assert worst < 1e-4, (projector, STEMS[number % 3], deviations)
        about = encoder.get_modelmeta().custom_metadata_map
        assert about["architecture"] == arch and about["stem"] == STEMS[number % 3], about
        assert about["image_size"] == "28" and about["mean"].startswith("0.286"), about
    print(f"{len(PROJECTORS)} networks in ONNX Runtime {onnxruntime.__version__}: they differ by {worst:.1e} of the largest at most")

    # torchvision's ResNet-18, on pictures of another shape than those of the training.
    out = work / "resnet18"
    run("train", "--data", data, "--arch", "resnet18", "--stem", "imagenet", "--precision", "float32", "--threads", "1", "--batch-size",
        "16", "--limit", "16", "--epochs", "1", "--out", out)
    run("export", out, "--out", work / "resnet18.safetensors")
    run("export", out, "--format", "onnx", "--out", work / "resnet18.onnx")
    net = resnet18()
    net.fc = torch.nn.Identity()
    net.load_state_dict(load_file(work / "resnet18.safetensors"), strict=True)
    net.eval()
    wide = rng.standard_normal((2, 3, 70, 101)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(wide)).numpy()
    assert difference(session(work / "resnet18.onnx").run(None, {"images": wide})[0], expected) < 1e-4

    # timm's folder, with its card.
    run("knn", out)
    run("export", out, "--format", "timm", "--out", work / "timm", "--card", work / "card.md")
    card = (work / "timm/README.md").read_text()
    assert "not recorded" not in card, card
    assert card == (work / "card.md").read_text() and "k-NN" in card and "Not measured: `directclr spectrum" in card, card
    refused = call("export", work / "none", "--format", "timm", "--out", work / "no")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and not (work / "no").exists(), refused
    try:
        import timm
    except ImportError:
        print("timm is not in .deps/peers (tools/setup --peers): its folder was not loaded")
        sys.exit(0)
    model = timm.create_model(f"local-dir:{work / 'timm'}", pretrained=True).eval()
    assert model.num_features == 512 and list(model.pretrained_cfg["mean"]) == [0.286, 0.286, 0.286], model.pretrained_cfg
    with torch.no_grad():
        assert difference(model(torch.from_numpy(wide)).numpy(), expected) < 1e-5
    assert json.loads((work / "timm/config.json").read_text())["directclr"]["run_id"] in card

    # With timm's own transform, made of the folder's config.json, photographs give the features that `embed` gives: at a
    # size where the resized side is no whole number of pixels, and where it is.
    (work / "photos").mkdir()
    for number, (wide, high) in enumerate([(200, 150), (151, 233), (120, 120), (97, 300)]):
        coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
        fine = np.asarray(coarse.resize((wide, high), Image.Resampling.BICUBIC)).astype(int) + rng.integers(-40, 40, (high, wide, 3))
        Image.fromarray(fine.clip(0, 255).astype(np.uint8)).save(work / f"photos/{number}.png")
    worst = 0
    for side in (64, 96):
        out = work / f"photos-{side}"
        run("train", "--data", f"folder:{work / 'photos'}", "--arch", "resnet18", "--stem", "imagenet", "--image-size", side,
            "--precision", "float32", "--threads", "1", "--batch-size", "4", "--epochs", "1", "--out", out)
        run("embed", out, "--threads", "1", "--out", work / f"{side}.npy")
        run("export", out, "--format", "timm", "--out", work / f"timm-{side}")
        model = timm.create_model(f"local-dir:{work / f'timm-{side}'}", pretrained=True).eval()
        transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
        pictures = [transform(Image.open(work / name)) for name in photographs(work / f"{side}.names.txt", work / "photos")]
        with torch.no_grad():
            worst = max(worst, difference(model(torch.stack(pictures)).numpy(), np.load(work / f"{side}.npy")))
        assert worst < 1e-4, (side, worst, transform)
    print(f"timm {timm.__version__} loads its folder and computes the same; with its own transform of photographs within {worst:.1e}")
