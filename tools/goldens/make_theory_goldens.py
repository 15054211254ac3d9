#!/usr/bin/env python3
"""Writes tests/goldens/theory.safetensors from PyTorch's automatic differentiation (tools/setup --peers).

    .deps/peers/bin/python tools/goldens/make_theory_goldens.py

The linear contrastive models of the paper's Sections 4 and 5, written as their losses alone: every derivative, every step
of gradient descent, the matrix exponential and the motion of singular values and vectors come from PyTorch.
"""

import torch
from make_goldens import write

torch.set_default_dtype(torch.float64)


def loss(z, z_prime, similarity="distance", negatives="same", temperature=1.0):
    """Summed over the samples; rows are samples here."""
    y = z if negatives == "same" else z_prime
    if similarity == "distance":
        logits = -((z[:, None] - y[None]) ** 2).sum(2) / 2
        positive = -((z - z_prime) ** 2).sum(1) / 2
    else:
        logits = z @ y.T
        positive = (z * z_prime).sum(1)
    logits = torch.where(torch.eye(len(z), dtype=torch.bool), positive[:, None], logits) / temperature
    return torch.nn.functional.cross_entropy(logits, torch.arange(len(z)), reduction="sum")


def make_losses(tensors):
    cases = []
    for number, (n, d, scale) in enumerate([(2, 1, 1.0), (3, 4, 1.0), (7, 3, 0.1), (16, 16, 1.0), (37, 5, 3.0), (128, 16, 1.0)]):
        z = (scale * torch.randn(n, d)).requires_grad_()
        z_prime = (z.detach() + 0.5 * torch.randn(n, d)).requires_grad_()
        tensors[f"loss{number}/z"], tensors[f"loss{number}/z_prime"] = z.detach().T, z_prime.detach().T
        for similarity in ("distance", "dot"):
            for negatives in ("same", "other"):
                for temperature in (1.0, 0.1):
                    value = loss(z, z_prime, similarity, negatives, temperature)
                    gradients = torch.autograd.grad(value, [z, z_prime])
                    key = f"loss{number}/{similarity}-{negatives}-{temperature}/"
                    tensors[key + "grad_z"], tensors[key + "grad_z_prime"] = gradients[0].T, gradients[1].T
                    cases.append({"kind": "loss", "inputs": f"loss{number}/", "prefix": key, "similarity": similarity,
                                  "negatives": negatives, "temperature": temperature, "value": value.item()})
    return cases


def make_descents(tensors):
    """Fifty steps of torch.optim.SGD on a fixed batch, by autograd through the layers."""
    cases = []
    for name, widths, relu in [("one", (6, 6), False), ("two", (6, 5, 6), False), ("deep", (6, 7, 5, 6, 4), False),
                               ("relu", (6, 8, 8, 6), True)]:
        x = torch.randn(24, 6)
        x_prime = x + 0.4 * torch.randn(24, 6)
        layers = [(torch.randn(out, inner) / inner**0.5).requires_grad_() for inner, out in zip(widths, widths[1:])]
        for number, layer in enumerate(layers):
            tensors[f"{name}/initial{number}"] = layer.detach().clone()
        optimizer = torch.optim.SGD(layers, lr=0.1)

        def forward(h):
            for number, layer in enumerate(layers):
                h = h @ layer.T
                if relu and number + 1 < len(layers):
                    h = torch.relu(h)
            return h

        for _ in range(50):
            optimizer.zero_grad()
            value = loss(forward(x), forward(x_prime)) / len(x)
            value.backward()
            optimizer.step()
        for number, layer in enumerate(layers):
            tensors[f"{name}/final{number}"] = layer.detach().clone()
        tensors[f"{name}/x"], tensors[f"{name}/x_prime"] = x.T, x_prime.T
        cases.append({"kind": "descent", "prefix": name + "/", "layers": len(layers), "relu": relu, "loss": value.item()})
    return cases


def make_matrices(tensors):
    """The matrix exponential, and how singular values and vectors move (vectors as projectors, which have no sign)."""
    cases = []
    for number, n in enumerate([3, 6]):
        symmetric = torch.randn(n, n)
        symmetric = symmetric + symmetric.T
        tensors[f"matrix{number}/symmetric"] = symmetric
        tensors[f"matrix{number}/exponential"] = torch.linalg.matrix_exp(0.7 * symmetric)
        w, rate = torch.randn(n, n), torch.randn(n, n)
        values, values_rate = torch.func.jvp(torch.linalg.svdvals, (w,), (rate,))

        def projectors(matrix):
            u, _, vh = torch.linalg.svd(matrix)
            return torch.stack([torch.outer(u[:, k], vh[k]) for k in range(n)])

        _, projectors_rate = torch.func.jvp(projectors, (w,), (rate,))
        tensors.update({f"matrix{number}/w": w, f"matrix{number}/rate": rate, f"matrix{number}/values": values,
                        f"matrix{number}/values_rate": values_rate, f"matrix{number}/projectors_rate": projectors_rate})
        cases.append({"kind": "matrix", "prefix": f"matrix{number}/", "time": 0.7})
    return cases


if __name__ == "__main__":
    torch.manual_seed(4)
    collected = {}
    write("theory", collected, make_losses(collected) + make_descents(collected) + make_matrices(collected))
