import json
import os
import subprocess

import numpy as np
import pytest

directclr = pytest.importorskip("directclr._core", reason="the native part is not installed") and __import__("directclr")
Image = pytest.importorskip("PIL.Image")

SIDE, IMAGES, BATCH, D = 16, 160, 16, 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(1)
    for name in ("cat", "dog"):
        (root / "train" / name).mkdir(parents=True)
        for i in range(IMAGES // 2):
            coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8))
            coarse.resize((24, 24), Image.Resampling.BICUBIC).save(root / "train" / name / f"{i:03}.png")
    return f"folder:{root}"


AUGMENT = {"image_size": SIDE}
W = np.random.default_rng(2).normal(size=(3 * SIDE * SIDE, D)) / 40


def forward(images):
    return np.tanh(np.asarray(images).reshape(len(images), -1) @ W)


def explained(folder, encoder=forward, **how):
    return directclr.explain(encoder, folder, **{"framework": "numpy", "preset": "cifar", "augment": AUGMENT, "batch": BATCH,
                                                 "images": IMAGES, "attribution": False, "examples": 3, **how})


def batches(folder, encoder=forward):
    """Features of the views of each batch, through the loader."""
    loader = directclr.Loader(folder, batch_size=BATCH, framework="numpy", preset="cifar", **AUGMENT)
    return [(encoder(b.views[0]), encoder(b.views[1])) for b in loader]


def contrast(h_a, h_b, z_a, z_b, tau):
    """X of one batch, term by term, with the softmax of InfoNCE's distances (tau) or of Eqn 2's own (None)."""
    n = len(h_a)
    if tau is not None:
        z_a, z_b = (z / np.linalg.norm(z, axis=1, keepdims=True) / np.sqrt(tau) for z in (z_a, z_b))
    logits = -((z_a[:, None] - z_a[None]) ** 2).sum(-1) / 2
    logits[np.arange(n), np.arange(n)] = -((z_a - z_b) ** 2).sum(-1) / 2
    alpha = np.exp(logits - logits.max(1, keepdims=True))
    alpha /= alpha.sum(1, keepdims=True)
    x = np.zeros((h_a.shape[1],) * 2)
    for i in range(n):
        for j in range(n):
            if i != j:
                x += alpha[i, j] * np.outer(h_a[i] - h_a[j], h_a[i] - h_a[j])
        x -= (1 - alpha[i, i]) * np.outer(h_b[i] - h_a[i], h_b[i] - h_a[i])
    return x / n


def test_x_and_its_directions_are_those_of_the_definition(folder):
    found = explained(folder, tau=0.2).to_dict()
    seen = batches(folder)
    assert found["images"] == IMAGES and len(seen) == IMAGES // BATCH
    for name, tau in (("x", 0.2), ("x_eqn2", None)):
        every = [contrast(a, b, a, b, tau) for a, b in seen]
        expected = np.linalg.eigvalsh(np.mean(every, axis=0))[::-1]
        np.testing.assert_allclose(found[name]["eigenvalues"], expected, atol=1e-9 * abs(expected).max())
    every = [contrast(a, b, a, b, 0.2) for a, b in seen]
    vectors = np.linalg.eigh(np.mean(every[::2], axis=0))[1][:, ::-1]
    along = np.array([((x @ vectors) * vectors).sum(0) for x in every[1::2]])
    np.testing.assert_allclose(found["x"]["held_out"], along.mean(0), atol=1e-8 * abs(along).max())
    np.testing.assert_allclose(found["x"]["standard_error"], along.std(0, ddof=1) / np.sqrt(len(along)), rtol=1e-5)


def nce(z_a, z_b, tau):
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (z_a, z_b))
    s = a @ b.T / tau
    rows = np.log(np.exp(s).sum(1)) - np.diag(s)
    return (rows.mean() + (np.log(np.exp(s).sum(0)) - np.diag(s)).mean()) / 2


def test_growth_is_the_change_of_singular_values_along_the_gradient(folder):
    weight = np.random.default_rng(3).normal(size=(5, D))
    growth = explained(folder, weight=weight, bias=np.full(5, 0.1), tau=0.5).to_dict()["growth"]
    seen, step = batches(folder), 1e-5
    gradient = np.zeros_like(weight)
    for index in np.ndindex(weight.shape):
        ends = []
        for sign in (1, -1):
            moved = weight.copy()
            moved[index] += sign * step
            ends.append(np.mean([nce(a @ moved.T + 0.1, b @ moved.T + 0.1, 0.5) for a, b in seen]))
        gradient[index] = (ends[0] - ends[1]) / (2 * step)
    u, s, vt = np.linalg.svd(weight, full_matrices=False)
    assert growth["singular"]
    np.testing.assert_allclose(growth["size"], s, rtol=1e-6)
    np.testing.assert_allclose(growth["exact"], -np.diag(u.T @ gradient @ vt.T) / s, atol=1e-6)


def test_every_framework_type_and_block_gives_the_same(folder):
    expected = explained(folder).to_dict()
    assert explained(folder, block=7).to_dict() == expected
    torch = pytest.importorskip("torch")
    seen = []

    def encoder(images):
        seen.append((len(images), images.is_contiguous(memory_format=torch.channels_last), torch.is_grad_enabled()))
        return torch.tanh(images.double().flatten(1) @ torch.tensor(W))

    other = explained(folder, encoder, framework=None, block=24).to_dict()
    np.testing.assert_allclose(other["x"]["eigenvalues"], expected["x"]["eigenvalues"], rtol=1e-9)
    assert set(seen) == {(24, True, False), (8, True, False)}
    kinds = set()
    explained(folder, lambda x: (kinds.add(str(x.dtype)), forward(x / np.float32(255)))[1], dtype="uint8")
    assert kinds == {"uint8"}


