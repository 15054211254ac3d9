import ctypes
import math
import multiprocessing
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import torch.distributed as dist
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

import loss_kernels
from directclr import _core
from directclr.torch import align_uniform, barlow_twins, info_nce, losses, nt_xent, spectral, vicreg
from torch_goldens import read_goldens
from torch_processes import in_processes

TILED = [info_nce, nt_xent]
ALL = [*TILED, spectral]
RELATIVES = [align_uniform, barlow_twins, vicreg]
NAMES = {"infonce": info_nce, "ntxent": nt_xent, "spectral": spectral, "align-uniform": align_uniform,
         "barlow-twins": barlow_twins, "vicreg": vicreg}  # the program's


def test_every_loss_of_the_library_is_here():
    assert _core.losses() == list(NAMES)


def dense(function, z_a, z_b, tau):
    """The definitions, with the whole matrix."""
    a, b = F.normalize(z_a), F.normalize(z_b)
    n = len(a)
    s, target = a @ b.T / tau, torch.arange(n)
    if function is info_nce:
        return (F.cross_entropy(s, target) + F.cross_entropy(s.T, target)) / 2
    if function is nt_xent:
        both = torch.cat([a, b])
        logits = (both @ both.T / tau).masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
        return F.cross_entropy(logits, torch.cat([target + n, target]))
    others = s[~torch.eye(n, dtype=torch.bool)].square().sum() / (n * (n - 1))
    return -2 * s.diagonal().mean() + others


def views(n, p, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    return [torch.randn(n, p, dtype=dtype).requires_grad_() for _ in range(2)]


@pytest.fixture(params=[1 << 22, 50, 1], ids=["one block", "several blocks", "single rows"])
def block(request, monkeypatch):
    monkeypatch.setattr(losses, "_BLOCK_ELEMENTS", request.param)
    monkeypatch.setattr(losses, "_KERNEL_ELEMENTS", request.param)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 2e-5)])
def test_golden_values_and_gradients(block, dtype, tolerance):
    tensors, cases = read_goldens("losses")
    assert len(cases) >= 6
    for case in cases:
        for name, function in [("infonce", info_nce), ("ntxent", nt_xent)]:
            z = [tensors[case["prefix"] + view].to(dtype, copy=True).requires_grad_() for view in ("z_a", "z_b")]
            value = function(*z, tau=case["tau"])
            value.backward()
            assert value.dtype == dtype
            assert value.item() == pytest.approx(case[name], rel=tolerance, abs=tolerance)
            for side, view in zip("ab", z):
                expected = tensors[f"{case['prefix']}{name}/grad_{side}"]
                limit = tolerance * (1 + 0.1 / case["tau"]) * (1 + expected.abs().max())
                assert (view.grad - expected).abs().max() <= limit, case


@pytest.mark.parametrize("function", ALL)
def test_gradients_are_those_of_finite_differences(block, function):
    assert torch.autograd.gradcheck(lambda a, b: function(a, b, tau=0.3), views(7, 4))


def learned(tau, dtype=torch.float64, shape=()):
    return torch.full(shape, tau, dtype=dtype, requires_grad=True)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_learned_temperature_has_the_gradient_of_finite_differences(block, function, shape):
    assert torch.autograd.gradcheck(lambda a, b, tau: function(a, b, tau=tau), (*views(7, 4), learned(0.3, shape=shape)))


def test_a_learned_scale_of_align_uniform_has_the_gradient_of_finite_differences():
    assert torch.autograd.gradcheck(lambda a, b, t: align_uniform(a, b, t=t), (*views(7, 4), learned(2.3)))


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("tau", [0.01, 0.1, 2.0])  # the first without the kernels
def test_a_learned_temperature_has_the_gradient_of_the_dense_definition_in_float32(function, tau):
    z = [view.detach() for view in views(23, 6)]
    expected, found = learned(tau), learned(tau, torch.float32)
    dense(function, *z, expected).backward()
    function(*[view.float() for view in z], tau=found).backward()
    torch.testing.assert_close(found.grad.double(), expected.grad, rtol=1e-4, atol=0)
    scale = learned(math.log(1 / tau), torch.float32)
    function(*[view.float() for view in z], tau=1 / scale.exp()).backward()
    torch.testing.assert_close(scale.grad, -tau * found.grad, rtol=1e-4, atol=0)


def test_a_learned_temperature_is_one_number():
    tau = learned(0.1)
    for function in TILED:
        function(*views(1, 3), tau=tau).backward()
        assert tau.grad == 0
        with pytest.raises(ValueError, match="expected one tau"):
            function(*views(4, 3), tau=learned(0.1, shape=(2,)))


