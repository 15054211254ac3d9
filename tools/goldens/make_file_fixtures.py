#!/usr/bin/env python3
"""Writes small files in other frameworks' formats to tests/fixtures/files, for the readers' tests.

    .deps/peers/bin/python tools/goldens/make_file_fixtures.py

All hold the same matrix, rows i = 0 .. 19, columns j = 0 .. 2: sin(i + 10 j), in some type.
"""

import argparse
import io
import os
import pickle
import sys
import tarfile
import types
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from safetensors.torch import save_file

FILES = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "files"
FILES.mkdir(exist_ok=True)
i, j = np.mgrid[0:20, 0:3]
matrix = np.sin(i + 10.0 * j)
tensor = torch.from_numpy(matrix)


class Code:
    """What a hostile pickle looks like: a function that would be called when it is loaded."""

    def __reduce__(self):
        return (os.getenv, ("HOME",))


torch.save(tensor.float(), FILES / "tensor.pt")
torch.save(tensor.bfloat16(), FILES / "bfloat16.pt")
storage = torch.cat([torch.full((5,), -1.0), tensor.float().flatten()])
torch.save(
    {
        "model": OrderedDict(
            [
                ("fc.weight", torch.nn.Parameter(tensor.float())),
                ("fc.bias", torch.arange(3.0)),
                ("steps", torch.tensor(7)),
            ]
        ),
        "parts": [tensor.half(), storage[5:].view(20, 3), tensor.t()],  # a view with an offset; one not contiguous
        "epoch": 3,
        "lr": 0.5,
        "note": "text",
        "nothing": None,
        "size": tensor.shape,
    },
    FILES / "checkpoint.pth",
)
torch.save({"weight": tensor.float(), "code": Code()}, FILES / "code.pt")
torch.save(tensor.float(), FILES / "legacy.pt", _use_new_zipfile_serialization=False)
np.savez(FILES / "arrays.npz", features=matrix.astype(np.float32), labels=np.arange(20))
np.savez_compressed(FILES / "compressed.npz", features=matrix)
np.savetxt(FILES / "rows.csv", matrix, delimiter=",", header="a,b,c", comments="", fmt="%.17g")

# A WebDataset of embeddings: one sample a key, (3) each but for the first two, which come as one (2, 3); other files and
# another array lie between them.
with tarfile.open(FILES / "embeddings.tar", "w", format=tarfile.PAX_FORMAT) as archive:

    def member(name, content):
        information = tarfile.TarInfo(name)
        information.size = len(content)
        archive.addfile(information, io.BytesIO(content))

    def array(values):
        buffer = io.BytesIO()
        np.save(buffer, values)
        return buffer.getvalue()

    member("00000.emb.npy", array(matrix[:2]))
    for i in range(2, 20):
        member(f"{i:05}.emb.npy", array(matrix[i]))
        if i < 4:
            member(f"{i:05}.json", b"{}")
            member(f"{i:05}.logits.npy", array(matrix[i, :2]))

# What lies beside the matrix: other orders of elements and bytes, other types, text, records.
f4, big = matrix.astype(np.float32), matrix.astype(">f4")
np.save(FILES / "fortran.npy", np.asfortranarray(matrix))
np.save(FILES / "big_endian.npy", big)
np.save(FILES / "integers.npy", np.arange(12, dtype=np.int16).reshape(4, 3))
np.save(FILES / "text.npy", np.array([["a", "b"]]))
records = np.zeros(20, [("x", "<f4"), ("y", "<i4", (3,))])
companions = {
    "names": np.array(["a.jpg", "b.jpg"]),
    "labels": np.arange(20, dtype=np.int32),
    "counts": np.arange(40, dtype=np.int64).reshape(20, 2),
    "good": np.ones(20, bool),
    "records": records,
    "phases": np.exp(1j * matrix),
}
np.savez(FILES / "companions.npz", features=np.asfortranarray(big), **companions)
np.savez_compressed(FILES / "fortran_compressed.npz", features=np.asfortranarray(f4))
np.savez(FILES / "no_matrix.npz", **companions)

# Numbers of 8 bits: all of each type, and what PyTorch takes them for.
every = torch.arange(256, dtype=torch.uint8).reshape(16, 16)
e4m3, e5m2 = every.view(torch.float8_e4m3fn), every.clone().view(torch.float8_e5m2)
save_file({"e4m3": e4m3, "e5m2": e5m2, "labels": torch.arange(16).short()}, FILES / "float8.safetensors")
torch.save({"e4m3": e4m3, "e5m2": e5m2}, FILES / "float8.pt")
np.savez(FILES / "float8_values.npz", e4m3=e4m3.float().numpy(), e5m2=e5m2.float().numpy())

# Whatever torch.load(weights_only=True) reads, and objects of classes that it refuses.
tensor = tensor.float()
wide = torch.full((20, 7), -1.0)
wide[:, 2:5] = tensor
torch.save(
    {
        "turned": tensor.t().contiguous().t(),
        "columns": wide[:, 2:5],
        "every_second": tensor.repeat_interleave(2, 0)[::2],
        "repeated": tensor[:1].expand(20, 3),
        "number": torch.tensor(1.5),
        "empty": torch.zeros(0, 3),
        "column": wide[:, 2],
    },
    FILES / "views.pt",
)
plain = {
    "f": tensor,
    "labels": torch.arange(20).to(torch.uint16),
    "good": torch.ones(20, dtype=torch.bool),
    "phases": torch.complex(tensor, tensor),
    "sparse": tensor.to_sparse(),
    "quantized": torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8),
    "milestones": Counter([30, 60]),
    "by_default": defaultdict(list, a=[1]),
    "seen": {1, 2},
    "frozen": frozenset([3]),
    "device": torch.device("cpu"),
    "type": torch.float16,
    "size": torch.Size([2, 3]),
    "bytes": b"x",
    "array": bytearray(b"y"),
    "scalar": np.float64(0.5),
    "large": 1 << 80,
    "layout": torch.strided,
}
for protocol in (2, 4, 5):
    torch.save(plain, FILES / f"plain_{protocol}.pt", pickle_protocol=protocol)