def test_tokens_of_a_vision_transformer(folder):
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(0)
    net = models.VisionTransformer(SIDE, 4, num_layers=2, num_heads=2, hidden_dim=D, mlp_dim=24).eval()

    def tokens(images):  # (n, 1 + 16, D)
        x = net._process_input(torch.as_tensor(images))
        return net.encoder(torch.cat([net.class_token.expand(len(x), -1, -1), x], 1))

    for encoder in (lambda x: tokens(x)[:, 0], lambda x: tokens(x)[:, 1:].mean(1)):
        found = explained(folder, encoder, framework="torch", tau=0.2).to_dict()
        with torch.no_grad():
            seen = batches(folder, lambda x: encoder(x).double().numpy())
        expected = np.linalg.eigvalsh(np.mean([contrast(a, b, a, b, 0.2) for a, b in seen], axis=0))[::-1]
        np.testing.assert_allclose(found["x"]["eigenvalues"], expected, atol=1e-5 * abs(expected).max())
    with pytest.raises(directclr.InputError, match=r"features: expected \(N, D\), got \(32, 17, 12\): pool tokens"):
        explained(folder, tokens, framework="torch")
    with pytest.raises(directclr.InputError, match="features: .*dict of hidden, pooled: give one of them"):
        explained(folder, lambda x: {"hidden": tokens(x), "pooled": tokens(x)[:, 0]}, framework="torch")


def test_an_augmentation_that_drowns_directions_is_found_and_named(folder):
    """Features of the mean colour, which the jitter changes, and of shape, which it does not."""

    def encoder(images):
        x = np.asarray(images).transpose(0, 2, 3, 1)
        shape = x.mean(3)[:, ::4, ::4].reshape(len(x), -1)[:, :6]
        return np.concatenate([shape, 3 * x.mean((1, 2))], axis=1)

    e = explained(folder, encoder, attribution=True,
                  augment={**AUGMENT, "jitter_probability": 1.0, "jitter_brightness": 0.9})
    assert e.confidence in ("high", "moderate", "low") and e.finding in str(e) and e.finding in repr(e)
    assert "is at work" in e.finding and "<pre>" in e._repr_html_()
    shares = e.attribution
    assert shares["as trained"][1] > 1
    alone = {name: weak for name, (_, weak) in shares.items() if name.endswith("alone")}
    assert max(alone, key=alone.get) == "brightness alone" and alone["flip alone"] < 0.1


def test_bad_input_is_named(folder):
    few = explained(folder, images=64)
    assert few.confidence == "none" and "too few" in few.finding
    for how, error in (({"batch": 100}, "do not fill"), ({"loss": "infonec"}, "infonce"), ({"imags": 9}, "images"),
                       ({"weight": np.ones(3)}, "weight"), ({"weight": np.ones((2, D)), "bias": np.ones(3)}, "bias"),
                       ({"weight": np.ones((2, D + 1))}, "expected"), ({"dtype": "int8"}, "dtype"), ({"block": 0}, "block"),
                       ({"framework": "jax"}, "framework"), ({"batch": 1}, "^batch: 1; at least 2 images"),
                       ({"augment": [1]}, "^augment: expected a dict"), ({"skip_bad": "x"}, "^skip_bad: "), ({"out": 3}, "^out: "),
                       ({"preset": None}, "^preset: "), ({"workers": 1025}, "^workers: ")):
        with pytest.raises(ValueError, match=error):
            explained(folder, **how)
    for encoder, error in ((lambda x: forward(x)[:, 0], "expected .N, D."), (lambda x: forward(x)[:3], "3 rows for 32"),
                           (lambda x: forward(x).astype(int), "floating")):
        with pytest.raises(ValueError, match=error):
            explained(folder, encoder)
    with pytest.raises(directclr.NumericalError):
        explained(folder, lambda x: forward(x) * np.nan)

    class Mine(Exception):
        pass

    def failing(images):
        raise Mine("no")

    with pytest.raises(Mine):
        explained(folder, failing)


def test_the_program_gives_the_same_numbers_for_the_same_network(folder, tmp_path):
    program = os.environ.get("DIRECTCLR_PROGRAM")
    if not program:
        pytest.skip("DIRECTCLR_PROGRAM names no program with libtorch")
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(0)
    net = models.resnet18(num_classes=4)
    torch.save(net.state_dict(), tmp_path / "net.pth")
    net.fc = torch.nn.Identity()
    net.eval()
    words = ["--json", "explain", str(tmp_path / "net.pth"), "--arch", "resnet18", "--data", folder, "--preset", "cifar",
             "--image-size", "16", "--images", str(IMAGES), "--batch", str(BATCH), "--no-attribution", "--examples", "0",
             "--out", str(tmp_path / "out")]
    done = subprocess.run([program, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = json.loads(done.stdout)
    found = explained(folder, net, framework="torch", examples=0).to_dict()
    for part in ("x", "x_eqn2"):
        scale = abs(np.array(expected[part]["eigenvalues"])).max()
        np.testing.assert_allclose(found[part]["eigenvalues"], expected[part]["eigenvalues"], atol=1e-4 * scale)
    np.testing.assert_allclose(found["weak"]["share"], expected["weak"]["share"], rtol=0.02)
    assert found["conclusion"]["confidence"] == expected["conclusion"]["confidence"]
