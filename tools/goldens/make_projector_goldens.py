#!/usr/bin/env python3
"""Writes tests/goldens/projectors.safetensors from the program itself: of every projector a tiny run, whose weights the
Python package's projector takes and whose r and z it must give.

    .deps/peers/bin/python tools/goldens/make_projector_goldens.py build/release/bin/directclr
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

GOLDENS = Path(__file__).resolve().parents[2] / "tests" / "goldens"
CASES = [("none", {}), ("direct", {}), ("linear", {}), ("diagonal", {}), ("orthogonal", {}), ("lowrank", {}),
         ("lowrank-fixed", {}), ("lowrank-fixed", {"lowrank_left": True}), ("lowrank-diagonal", {}), ("group", {}),
         ("random-dropout", {}), ("batch-norm", {}), ("mlp", {}), ("mlp", {"mlp_depth": 3, "mlp_bias": True})]
COMMON = {"d0": 4, "projector_dim": 6}


def run(*words):
    subprocess.run([sys.argv[1], *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


tensors, cases = {}, []
with tempfile.TemporaryDirectory() as folder:
    work = Path(folder)
    random = np.random.default_rng(3)
    for part in ("train", "test"):
        for name in "ab":
            (work / "data" / part / name).mkdir(parents=True)
            for i in range(16):
                pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(work / "data" / part / name / f"{i:02}.png")
    for number, (kind, settings) in enumerate(CASES):
        words = [w for k, v in {**COMMON, **settings}.items()
                 for w in ([f"--{k.replace('_', '-')}"] if v is True else [f"--{k.replace('_', '-')}", v])]
        out = work / f"run{number}"
        run("train", "--data", f"folder:{work}/data", "--preset", "cifar", "--image-size", 16, "--arch", "basic:1,1,1,1:2",
            "--stem", "small", "--projector", kind, *words, "--batch-size", 16, "--epochs", 1, "--no-online-head",
            "--precision", "float32", "--out", out)
        prefix = f"{number}/"
        for layer, letter in (("representation", "r"), ("embedding", "z")):
            run("embed", out, "--layer", layer, "--out", work / f"{letter}.npy")
            tensors[prefix + letter] = torch.from_numpy(np.load(work / f"{letter}.npy")[:8].astype(np.float32))
        state = []
        try:
            run("export", out, "--projector", "--out", work / f"{number}.safetensors")
            for key, value in load_file(work / f"{number}.safetensors").items():
                tensors[f"{prefix}state/{key}"] = value
                state.append(key)
        except subprocess.CalledProcessError:  # it has no weights
            pass
        cases.append({"prefix": prefix, "kind": kind, "settings": {**COMMON, **settings}, "state": state})
        print(cases[-1], tuple(tensors[prefix + "z"].shape))
save_file({key: value.contiguous() for key, value in tensors.items()}, GOLDENS / "projectors.safetensors",
          {"cases": json.dumps(cases)})
