import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

PYTHON = Path(__file__).resolve().parents[1]


def output_of(example, *arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, str(PYTHON / "examples" / example), *arguments], env=environment,
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_training_collapses_under_too_strong_an_augmentation():
    warnings = [line for line in output_of("watch_training.py", "3").splitlines() if "warning" in line]
    assert warnings and "dimensional collapse" in warnings[0]
    healthy = output_of("watch_training.py", "0")
    assert "warning" not in healthy and healthy.count("0 dead: healthy") == 5


def test_own_loop_learns():
    first, last = map(float, re.search(r"loss (\S+) -> (\S+)", output_of("own_loop_info_nce_lars.py")).groups())
    assert last < 0.9 * first


def test_a_loader_goes_on_where_it_was():
    lines = output_of("loader_own_loop.py").splitlines()
    assert len(lines) == 9 and "'epoch': 1, 'batch': 2" in lines[6]
    assert [line.split(",")[0] for line in lines[:6] + lines[7:]] == ["epoch 0"] * 4 + ["epoch 1"] * 4


def test_lightning_stops():
    pytest.importorskip("lightning", reason="the package lightning is not installed")
    output = output_of("lightning_callback.py")
    assert "warning: step 40, encoder: dimensional collapse" in output
    assert re.search(r"stopped: step \d+, encoder: effective-rank", output) and "'collapse/encoder/effective_rank'" in output


def test_trainer_of_transformers_is_watched():
    pytest.importorskip("transformers", reason="the package transformers is not installed")
    pytest.importorskip("accelerate", reason="the package accelerate, which Trainer needs, is not installed")
    output = output_of("hf_callback.py")
    assert [int(step) for step in re.findall(r"step (\d+): effective rank", output)] == [5, 10, 15, 20]
    assert "warning" not in output