@pytest.mark.parametrize("function", [*ALL, align_uniform])
def test_second_derivatives_raise_whichever_way_they_are_asked_for(function):
    a, b = views(7, 4)

    def gradient(factor=1):
        return torch.autograd.grad(factor * function(a, b), a, create_graph=True)[0]

    for ask in (lambda: gradient().pow(2).sum().backward(), lambda: torch.autograd.grad(gradient().sum(), a),
                lambda: torch.autograd.grad(gradient(learned(2.0)).sum(), a),
                lambda: torch.autograd.functional.hessian(lambda x: function(x, b.detach()), a),
                lambda: torch.autograd.functional.hessian(lambda x: function(b.detach(), x), a)):
        with pytest.raises(RuntimeError, match="differentiable once"):
            ask()
    torch.testing.assert_close(gradient(), torch.autograd.grad(function(a, b), a)[0])


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("tau", [0.01, 0.1, 2.0])
def test_equals_the_dense_definition(block, function, tau):
    z = views(23, 6)
    value, expected = function(*z, tau=tau), dense(function, *z, tau)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(torch.autograd.grad(value, z), torch.autograd.grad(expected, z))


def test_one_image_and_collapsed_rows():
    z = views(1, 3)
    for function in (info_nce, nt_xent):
        value = function(*z)
        assert value.item() == 0
        assert all(not g.any() for g in torch.autograd.grad(value, z))
    assert spectral(*z, tau=0.5).item() == pytest.approx(-2 * F.cosine_similarity(*z).item() / 0.5)
    same = torch.ones(9, 3)
    assert info_nce(same, same).item() == pytest.approx(math.log(9), rel=1e-6)
    assert nt_xent(same, same).item() == pytest.approx(math.log(17), rel=1e-6)
    zero = torch.zeros(4, 3, requires_grad=True)
    info_nce(zero, zero).backward()
    assert zero.grad.isfinite().all()


@pytest.mark.parametrize("function", ALL)
def test_computes_in_float32_under_autocast(function):
    z = views(40, 16, torch.float32)
    alone = function(*z, tau=0.05)
    gradients = torch.autograd.grad(alone, z)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = function(*z, tau=0.05)
        inside = torch.autograd.grad(value, z)
    assert value.dtype == torch.float32 and value.item() == alone.item()
    torch.testing.assert_close(inside, gradients, rtol=0, atol=0)
    half = [view.detach().bfloat16().requires_grad_() for view in z]
    value = function(*half, tau=0.05)
    value.backward()
    assert value.dtype == torch.float32 and half[0].grad.dtype == torch.bfloat16


class Elements(torch.utils._python_dispatch.TorchDispatchMode):
    """The most elements of any tensor that is made while it is on."""

    most = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(tensor, torch.Tensor):
                self.most = max(self.most, tensor.numel())
        return out


