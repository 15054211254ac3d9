"""Starts the program for what takes long, and shows its progress."""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from directclr import _core
from directclr._program import PROGRAM, environment
from directclr._runs import Run


class GateFailure(_core.Error):
    """A gate stopped a training (`stop_under`, `stop_over`, `stop_on`), which was saved."""


# Of the program's exit statuses (docs/architecture.md) those that have an error of their own.
_ERRORS = {2: _core.InputError, 4: _core.NumericalError, 5: GateFailure}


def train(
    settings: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str],
    resume: bool = False,
    overwrite: bool = False,
    progress: bool | None = None,
    **more: Any,
) -> Run:
    """Trains as `directclr train` does, which it starts, and gives the run in `out`.

    `settings`: names and values, flat or by section as `Run.settings` has them, or a TOML file; `more` comes on top:
    ``train(data="fashion-mnist", arch="resnet18", epochs=1, out="runs/first")``; `nproc` is how many processes. `progress`:
    True shows the program's bar and notices on sys.stdout, False nothing, None the bar in a terminal or notebook and the
    notices alone elsewhere. Needs ``pip install 'directclr[train]'``.

    Ctrl-C, or a notebook's stop, saves the run and raises KeyboardInterrupt; ``train(out=..., resume=True)`` goes on. Raises
    InputError, NumericalError and GateFailure with the program's line, Error for what else may happen.
    """
    words = ["train", "--out", os.fspath(out)]
    if isinstance(settings, (str, os.PathLike)):
        words += ["--config", os.fspath(settings)]
        settings = None
    words += _options({**_flat(settings or {}), "resume": resume or None, "overwrite": overwrite or None, **more})
    _carry_out(words, progress)
    return Run(out)


def reproduce(
    suite: str, *, out: str | os.PathLike[str], scale: str = "smoke", progress: bool | None = None, **more: Any
) -> dict[str, Any]:
    """A table or figure of the paper as `directclr reproduce` makes it, with its pages in `out`: gives results.json.

    `more`: its options and settings, `seeds=3`, `data="cifar10:DIR"`, `only=["linear-*"]`. Begun again it goes on where it
    was stopped. `progress`, interruption and errors are those of `train`.
    """
    if not {"dry_run", "commands"}.isdisjoint(more):
        raise ValueError("dry_run and commands make no results: directclr.run(['reproduce', ...])")
    if not environment()["DIRECTCLR_ENGINE"]:  # before its runs fail one by one
        raise _core.InputError("directclr-train, which trains and evaluates, is not installed (pip install 'directclr[train]')")
    _carry_out(["reproduce", suite, *_options({"out": os.fspath(out), "scale": scale, **more})], progress)
    return json.loads((Path(out) / "results.json").read_text())


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat.update(_flat(value) if isinstance(value, Mapping) else {name: value})
    return flat


def _options(settings: Mapping[str, Any]) -> list[str]:
    """The command line's words; None is left out."""
    words: list[str] = []
    for name, values in settings.items():
        option = name.replace("_", "-")
        for value in values if isinstance(values, (list, tuple)) else [values]:
            if isinstance(value, bool):
                words.append(f"--{option}" if value else f"--no-{option}")
            elif value is not None:
                words += [f"--{option}", str(value)]
    return words


def _carry_out(words: list[str], progress: bool | None) -> None:
    """Runs the program and raises for a status other than 0."""
    in_notebook = "ipykernel" in sys.modules
    bar = (in_notebook or sys.stdout.isatty()) if progress is None else progress
    ours, its = _terminal() if bar else os.pipe()
    try:
        process = subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=its, stderr=its, env=environment())
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(its)
    interrupted = False
    tail = ""
    text = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while True:
            try:
                some = text.decode(_read(ours))
                if not some and process.poll() is not None:
                    break
                tail = (tail + some)[-1 << 14 :]
                if progress is not False:
                    sys.stdout.write(some)
                    sys.stdout.flush()
                if not some:
                    process.wait()
            except KeyboardInterrupt:  # a second one, by who does not want to wait, ends the program at once
                interrupted = True
                process.send_signal(signal.SIGINT)
    finally:
        os.close(ours)
        if process.poll() is None:
            process.terminate()
            process.wait()
    status = process.returncode
    lines = re.findall(r"(?:^|[\r\n]|\x1b\[K)directclr(?: \[rank \d+\])?: ([^\r\n]*)", tail)
    gates = [line for line in lines[:-1] if "(--stop-" in line]  # a line each, before the one that says where it stopped
    message = "; ".join(gates + lines[-1:]) or f"directclr {words[0]} ended with status {status}"
    causes = {line.partition(" failed: ")[2] for line in lines[:-1] if re.match(r"run \S+ failed: ", line)}
    if len(causes) == 1:
        message += f" ({causes.pop()})"
    if interrupted or status == 3:
        raise KeyboardInterrupt(message)
    if status != 0:
        raise _ERRORS.get(status, _core.Error)(message)


def _read(file: int) -> bytes:
    """The next bytes; none at the end."""
    try:
        return os.read(file, 1 << 16)
    except OSError:  # how a terminal ends
        return b""


def _terminal() -> tuple[int, int]:
    """(our end, the program's) of a terminal as wide as ours, on which it draws its progress."""
    ours, its = pty.openpty()
    columns, rows = shutil.get_terminal_size((120, 24))  # in a notebook
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    modes = termios.tcgetattr(its)
    modes[1] &= ~termios.OPOST  # lines end as the program ends them
    termios.tcsetattr(its, termios.TCSANOW, modes)
    return ours, its
