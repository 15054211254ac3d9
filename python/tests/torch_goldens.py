"""The golden files of tests/goldens, which plain PyTorch made (tools/goldens/make_goldens.py)."""

import json
from pathlib import Path

import pytest


def read_goldens(name):
    """Its tensors by name, and its cases."""
    safetensors = pytest.importorskip("safetensors", reason="golden files need the package safetensors")
    path = Path(__file__).resolve().parents[2] / "tests" / "goldens" / f"{name}.safetensors"
    with safetensors.safe_open(path, framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, json.loads(file.metadata()["cases"])