@pytest.mark.parametrize("function", ALL)
def test_never_holds_all_similarities(monkeypatch, function):
    monkeypatch.setattr(losses, "_BLOCK_ELEMENTS", 2000)
    monkeypatch.setattr(losses, "_KERNEL_ELEMENTS", 2000 // torch.get_num_threads())
    z = views(300, 4, torch.float32)
    with Elements() as seen:
        function(*z, **({"similarity_memory": 4 * 300 * 300 - 1} if function in TILED else {})).backward()
    assert 1200 <= seen.most <= 2000


@pytest.mark.parametrize("function", TILED)
@pytest.mark.parametrize("tau", [0.024, 0.026, 0.5])
def test_kept_similarities_give_the_bits_of_those_made_again(monkeypatch, function, tau):
    monkeypatch.setattr(losses, "_KERNEL_ELEMENTS", 500)
    products, product = [], losses.product_with_transposed
    monkeypatch.setattr(losses, "product_with_transposed", lambda a, b: products.append(1) or product(a, b))
    found = {}
    for memory in (4 * 70 * 70 - 1, 4 * 70 * 70):
        z = views(70, 8, torch.float32)
        products.clear()
        value = function(*z, tau=tau, similarity_memory=memory)
        found[memory] = [value, *torch.autograd.grad(value, z, retain_graph=True)]
        made = len(products)
        for first, second in zip(found[memory][1:], torch.autograd.grad(value, z)):
            assert torch.equal(first, second)  # what is kept stays as it is
        found[memory].append(made)
    (*again, of_again), (*kept, of_kept) = found.values()
    for first, second in zip(again, kept):
        assert torch.equal(first, second)
    assert of_kept == 3 * of_again // 4 and (of_kept > 0) == (tau > 0.025)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("tau", [0.024, 0.026, 0.5])
def test_float32_goes_by_the_kernels_as_float64_goes_without(function, tau):
    wide = views(65, 8)
    narrow = [view.detach().float().requires_grad_() for view in wide]
    assert losses._by_kernels(narrow[0], tau) == (tau > 0.025) and not losses._by_kernels(wide[0], tau)
    value, expected = function(*narrow, tau=tau), function(*wide, tau=tau)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    for found, gradient in zip(torch.autograd.grad(value, narrow), torch.autograd.grad(expected, wide)):
        torch.testing.assert_close(found.double(), gradient, rtol=0, atol=3e-5 * gradient.abs().max().item())


@pytest.mark.skipif(sys.version_info >= (3, 11) and not hasattr(torch, "compiler"),
                    reason="torch 2.0 does not compile under Python 3.11")
@pytest.mark.parametrize("function", ALL)
def test_compiled_they_give_the_same(function):
    z = views(20, 6, torch.float32)
    compiled = torch.compile(lambda a, b: function(a * 2, b, tau=0.2), backend="eager")
    value, expected = compiled(*z), function(*z, tau=0.2)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(torch.autograd.grad(value, z), torch.autograd.grad(expected, z))


@pytest.mark.parametrize("function", [*ALL, *RELATIVES])
def test_checkpointed_they_give_the_same(function):
    z = views(20, 6, torch.float32)
    value = checkpoint(function, *z, use_reentrant=False)
    for found, expected in zip(torch.autograd.grad(value, z), torch.autograd.grad(function(*z), z)):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("function", ALL)
def test_refuses_what_it_cannot_take(function):
    z = torch.randn(4, 3)
    for a, b in [(z, z[:3]), (z[0], z[0]), (z[:0], z[:0]), (z, z.double()), (z.long(), z.long())]:
        with pytest.raises(ValueError, match="expected"):
            function(a, b)
    for tau in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="tau"):
            function(z, z, tau=tau)


def tile_of(rows, columns):
    return np.random.default_rng(rows).uniform(-1, 1, (rows, columns)).astype(np.float32)


def test_kernels_give_the_same_bits_on_any_threads(tmp_path):
    tile = tile_of(200, 131)  # four ranges of rows
    np.save(tmp_path / "tile.npy", tile)
    words = [sys.executable, loss_kernels.__file__, tmp_path / "tile.npy", tmp_path / "found.npz", "2"]
    subprocess.run(words, check=True)  # on the library's threads
    found = np.load(tmp_path / "found.npz")
    for threads in (1, 2, 3, 7):
        made = loss_kernels.kernels_of(tile, threads)
        assert set(made) == set(found)
        for name, values in made.items():
            np.testing.assert_array_equal(values, found[name], err_msg=f"{name}, {threads} threads")
    wide = np.exp(10 * tile.astype(np.float64) - 10.001)
    wide[np.arange(128), np.arange(3, 131)] = 0
    np.testing.assert_allclose(found["columns"], wide.sum(0), rtol=1e-5)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "GOMP_parallel"), reason="this torch shows no OpenMP runtime")
