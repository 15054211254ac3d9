"""What one writes to see the spectrum of embeddings: read the file, covariance, eigenvalues. Prints JSON.

    python bench/peers/spectrum.py FILE.npy --with numpy|torch
"""

import argparse
import json
import resource
import time

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.add_argument("--with", dest="library", choices=["numpy", "torch"], default="numpy")
arguments = parser.parse_args()

begin = time.perf_counter()
z = np.load(arguments.file)
if arguments.library == "numpy":
    values = np.linalg.eigvalsh(np.cov(z.T, bias=True))[::-1]
else:
    import torch

    sigma = torch.linalg.svdvals(torch.from_numpy(z) - torch.from_numpy(z).mean(0))
    values = (sigma.double() ** 2 / len(z)).numpy()
values = np.maximum(values, 0)
p = values / values.sum()
rank = float(np.exp(-np.sum(p * np.log(np.where(p > 0, p, 1)))))
print(json.dumps({"seconds": time.perf_counter() - begin, "effective_rank": rank, "smallest": float(values[-1]),
                  "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
