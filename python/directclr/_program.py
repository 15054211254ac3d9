"""The program `directclr` that comes with the package."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROGRAM = Path(__file__).parent / "_native" / "bin" / "directclr"


def _folder(package: str) -> str:
    """Where a package lies, which is not imported; "" where it is not installed."""
    spec = importlib.util.find_spec(package)
    return spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else ""


def environment() -> dict[str, str]:
    """The program's: where it finds what trains, which only commands that need it load."""
    return {**os.environ, "DIRECTCLR_ENGINE": _folder("directclr_train"), "DIRECTCLR_TORCH": _folder("torch")}


def run(words: Sequence[str | os.PathLike[str]], **how: object) -> subprocess.CompletedProcess:
    """Runs `directclr WORDS`: subprocess.run with the words `how`. Exit statuses are in docs/architecture.md."""
    how.setdefault("env", environment())
    return subprocess.run([str(PROGRAM), *(os.fspath(word) for word in words)], **how)  # type: ignore[call-overload]


def main() -> None:
    os.execve(PROGRAM, ["directclr", *sys.argv[1:]], environment())
