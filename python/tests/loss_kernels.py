"""The losses' kernels, which the tests of directclr.torch call, also in a process without PyTorch.

    python loss_kernels.py TILE.npy FOUND.npz THREADS
"""

import sys

import numpy as np

from directclr import _core


def kernels_of(tile, threads):
    """What each of them leaves of a tile, float32 (h, w), by name."""
    rows, columns = np.zeros(tile.shape[0]), np.zeros(tile.shape[1])
    exponentials, again, weights = tile.copy(), tile.copy(), np.empty_like(tile)
    u, v = tile[:, 0].copy(), tile[0].copy()
    _core.pair_exponentials(exponentials, 10, 10.001, 3, rows, columns, threads)
    _core.pair_weights_of_exponentials(exponentials, u, v, weights, threads)
    _core.pair_weights(again, 10, 10.001, 3, u, v, threads)
    return {"exponentials": exponentials, "rows": rows, "columns": columns, "weights": weights, "again": again}


if __name__ == "__main__":
    np.savez(sys.argv[2], **kernels_of(np.load(sys.argv[1]), int(sys.argv[3])))
    assert "torch" not in sys.modules
