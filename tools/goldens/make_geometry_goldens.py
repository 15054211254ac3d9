#!/usr/bin/env python3
"""tests/goldens/geometry.safetensors: measures of rows by NumPy and SciPy, each written from its paper's definition.

    .deps/peers/bin/python tools/goldens/make_geometry_goldens.py
"""

import numpy as np
import torch
from scipy.linalg import fractional_matrix_power
from scipy.spatial.distance import cdist, pdist
from scipy.special import hyp0f1

from make_goldens import write


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def distances(x, k):
    d = cdist(x, x)
    np.fill_diagonal(d, np.inf)
    return np.sort(d, axis=1)[:, :k]


def two_nn(d):
    """As scikit-dimension's: F = i / N of the sorted ratios, the largest tenth left out, slope through the origin."""
    mu = np.sort(d[:, 1] / d[:, 0])[: len(d) * 9 // 10]
    x, y = np.log(mu), -np.log(1 - np.arange(1, len(mu) + 1) / len(d))
    return (x @ y) / (x @ x)


def local_dimension(d):
    m = d.mean(axis=1)
    return float(np.exp(np.mean(np.log(m / (d[:, -1] - m)))))


def cka(x, y):
    """Kornblith et al.'s feature-space form, and the debiased one from Gram matrices with centring in U-statistics."""
    x, y = x - x.mean(0), y - y.mean(0)
    plain = np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))

    def u_centred(k):
        n = len(k)
        k = k.copy()
        np.fill_diagonal(k, 0)
        means = k.sum(0) / (n - 2)
        means -= means.sum() / (2 * (n - 1))
        k -= means[:, None] + means[None, :]
        np.fill_diagonal(k, 0)
        return k

    a, b = u_centred(x @ x.T), u_centred(y @ y.T)
    return plain, (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


def lidar(rows, q, delta=1e-4):
    groups = rows.reshape(-1, q, rows.shape[1])
    n, d = len(groups), rows.shape[1]
    between = np.cov(groups.mean(1).T)
    within = sum(np.cov(g.T) for g in groups) / n + delta * np.eye(d)
    root = fractional_matrix_power(within, -0.5).real
    p = np.linalg.eigvalsh(root @ between @ root)
    p = p[p > 0] / p[p > 0].sum()
    return float(np.exp(-(p * np.log(p)).sum()))


rng = np.random.default_rng(5)
curved = rng.standard_normal((300, 3))
rows = np.concatenate([curved, np.sin(2 * curved), curved[:, :1] * curved[:, 1:2]], axis=1)  # three-dimensional, in 7
other = rows @ rng.standard_normal((7, 4)) + rng.standard_normal((300, 4))
views = np.repeat(rng.standard_normal((40, 5)), 3, axis=0) + 0.4 * rng.standard_normal((120, 5))
d = distances(rows, 16)
plain, debiased = cka(rows, other)
values = {
    "alignment": float((np.linalg.norm(unit(views[0::3]) - unit(views[1::3]), axis=1) ** 2).mean()),
    "uniformity": float(np.log(np.exp(-2 * pdist(unit(rows)) ** 2).mean())),
    "lowest_uniformity_7": float(np.log(hyp0f1(3.5, 4)) - 4),
    "two_nn": float(two_nn(d)),
    "two_nn_likelihood": float((len(d) - 1) / np.log(d[:, 1] / d[:, 0]).sum()),
    "local_dimension": local_dimension(d),
    "cka": float(plain),
    "cka_debiased": float(debiased),
    "lidar": lidar(views, 3),
}
write("geometry", {"rows": torch.tensor(rows), "other": torch.tensor(other), "views": torch.tensor(views),
                   "distances": torch.tensor(d)}, [values])