def test_kernels_run_on_the_threads_that_torch_has():
    program = """
import os, torch
from directclr.torch import info_nce

def threads():
    return set(os.listdir("/proc/self/task"))

torch.set_num_threads(3)
torch.ones(1 << 20).add_(1)
before, z = threads(), torch.randn(512, 32)
info_nce(z, z.flip(0))
print(len(before) >= 3, threads() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True set()\n"


def _kernels_in_a_child(tile, queue):
    queue.put(loss_kernels.kernels_of(tile, 2))


def test_kernels_have_threads_in_a_child_of_fork():
    tile = tile_of(200, 40)
    torch.ones(1 << 20).add_(1)
    expected = loss_kernels.kernels_of(tile, 2)  # on threads that the child lacks
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_kernels_in_a_child, args=(tile, queue))
    child.start()
    try:
        found = queue.get(timeout=120)
    finally:
        child.kill()
        child.join()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


SIZES = [[6, 6], [5, 8], [1, 3]]


def mapped(sizes):
    z = [view.detach() for view in views(sum(sizes), 5, seed=3)]
    return z, torch.linspace(-1, 1, 20, dtype=torch.float64).sin().view(4, 5).requires_grad_()


def shares(rank):
    """Values, and gradients of a linear map's weight and of the temperature averaged over processes, on this rank's rows."""
    results = []
    for sizes in SIZES:
        for function in ALL:
            z, weight = mapped(sizes)
            first = sum(sizes[:rank])
            tau = learned(0.2)
            value = function(*[view[first : first + sizes[rank]] @ weight.T for view in z], tau=tau,
                             group=dist.group.WORLD)
            value.backward()
            for gradient in (weight.grad, tau.grad):
                dist.all_reduce(gradient)
                gradient /= len(sizes)
            results.append((value.detach(), weight.grad, tau.grad))
    return results


def test_two_processes_equal_one():
    expected = []
    for sizes in SIZES:
        for function in ALL:
            z, weight = mapped(sizes)
            tau = learned(0.2)
            value = dense(function, *[view @ weight.T for view in z], tau)
            value.backward()
            expected.append((value.detach(), weight.grad, tau.grad))
    for found in in_processes(shares, 2):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 5e-5)])
def test_relatives_have_golden_values_and_gradients(block, dtype, tolerance):
    tensors, cases = read_goldens("relatives")
    for case in cases:
        weights = {"align-uniform": (case["align_weight"], case["uniform_weight"], case["uniform_t"]),
                   "barlow-twins": (case["barlow_lambda"],),
                   "vicreg": (case["vicreg_invariance"], case["vicreg_variance"], case["vicreg_covariance"])}
        for name, words in weights.items():
            z = [tensors[case["prefix"] + view].to(dtype, copy=True).requires_grad_() for view in ("z_a", "z_b")]
            value = NAMES[name](*z, *words)
            value.backward()
            assert value.dtype == dtype
            assert value.item() == pytest.approx(case[name], rel=tolerance, abs=tolerance)
            for side, view in zip("ab", z):
                expected = tensors[f"{case['prefix']}{name}/grad_{side}"]
                assert (view.grad - expected).abs().max() <= tolerance * 20 * (1 + expected.abs().max()), (name, case)


@pytest.mark.parametrize("function", RELATIVES)
def test_relatives_differentiate_as_finite_differences_do(function):
    assert torch.autograd.gradcheck(function, views(7, 4))


@pytest.mark.parametrize("function", RELATIVES)
def test_relatives_refuse_what_does_not_fit(function):
    with pytest.raises(ValueError, match="at least 2 rows"):
        function(torch.ones(1, 3), torch.ones(1, 3))
    with pytest.raises(ValueError, match="P >= 1"):
        function(torch.zeros(4, 0), torch.zeros(4, 0))
    with pytest.raises(ValueError, match="one shape"):
        function(torch.ones(4, 3), torch.ones(3, 3))


def penalty_gradient(function, x):
    """Of the gradient's squared length, in x."""
    (gradient,) = torch.autograd.grad(function(x), x, create_graph=True)
    return torch.autograd.grad(gradient.square().sum(), x)[0]


def relatives_over_processes(rank):
    z = [view.detach() for view in views(11, 4, seed=3)]
    first, last = ((0, 4), (4, 11))[rank]
    for function in RELATIVES:
        own = [view[first:last].clone().requires_grad_() for view in z]
        whole = [view.clone().requires_grad_() for view in z]
        value, expected = function(*own, group=dist.group.WORLD), function(*whole)
        torch.testing.assert_close(value, expected, rtol=1e-10, atol=1e-12)
        value.backward(), expected.backward()
        for mine, all_rows in zip(own, whole):
            torch.testing.assert_close(mine.grad, 2 * all_rows.grad[first:last], rtol=1e-9, atol=1e-12)
        if function is align_uniform:
            continue
        mine, all_rows = (penalty_gradient(lambda a: function(a, x[1], **of), x[0])
                          for x, of in ((own, dict(group=dist.group.WORLD)), (whole, {})))
        torch.testing.assert_close(mine, 4 * all_rows[first:last], rtol=1e-8, atol=1e-12)  # of twice the gradient


def test_relatives_over_processes_are_those_of_one():
    in_processes(relatives_over_processes, 2)


def test_align_uniform_of_rows_of_zeros():
    zeros = torch.zeros(5, 3, requires_grad=True)
    assert align_uniform(zeros, zeros).item() == pytest.approx(0, abs=1e-6)  # complete collapse
    some = torch.tensor([[0.0], [0.0], [3.0], [-1.0]], dtype=torch.float64)
    expected = math.log((1 + 4 * math.exp(-3) + math.exp(-12)) / 6)
    assert align_uniform(some, some, t=3.0).item() == pytest.approx(expected, abs=1e-12)
    for shape in ((), (1,)):
        assert torch.autograd.gradcheck(lambda t: align_uniform(some, some, t=t), learned(2.3, shape=shape))