torch.manual_seed(0)
torch.save(
    {"f": tensor, "args": argparse.Namespace(lr=0.1), "path": PurePosixPath("a"), "model": torch.nn.Linear(3, 2)},
    FILES / "objects.pth",
)
torch.save(torch.nn.Linear(3, 2), FILES / "module.pt")
torch.save({"f": matrix}, FILES / "numpy_in_pickle.pt")
torch.save([tensor[:8], tensor[8:]], FILES / "batches.pt")
torch.save({"outputs": [(tensor[:8], torch.arange(8)), (tensor[8:], torch.arange(12))]}, FILES / "outputs.pt")
torch.save({f"img{k}.jpg": row for k, row in enumerate(tensor)}, FILES / "by_name.pt")
torch.save({"rows": list(tensor), "mean": tensor.mean(0)}, FILES / "mean_beside.pt")
torch.save({"train": tensor, "test": tensor[:5]}, FILES / "two_sets.pt")
# Vectors of one length that are not one set of rows, and parts of a matrix in several files.
rows = [(row, -row) for row in tensor]
torch.save([{"emb": row, "proj": other} for row, other in rows], FILES / "dictionaries.pt")
torch.save(rows, FILES / "pairs.pt")
torch.save({f"i{k}.jpg": pair for k, pair in enumerate(rows)}, FILES / "pairs_by_name.pt")
torch.save({"emb": dict(enumerate(tensor)), "proj": dict(enumerate(-tensor))}, FILES / "sets_by_name.pt")
torch.save({"outputs": [(tensor[:8], -tensor[:8]), (tensor[8:], -tensor[8:])]}, FILES / "pairs_of_batches.pt")
torch.save([tensor[:5], tensor[5:10]], FILES / "shard_0.pt")
torch.save([tensor[10:15], tensor[15:19], tensor[19]], FILES / "shard_1.pt")  # the last batch squeezed
torch.save({"emb": tensor.tolist(), "centroids": tensor[:2], "betas": (0.9, 0.999)}, FILES / "numbers_beside.pt")
torch.save(tensor.tolist(), FILES / "numbers.pt")
torch.save([{"emb": row.tolist() * 3, "label": k} for k, row in enumerate(tensor)], FILES / "numbers_in_dictionaries.pt")
np.savez(FILES / "by_number.npz", **{str(k): row for k, row in enumerate(matrix)})
with open(FILES / "pickle.pkl", "wb") as stream:
    pickle.dump(matrix, stream)
with tarfile.open(FILES / "legacy.pth.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
    for name in ("sys_info", "pickle", "storages", "tensors"):  # of PyTorch before 0.1.10
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())

# Checkpoints of training: wrapped, with a copy that follows, a queue and an optimiser's state.
torch.manual_seed(0)


def network():
    return torch.nn.Sequential(
        OrderedDict(
            conv1=torch.nn.Conv2d(3, 4, 3, bias=False),
            bn1=torch.nn.BatchNorm2d(4),
            fc=torch.nn.Sequential(torch.nn.Linear(4, 4)),
        )
    )


query, key = network(), network()
optimizer = torch.optim.SGD(query.parameters(), 0.1, momentum=0.9)
query.conv1(torch.randn(2, 3, 8, 8)).sum().backward()
optimizer.step()
names = {f"module.encoder_{n}.{k}": v for n, m in (("q", query), ("k", key)) for k, v in m.state_dict().items()}
names["module.queue"] = torch.randn(4, 16)
torch.save({"epoch": 1, "state_dict": names, "optimizer": optimizer.state_dict()}, FILES / "moco.pth.tar")
save_file({k: v.contiguous() for k, v in names.items()}, FILES / "moco.safetensors")
torch.save(
    {
        "student": {f"module.backbone.{k}": v for k, v in query.state_dict().items()},
        "teacher": {f"backbone.{k}": v for k, v in key.state_dict().items()},
    },
    FILES / "dino.pth",
)


class AttributeDict(dict):
    """Stands for Lightning's, whose name it takes: a dictionary that is read as an object."""


AttributeDict.__module__ = "lightning.fabric.utilities.data"
for end in (9, 16, 26, 31):  # "lightning", "lightning.fabric", ..
    sys.modules[AttributeDict.__module__[:end]] = types.ModuleType(AttributeDict.__module__[:end])
sys.modules[AttributeDict.__module__].AttributeDict = AttributeDict
torch.save(
    {
        "state_dict": {f"model._orig_mod.{k}": v for k, v in query.state_dict().items()},
        "hyper_parameters": AttributeDict(lr=0.1),
        "pytorch-lightning_version": "2.5.0",
    },
    FILES / "lightning.ckpt",
)
torch.save(query.state_dict(), FILES / "pytorch_model.bin")
torch.save(query.to(memory_format=torch.channels_last).state_dict(), FILES / "channels_last")
