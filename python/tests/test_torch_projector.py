import pytest

torch = pytest.importorskip("torch")
from torch import nn

from directclr import _core
from directclr.torch import Projector, info_nce, projector_kinds
from torch_goldens import read_goldens

D = 24


def made(kind, **settings):
    return Projector(kind, D, **{"d0": 6, "projector_dim": 10, "seed": 1, **settings})


# Parameters, P, whether z is linear in r: as directclr/settings/projectors.cpp counts them.
FACTS = {"none": (0, D, True), "direct": (0, 6, True), "linear": (10 * D, 10, True), "diagonal": (D, D, True),
         "orthogonal": (D * D, D, True), "lowrank": (6 * D + 60, 10, True), "lowrank-fixed": (0, 6, True),
         "lowrank-diagonal": (0, D, True), "group": (0, 6, True), "random-dropout": (0, 6, True),
         "batch-norm": (2 * D, D, False), "mlp": (D * D + 2 * D + 10 * D + 20, 10, False)}


def test_every_kind_has_its_shape_and_parameters():
    assert projector_kinds() == list(FACTS) == _core.projectors()
    torch.manual_seed(0)
    for kind, (parameters, embedding, linear) in FACTS.items():
        projector = made(kind)
        assert sum(p.numel() for p in projector.parameters()) == parameters, kind
        assert projector(torch.randn(5, D), step=0).shape == (5, embedding) and projector.embedding == embedding
        projector.eval()
        x, y = torch.randn(9, D), torch.randn(9, D)
        if linear:
            torch.testing.assert_close(projector(x + y), projector(x) + projector(y), rtol=1e-4, atol=1e-4)


def test_state_has_the_names_of_the_library():
    names = {"linear": ["weight"], "diagonal": ["weight"], "orthogonal": ["weight"], "lowrank": ["down", "up"],
             "lowrank-fixed": ["matrix"], "lowrank-diagonal": ["mask"], "group": ["order"]}
    for kind, expected in names.items():
        assert list(made(kind).state_dict()) == expected
    shapes = [(k, tuple(p.shape)) for k, p in Projector("mlp", 2048).named_parameters()]
    assert shapes == [("layers.0.weight", (2048, 2048)), ("layers.1.weight", (2048,)), ("layers.1.bias", (2048,)),
                      ("layers.3.weight", (128, 2048)), ("layers.4.weight", (128,)), ("layers.4.bias", (128,))]


def test_gives_what_the_program_gives_with_its_weights():
    tensors, cases = read_goldens("projectors")
    assert {case["kind"] for case in cases} == set(projector_kinds())
    for case in cases:
        r, z = tensors[case["prefix"] + "r"], tensors[case["prefix"] + "z"]
        projector = Projector(case["kind"], r.shape[1], seed=0, **case["settings"])
        if case["state"]:
            projector.load_state_dict({key: tensors[f"{case['prefix']}state/{key}"] for key in case["state"]})
        projector.eval()
        with torch.no_grad():
            torch.testing.assert_close(projector(r), z, rtol=1e-5, atol=1e-6, msg=str(case))


def test_seed_decides_everything():
    for kind in projector_kinds():
        for a, b in zip(made(kind).state_dict().values(), made(kind).state_dict().values()):
            assert torch.equal(a, b), kind
    state = torch.get_rng_state()
    made("mlp", mlp_bias=True)
    assert torch.equal(torch.get_rng_state(), state), "the seed alone"
    assert not torch.equal(made("linear").weight, made("linear", seed=2).weight)
    assert not torch.equal(made("linear", seed=None).weight, made("linear", seed=None).weight)


def test_direct_is_the_sub_vector_and_equals_the_diagonal_of_low_rank():
    r_a, r_b = torch.randn(12, D, requires_grad=True), torch.randn(12, D)
    direct, diagonal = made("direct"), made("lowrank-diagonal")
    assert torch.equal(direct(r_a), r_a[:, :6])
    loss = info_nce(direct(r_a), direct(r_b))
    torch.testing.assert_close(loss, info_nce(diagonal(r_a), diagonal(r_b)))
    loss.backward()
    assert not r_a.grad[:, 6:].any() and r_a.grad[:, :6].all()


