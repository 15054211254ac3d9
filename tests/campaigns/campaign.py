"""What the campaigns have in common: a small data set, the program, what a run directory says apart from the clock."""

import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = Path(os.environ.get("DIRECTCLR", "build/release/bin/directclr")).resolve()
# A shell ignores SIGINT in what it starts in the background, and so would all that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Claims on cores of their own: other trainings of this user do not take turns with these.
CLAIMS = tempfile.TemporaryDirectory(prefix="directclr-campaign-")
os.environ["XDG_RUNTIME_DIR"] = CLAIMS.name
SMALL = ["--data", "fashion-mnist:data", "--arch", "basic:1,1,1,1:4", "--stem", "small", "--threads", "1",
         "--batch-size", "16", "--projector-dim", "8", "--log-every", "2", "--precision", "float32"]
# What differs between two runs that compute the same.
CLOCK = {"seconds", "images_per_second", "run_id", "train_seconds", "evaluation_seconds", "made_by", "history", "command",
         "run"}


def write_images(folder, train=160, test=40, seed=1):
    """A set in Fashion-MNIST's format. Noise: what is learned does not matter."""
    noise = random.Random(seed)
    folder.mkdir(parents=True)
    for name, count in (("train", train), ("t10k", test)):
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 28, 28) +
                                                           noise.randbytes(784 * count))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) +
                                                           bytes(i % 10 for i in range(count)))


def write_pictures(folder, count=60, seed=1):
    """A folder of small pictures (PPM has no reader here: PNG, stored without compression)."""
    import zlib
    noise = random.Random(seed)
    for i in range(count):
        to = folder / "train" / ("a" if i % 2 else "b")
        to.mkdir(parents=True, exist_ok=True)
        rows = b"".join(b"\0" + noise.randbytes(3 * 100) for _ in range(100))
        chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        (to / f"{i:03}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0)) +
                                         chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))


def start(words, folder, **more):
    return subprocess.Popen([PROGRAM, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def run(words, folder, **more):
    child = start(words, folder, **more)
    out, err = child.communicate(timeout=600)
    return child.returncode, out, err


def must(words, folder, **more):
    status, out, err = run(words, folder, **more)
    if status != 0:
        fail(f"{' '.join(map(str, words))}: status {status}: {err}")
    return out


def fail(message):
    print(f"FAILED: {message}", flush=True)
    sys.exit(1)


def without_clock(value):
    if isinstance(value, dict):
        return {k: without_clock(v) for k, v in value.items() if k not in CLOCK}
    return [without_clock(v) for v in value] if isinstance(value, list) else value


def tensors(path):
    """The tensors of a .safetensors file, as bytes, without its metadata."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + length])
    return {k: (v["dtype"], v["shape"], content[8 + length + v["data_offsets"][0]:8 + length + v["data_offsets"][1]])
            for k, v in header.items() if k != "__metadata__"}


def meaning(path):
    """What a file says apart from the clock and the run's id; None: nothing that could be compared."""
    if path.name in ("environment.json", "machine.json") or path.suffix in (".log", ".html", ".md") or path.name.startswith("events."):
        return None
    if path.suffix == ".json" or path.name == "DONE":
        return without_clock(json.loads(path.read_text()))
    if path.suffix == ".jsonl":
        return [without_clock(json.loads(line)) for line in path.read_text().splitlines()]
    if path.suffix == ".toml":
        return path.read_text().split("\n", 1)[1]
    if path.suffix == ".safetensors":
        return tensors(path)
    return path.read_bytes()


def files(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def lasting(folder):
    """The files, of checkpoints the newest alone: which one is kept besides depends on where a run was stopped."""
    step = lambda path: int(path.stem.split("-")[1])
    names = files(folder)
    saved = [n for n in names if n.parent.name == "checkpoints" and n.suffix == ".safetensors"]
    return [n for n in names if n not in saved or step(n) == max(step(s) for s in saved if s.parent == n.parent)]


def compare(folder, reference, what):
    """Every file there and no other, and each says the same."""
    here, there = lasting(folder), lasting(reference)
    if here != there:
        fail(f"{what}: left over {[str(p) for p in here if p not in there]}, missing {[str(p) for p in there if p not in here]}")
    for name in here:
        if meaning(folder / name) != meaning(reference / name):
            fail(f"{what}: {name} differs from that of an undisturbed run")
