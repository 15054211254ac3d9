#!/usr/bin/env python3
"""tests/goldens/spectrum.safetensors: what features amount to, by NumPy, each number from its definition in docs/math.md.

    .deps/peers/bin/python tools/goldens/make_spectrum_goldens.py

Only NumPy is used: distances, matrix roots and fits are written out, so that no library's convention hides in them.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

GOLDENS = Path(__file__).resolve().parents[2] / "tests" / "goldens"
VIEWS = 4
NEIGHBOURS = 32
STORED_NEIGHBOURS = 6


def entropy_rank(values):
    p = values[values > 0] / values.sum()
    return np.exp(-(p * np.log(p)).sum())


def unit(x):
    return x / np.sqrt((x**2).sum(1))[:, None]


def all_distances(x):
    return np.sqrt(((x[:, None, :] - x[None, :, :]) ** 2).sum(2))


def power_law(values, first=11, last=100):
    """Slope and R^2 of log lambda_j over log j with weights 1 / j, by the normal equations' QR solver."""
    j = np.arange(first, min(last, len(values)) + 1)
    root = np.sqrt(1 / j)
    design = np.stack([np.ones(len(j)), np.log(j)], 1)
    y = np.log(values[j - 1])
    solution = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
    rest = (root**2 * (y - design @ solution) ** 2).sum()
    spread = (root**2 * (y - np.average(y, weights=1 / j)) ** 2).sum()
    return -solution[1], 1 - rest / spread


def gram_hsic(k, l):
    """The unbiased estimate of HSIC from Gram matrices (Song et al. 2007, Eqn 5), up to the factor that CKA loses."""
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))
    return (k * l).sum() + k.sum() * l.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (k.sum(0) @ l.sum(0))


def linear_cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    plain = (x @ x.T * (y @ y.T)).sum() / np.sqrt(((x @ x.T) ** 2).sum() * ((y @ y.T) ** 2).sum())
    k, l = x @ x.T, y @ y.T
    return plain, gram_hsic(k, l) / np.sqrt(gram_hsic(k, k) * gram_hsic(l, l))


def lidar(x, views, delta=1e-4):
    groups = x.reshape(-1, views, x.shape[1])
    means = groups.mean(1)
    about = means - means.mean(0)
    between = about.T @ about / (len(groups) - 1)
    within = delta * np.eye(x.shape[1])
    for group in groups:
        apart = group - group.mean(0)
        within += apart.T @ apart / (len(groups) * (views - 1))
    values, vectors = np.linalg.eigh(within)
    root = vectors @ np.diag(values**-0.5) @ vectors.T
    return entropy_rank(np.clip(np.linalg.eigvalsh(root @ between @ root), 0, None))


def measure(stored):
    """Arrays and numbers of one matrix of features."""
    x = stored.astype(np.float64)
    n, d = x.shape
    centred = x - x.mean(0)
    lam = np.clip(np.linalg.eigvalsh(centred.T @ centred / n)[::-1], 0, None)
    uncentred = np.clip(np.linalg.eigvalsh(x.T @ x / n)[::-1], 0, None)
    sigma = np.linalg.svd(centred, compute_uv=False)  # to float64's last digits, which roots of lambda are not
    u = unit(x)
    by_sample = u.reshape(-1, VIEWS, d)
    distinct = np.unique(x, axis=0)  # in lexicographic order
    far = all_distances(distinct)
    np.fill_diagonal(far, np.inf)
    near = np.sort(far, 1)[:, :NEIGHBOURS]
    mu = np.sort(near[:, 1] / near[:, 0])
    kept = len(mu) * 9 // 10
    log_mu = np.log(mu[:kept])
    against = -np.log(1 - np.arange(1, kept + 1) / len(mu))
    mean_near = near.mean(1)
    pairs = np.triu_indices(n, 1)
    values = {
        "effective_rank_lambda": entropy_rank(lam),
        "effective_rank_sigma": entropy_rank(sigma),
        "participation_ratio": lam.sum() ** 2 / (lam**2).sum(),
        "stable_rank": lam.sum() / lam[0],
        "cumulative_area": np.mean(np.cumsum(sigma) / sigma.sum()),
        "rankme": entropy_rank(np.linalg.svd(x, compute_uv=False)),
        "normalized_std": u.std(0).mean() * np.sqrt(d),
        "mean_cosine": np.linalg.norm(u.mean(0)),
        "lidar": lidar(x, VIEWS),
        "alignment": ((by_sample[:, 0] - by_sample[:, 1]) ** 2).sum(1).mean(),
        "uniformity": np.log(np.exp(-2 * all_distances(u)[pairs] ** 2).mean()),
        "duplicates": n - len(distinct),
        "two_nn": (log_mu @ against) / (log_mu @ log_mu),
        "two_nn_likelihood": (len(mu) - 1) / np.log(mu).sum(),
        "local_dimension": np.exp(np.mean(np.log(mean_near / (near[:, -1] - mean_near)))),
    }
    if lam[-1] > 1e-9 * lam[0]:  # of dead directions the logarithms are rounding
        values["alpha"], values["r2"] = power_law(lam)
        values["condition_number"] = lam[0] / lam[-1]
    arrays = {"rows": stored, "eigenvalues": lam, "uncentred": uncentred, "distances": near[:, :STORED_NEIGHBOURS]}
    return arrays, {key: float(value) for key, value in values.items()}


def features(rng, samples, scales, rank, offset, noise):
    """Rows in groups of VIEWS that share a sample: of that rank, with these standard deviations in random directions."""
    d = len(scales)
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0][:rank]
    of_samples = np.repeat(rng.standard_normal((samples, rank)), VIEWS, 0)
    rows = of_samples + noise * rng.standard_normal((samples * VIEWS, rank))
    return rows * scales[:rank] @ turn + offset


rng = np.random.default_rng(20220506)
j = np.arange(1, 111)
matrices = {
    # A power law, with a mean that is larger than what varies about it.
    "decaying": features(rng, 60, j**-0.9, 110, 0.4 * rng.standard_normal(110), 0.5).astype(np.float32),
    # 9 of 24 directions alone.
    "deficient": features(rng, 60, np.linspace(2, 0.5, 24), 9, 0, 0.7),
    # Few digits, and rows that are the same.
    "half": features(rng, 60, np.linspace(3, 0.3, 40), 40, 0.5, 0.3).astype(np.float16),
}
matrices["half"][[17, 100, 101]] = matrices["half"][[40, 7, 7]]
arrays, cases = {}, []
for name, rows in matrices.items():
    own, values = measure(rows)
    arrays |= {f"{name}.{key}": np.ascontiguousarray(value) for key, value in own.items()}
    cases.append({"features": name} | values)
names = list(matrices)
for first, second in [(0, 1), (0, 2), (1, 2)]:
    plain, debiased = linear_cka(*(matrices[names[i]].astype(np.float64) for i in (first, second)))
    cases.append({"first": names[first], "second": names[second], "cka": float(plain), "cka_debiased": float(debiased)})
path = GOLDENS / "spectrum.safetensors"
save_file(arrays, path, metadata={"cases": json.dumps(cases)})
print(f"spectrum: {len(cases)} cases, {path.stat().st_size} bytes")