def test_orthogonal_stays_orthogonal():
    projector = made("orthogonal").double()
    with torch.no_grad():
        projector.weight.mul_(7)
    p = projector(torch.eye(D, dtype=torch.float64))
    torch.testing.assert_close(p @ p.T, torch.eye(D, dtype=torch.float64))


def test_fixed_low_rank_gives_one_loss_with_and_without_its_left_factor():
    without, with_left = made("lowrank-fixed"), made("lowrank-fixed", lowrank_left=True)
    torch.testing.assert_close(without.matrix @ without.matrix.T, torch.eye(6), rtol=0, atol=1e-5)
    r_a, r_b = torch.randn(12, D), torch.randn(12, D)
    assert with_left.embedding == D
    torch.testing.assert_close(info_nce(without(r_a), without(r_b)), info_nce(with_left(r_a), with_left(r_b)))


def test_group_sums_disjoint_groups_of_all_channels():
    z = made("group")(torch.eye(D))
    assert torch.equal(z.sum(1), torch.ones(D)) and torch.equal(z.sum(0), torch.full((6,), 4.0))
    assert made("group")(torch.empty(0, D)).shape == (0, 6)


def test_random_dropout_draws_new_dimensions_each_step_alike_for_both_views():
    projector = made("random-dropout")
    r = torch.arange(D).float()[None]
    first = projector(r, step=5)
    assert torch.equal(projector(r, step=5), first) and not torch.equal(projector(r, step=6), first)
    assert len(first.unique()) == 6
    with pytest.raises(ValueError, match="step"):
        projector(r)
    assert torch.equal(projector.eval()(r), r)


def test_batch_norm_standardises_dimensions():
    z = made("batch-norm")(torch.randn(64, D) * 5 + 3)
    torch.testing.assert_close(z.mean(0), torch.zeros(D), rtol=0, atol=1e-5)
    torch.testing.assert_close(z.var(0, unbiased=False), torch.ones(D), rtol=1e-3, atol=1e-3)


def test_mlp_has_the_layers_that_settings_say():
    def layers(**settings):
        return [type(m).__name__ for m in made("mlp", **settings).layers]

    assert layers() == ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d"]
    assert layers(mlp_depth=1, mlp_last_batch_norm=False) == ["Linear"]
    assert layers(mlp_depth=3, mlp_batch_norm=False) == ["Linear", "ReLU", "Linear", "ReLU", "Linear", "BatchNorm1d"]
    deep = made("mlp", mlp_hidden=7, mlp_bias=True)
    assert deep.layers[0].weight.shape == (7, D) and not deep.layers[0].bias.any()


@pytest.mark.parametrize("kind, settings, message", [
    ("direkt", {}, "did you mean 'direct'"), ("mlp", dict(mlp_depth=5), "mlp_depth is 5; allowed: 1 .. 4"),
    ("direct", dict(d0=D + 1), "d0 is 25"), ("none", dict(d0=D + 1), "d0 is 25"),
    ("group", dict(d0=7), "does not divide"), ("linear", dict(projector_dim=0), "projector_dim is 0"),
    ("linear", dict(projector_dim=8.0), "projector_dim: expected a whole number, got 8.0"),
    ("linear", dict(seed=1.5), "seed: expected a whole number")])
def test_refuses_what_is_not_known(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        made(kind, **settings)


def test_default_width_is_the_papers_share_and_shapes_are_checked():
    assert Projector("direct", 2048).embedding == 360 and Projector("direct", 512).embedding == 90
    with pytest.raises(ValueError, match="expected"):
        made("none")(torch.randn(4, D + 1))
    with pytest.raises(ValueError, match="dim: expected a whole number"):
        Projector("none", 16.0)
    assert isinstance(made("none"), nn.Module) and "direct, 24 -> 6" in repr(made("direct"))
