"""The program `directclr` that comes with the package."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PROGRAM = Path(__file__).parent / "_native" / "bin" / "directclr"


def run(words: Sequence[str | os.PathLike[str]], **how: object) -> subprocess.CompletedProcess:
    """Runs `directclr WORDS`: subprocess.run with the words `how`. Exit statuses are in docs/architecture.md."""
    return subprocess.run([str(_PROGRAM), *(os.fspath(word) for word in words)], **how)  # type: ignore[call-overload]


def main() -> None:
    os.execv(_PROGRAM, ["directclr", *sys.argv[1:]])
