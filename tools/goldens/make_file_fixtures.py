#!/usr/bin/env python3
"""Writes small files in other frameworks' formats to tests/fixtures/files, for the readers' tests.

    .deps/peers/bin/python tools/goldens/make_file_fixtures.py

All hold the same matrix, rows i = 0 .. 19, columns j = 0 .. 2: sin(i + 10 j), in some type.
"""

import io
import os
import tarfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch

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
