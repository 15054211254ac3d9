import copy
import dataclasses
import inspect
import io
import math
import pickle
import sys

import pytest

torch = pytest.importorskip("torch")
from torch import nn

import directclr
from directclr.torch import Collapsed, CollapseWarning, ForgettingCovariance, watch
from torch_processes import in_processes

D = 16


def rows(alive, seed, n=200):
    """In which `alive` directions vary."""
    torch.manual_seed(seed)
    r = torch.randn(n, D) * 1e-4 + 1
    r[:, :alive] += torch.randn(n, alive)
    return r


def feed(net, alive, steps, n=200):
    for seed in range(steps):
        net(rows(alive, seed, n))


def weighted(batches, memory):
    """Mean and covariance of the mixture, from every batch's final weight: another way to the same numbers."""
    weights, held = [], 0.0
    for batch in batches:
        w = max(len(batch) / (held + len(batch)), min(1, len(batch) / memory))
        weights = [old * (1 - w) for old in weights] + [w]
        held = min(held + len(batch), max(memory, len(batch)))
    share = torch.cat([torch.full((len(b), 1), w / len(b), dtype=torch.float64) for b, w in zip(batches, weights)])
    every = torch.cat(batches).double()
    mean = (share * every).sum(0)
    return mean, (share * (every - mean)).T @ (every - mean), held


def test_covariance_is_that_of_the_weighted_rows():
    torch.manual_seed(0)
    batches = [torch.randn(n, 5) * scale + shift for n, scale, shift in [(7, 1, 0), (30, 2, 3), (4, 1, -1), (90, 1, 2)]]
    covariance = ForgettingCovariance(5, memory=50)
    for number, batch in enumerate(batches, 1):
        covariance.add(batch)
        mean, matrix, held = weighted(batches[:number], 50)
        torch.testing.assert_close(covariance.mean, mean, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(covariance.matrix, matrix, rtol=1e-5, atol=1e-5)
        assert covariance.weight.item() == held


def test_batches_that_are_not_finite_are_left_out_and_counted():
    covariance, other = ForgettingCovariance(D, 400), ForgettingCovariance(D, 400)
    for seed in range(3):
        bad = rows(D, 9)
        bad[3, 2] = float("nan") if seed else float("inf")
        covariance.add(bad)
        covariance.add(rows(D, seed))
        other.add(rows(D, seed))
    assert covariance.skipped.item() == 3
    assert torch.equal(covariance.matrix, other.matrix) and covariance.weight == other.weight


@pytest.mark.parametrize("scale", [2.0**120, 2.0**64, 2.0**-80, 2.0**-118])
def test_rows_of_any_scale_are_measured(scale):
    lines, read = [], {}
    for factor in (1, scale):
        net = nn.Sequential(nn.Identity())
        w = watch(net, every=3, warmup=0, on_warning=lines.append)
        for seed in range(3):
            net(torch.randn(200, D, generator=torch.Generator().manual_seed(seed)) * factor)
        read[factor] = w.last
    plain, scaled = read.values()
    assert not lines and scaled["verdict"] == "healthy" and scaled["rows"] == 200 and scaled["skipped_batches"] == 0
    for name in ("effective_rank", "stable_rank", "mean_cosine", "normalized_std"):
        assert scaled[name] == pytest.approx(plain[name], rel=1e-6), name


@pytest.mark.parametrize("batch, skipped, held", [(torch.full((200, D), math.nan), 2, 0), (torch.ones(0, D), 0, 0),
                                                  (torch.ones(1, D), 0, 1)], ids=["not finite", "no rows", "one row"])
def test_nothing_seen_is_no_collapse(batch, skipped, held):
    net, lines = nn.Sequential(nn.Identity()), []
    w = watch(net, every=2, warmup=0, stop_on="collapse", on_warning=lines.append)
    net(batch)
    net(batch[:0] if held else batch)
    assert w.last["verdict"] == "too few rows to tell" and "no two rows" in w.last["text"] and w.values == []
    assert w.last["rows"] == held and w.last["effective_rank"] is None
    assert w.last["skipped_batches"] == skipped and len(lines) == (skipped > 0)


def test_warns_once_of_values_that_are_not_finite():
    net, lines = nn.Sequential(nn.Identity()), []
    w = watch(net, every=2, on_warning=lines.append)
    feed(net, D, 4)
    for _ in range(4):
        net(torch.full((200, D), math.inf))
    assert w.last["verdict"] == "healthy" and w.last["skipped_batches"] == 4
    assert len(lines) == 1 and lines[0].startswith("step 6, Sequential: values that are not finite: 2 of the batches")
    resumed = watch(net, every=2, on_warning=pytest.fail)
    resumed.load_state_dict(w.state_dict())
    feed(net, D, 2)
    assert resumed.last["skipped_batches"] == 4 and resumed.values == w.values


def test_a_reading_is_what_the_rows_themselves_give():
    net = nn.Sequential(nn.Identity())
    w = watch(net, every=1, warmup=0, on_warning=[].append)
    for alive in (D, 4):
        x = rows(alive, 0)
        w2 = watch(net, every=1, warmup=0, on_warning=[].append)
        net(x)
        expected = directclr.spectrum(x)
        for name, value in expected.measures.items():
            if name in ("rankme", "condition-number"):  # of rows as they are; of what rounding leaves
                continue
            found = w2.last[name.replace("-", "_")]
            assert found == value if value is None else found == pytest.approx(value, rel=1e-4), name
        assert w2.last["verdict"] == expected.verdict and "rankme" not in w2.last
        assert w2.values == pytest.approx(expected.values.tolist(), rel=1e-4, abs=1e-8)
        w2.close()
    assert len(w.history) == 2


def test_what_rounding_hides_is_no_collapse():
    net = nn.Sequential(nn.Identity())
    w = watch(net, every=1, warmup=0, stop_on="collapse", on_warning=[].append)
    net(torch.randn(400, D, generator=torch.Generator().manual_seed(0)) + 3e7)
    assert w.last["verdict"] == "too coarse to tell" and w.last["dead_directions"] is None
    w.close()


def test_gates_are_the_programs():
    net = nn.Sequential(nn.Identity())
    for gates, message in [(dict(stop_under="rank=much"), "gives no number"), (dict(stop_under="rank"), "no number"),
                           (dict(stop_under="efective-rank=3"), "is no measure that has a floor.*effective-rank"),
                           (dict(stop_under="dead-directions=1"), "no measure that has a floor"),
                           (dict(stop_over="rank=1"), "no measure that has a ceiling"),
                           (dict(stop_under="rank=nan"), "no number"), (dict(stop_on="collapsed"), "is no verdict"),
                           (dict(stop_on="too-few-rows"), "no verdict of a training"),
                           (dict(stop_under="rankme=3"), "not measured while a network is trained")]:
        with pytest.raises(directclr.InputError, match=message):
            watch(net, **gates)
    for gates, alive, line in [(dict(stop_over="dead=0.5D"), 4, "dead-directions is 12, over 8"),
                               (dict(stop_on="collapse"), 4, "the verdict is dimensional collapse"),
                               (dict(stop_on="complete-collapse,dimensional-collapse"), 4, "dimensional collapse"),
                               (dict(stop_over="dead=12", stop_on="complete-collapse", stop_under="rank=2"), 4, None)]:
        told = []
        with watch(net, every=1, warmup=0, on_warning=[].append, on_stop=told.append, **gates):
            feed(net, alive, 1)
        assert len(told) == (line is not None) and (not told or line in told[0]), (gates, told)


def test_warns_once_when_directions_die_and_stops_under_the_floor():
    net, lines = nn.Sequential(nn.Identity(), nn.Flatten()), []
    w = watch(net, "0", every=5, warmup=0, on_warning=lines.append)
    feed(net, D, 5)
    assert w.last["verdict"] == "healthy" and w.last["effective_rank"] == pytest.approx(D, abs=1) and not lines
    feed(net, 4, 20)
    assert len(lines) == 1 and lines[0].startswith("step 10, 0: dimensional collapse: 12 of 16 directions"), lines
    assert w.last["dead_directions"] == 12 and [r["step"] for r in w.history] == [5, 10, 15, 20, 25]
    w.close()
    w.close()
    feed(net, 4, 5)
    assert w.step == 25
    told = []
    with watch(net, "0", every=5, stop_under="rank=0.5D", warmup=0, on_warning=[].append, on_stop=told.append):
        feed(net, 4, 10)
    assert [line.split(",")[0] for line in told] == ["step 5", "step 10"]
    stopping = watch(net, "0", every=5, stop_under="rank=0.5D", warmup=10, on_warning=lines.append)
    feed(net, 4, 14)
    with pytest.raises(Collapsed, match="step 15, 0: effective-rank is 3.9.*under 8") as stop:
        feed(net, 4, 1)
    assert stop.value.last is stopping.last and len(lines) == 2


def test_says_little_before_the_warm_up_and_with_few_rows():
    net = nn.Sequential(nn.Identity())
    with watch(net, every=1, warmup=3, stop_under="rank=0.9D", on_warning=pytest.fail) as w:
        feed(net, 2, 3)
        assert w.last["verdict"] == "dimensional collapse"
    with watch(net, every=1, warmup=0, stop_under="rank=0.99D", on_warning=pytest.fail) as w:
        feed(net, D, 3, n=10)
        assert w.last["rows"] == 30 and w.last["verdict"].startswith("too few rows")
        with pytest.raises(Collapsed):
            feed(net, D, 1, n=10)
    with watch(net, every=1, warmup=0), pytest.warns(CollapseWarning, match="dimensional collapse"):
        feed(net, 2, 1)


def test_each_worse_verdict_is_warned_of():
    net, lines, stops = nn.Sequential(nn.Identity()), [], []
    watch(net, every=1, warmup=0, memory=2, stop_on="one-direction", on_warning=lines.append, on_stop=stops.append)
    net(torch.ones(200, D) * 3 + 1e-2 * torch.randn(200, D))
    feed(net, 4, 2)
    for _ in range(2):
        net(torch.ones(200, D))
    assert [line.split(": ")[1] for line in lines] == ["almost one direction", "dimensional collapse",
                                                       "complete collapse"]
    assert [line.split(" (")[0] for line in stops] == ["step 1, Sequential: the verdict is almost one direction"]


def test_counts_training_steps_alone():
    net = nn.Sequential(nn.Linear(D, D), nn.Dropout(0.1))
    w = watch(net, every=2)
    with torch.no_grad():
        net(rows(D, 0))
    net.eval()
    net(rows(D, 0))
    assert w.step == 0
    net.train()
    net(rows(D, 0)).sum().backward()
    assert w.step == 1 and net[0].weight.grad is not None


class Outputs(nn.Module):
    """Gives what it is told to."""

    def forward(self, output):
        return output


@pytest.mark.parametrize("pool, shape, expected", [
    ("auto", (6, D), lambda x: x), ("auto", (6, D, 3, 5), lambda x: x.mean((2, 3))),
    ("auto", (6, 7, D), lambda x: x.mean(1)),
    ("mean", (6, 7, D), lambda x: x.mean(1)), ("cls", (6, 7, D), lambda x: x[:, 0]),
    ("auto", (6, D, 2, 3, 2), lambda x: x.mean((2, 3, 4))),
    (lambda x: x.mean((1, 2)), (6, 2, 3, D), lambda x: x.mean((1, 2)))])
def test_pools(pool, shape, expected):
    torch.manual_seed(0)
    x = torch.randn(shape)
    for output in (x, (x, None), {"last_hidden_state": x, "pooler_output": x[:1]}):
        if callable(pool) and output is not x:
            continue
        net = nn.Sequential(Outputs())
        w = watch(net, every=1, pool=pool)
        net(output)
        torch.testing.assert_close(w._covariance.matrix, torch.cov(expected(x).double().T, correction=0), rtol=1e-4,
                                   atol=1e-6)
        assert w.last["dimensions"] == D


@pytest.mark.parametrize("layer, shape, expected", [
    (nn.Conv1d(3, D, 3), (6, 3, 9), lambda x: x.mean(2)),
    (nn.Sequential(nn.Conv1d(3, D, 3), nn.BatchNorm1d(D), nn.ReLU(inplace=True)), (6, 3, 9), lambda x: x.mean(2)),
    (nn.parallel.DataParallel(nn.MaxPool1d(2)), (6, D, 9), lambda x: x.mean(2)),
    (nn.Conv2d(3, D, 1), (6, 3, D, 5), lambda x: x.mean((2, 3))),
    (nn.LayerNorm(D), (6, 3, 5, D), lambda x: x.mean((1, 2))), (nn.LayerNorm((5, D)), (6, 3, 5, D), lambda x: x.mean((2, 3))),
    (nn.Linear(3, D), (6, 9, 3), lambda x: x.mean(1))], ids=lambda x: type(x).__name__)
def test_pools_as_the_layers_type_says(layer, shape, expected):
    torch.manual_seed(0)
    x = torch.randn(shape)
    w = watch(layer, every=1)
    rows = expected(layer(x)).double()
    torch.testing.assert_close(w._covariance.matrix, torch.cov(rows.T, correction=0), rtol=1e-4, atol=1e-6)
    w.close()
    if len(shape) == 3 and shape[2] == 9:
        watch(layer, pool="cls", every=1)
        with pytest.raises(ValueError, match=r"no token 0.*\(N, C, L\)"):
            layer(x)


@dataclasses.dataclass
class Holder:
    loss: torch.Tensor
    values: torch.Tensor


@pytest.mark.parametrize("wrap", [lambda x: x.sort(), lambda x: x.topk(D), lambda x: Holder(x.sum(), x), lambda x: (x.sum(), x),
                                  lambda x: {"loss": x.sum(), "logits": x}])
def test_takes_the_first_tensor_of_rows(wrap):
    outputs = Outputs()
    w = watch(outputs, every=1)
    outputs(wrap(rows(D, 0)))
    assert w.last["dimensions"] == D and w.last["rows"] == 200


def test_refuses_what_is_no_layer_or_no_rows():
    net = nn.Sequential()
    net.add_module("encoder", nn.Linear(3, 3))
    with pytest.raises(ValueError, match="did you mean 'encoder'"):
        watch(net, "encodr")
    with pytest.raises(ValueError, match="not a part"):
        watch(net, nn.Linear(2, 2))
    for wrong in (dict(every=0), dict(warmup=-1), dict(memory=1), dict(pool="max"), dict(stop_under="rank"), dict(every=2.5),
                  dict(memory=math.nan), dict(memory=math.inf), dict(on_warning=3), dict(on_stop="x"), dict(group="x"),
                  dict(group=0)):
        with pytest.raises(ValueError):
            watch(net, "encoder", **wrong)
    for output in (torch.zeros(5), torch.zeros(5, 3, dtype=torch.int64), "text"):
        outputs = Outputs()
        watch(outputs, every=1)
        with pytest.raises(ValueError, match="expected floating rows"):
            outputs(output)
    changing = Outputs()
    watch(changing, every=1)
    changing(torch.randn(4, 3))
    with pytest.raises(ValueError, match="expected"):
        changing(torch.randn(4, 5))


def test_names_are_those_without_wrappers():
    net = nn.Sequential(nn.Linear(3, 3))
    wrapped = nn.Sequential()
    wrapped.add_module("module", net)
    assert watch(wrapped, "0").name == watch(wrapped, "module.0").name == watch(wrapped, net[0]).name == "0"
    assert watch(net).name == "Sequential"


def test_copies_are_not_watched():
    net = nn.Sequential(nn.Identity())
    w = watch(net, "0", every=1, on_warning=lambda line: None)
    copy.deepcopy(net)(rows(D, 0))
    assert w.step == 0
    buffer = io.BytesIO()
    torch.save(net, buffer)
    buffer.seek(0)
    torch.load(buffer, weights_only=False)(rows(D, 0))
    assert w.step == 0


def test_copies_hold_what_was_measured():
    net = nn.Sequential(nn.Identity())
    net.watch = w = watch(net, "0", every=1, warmup=0, stop_under="rank=0.5D", pool=lambda x: x, on_stop=[].append,
                          on_warning=lambda line: None)
    feed(net, 4, 2)
    history = copy.deepcopy(w.history)
    for again in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        feed(again, D, 2)
        assert again.watch.history == history and again.watch.values == w.values and again.watch.step == 2
        assert torch.equal(again.watch.state_dict()["covariance"]["covariance"], w._covariance.matrix)
        with again.watch:  # which ends nothing
            pass
    feed(net, 4, 1)
    assert w.step == 3 and len(w.history) == 3


def test_a_stop_travels_between_processes():
    stop = pickle.loads(pickle.dumps(Collapsed("step 1: no", {"step": 1})))
    assert str(stop) == "step 1: no" and stop.last == {"step": 1}


def test_goes_on_from_its_state():
    net = nn.Sequential(nn.Identity())
    whole, first = (watch(net, every=2, warmup=0, on_warning=[].append) for _ in range(2))
    feed(net, 4, 3)
    first.close()
    state = copy.deepcopy(first.state_dict())
    lines = []
    resumed = watch(net, every=2, warmup=0, on_warning=lines.append)
    resumed.load_state_dict(state)
    feed(net, 4, 3)
    assert resumed.history == whole.history and not lines, "the collapse was warned of before"


def test_covariance_under_autocast_is_that_of_float32():
    net = nn.Sequential(nn.Identity())
    w, other = watch(net, every=1), watch(net, every=1)
    other.close()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        net(rows(D, 0))
    expected = ForgettingCovariance(D, 160)
    expected.add(rows(D, 0))
    assert torch.equal(w._covariance.matrix, expected.matrix)


@pytest.mark.skipif(sys.version_info >= (3, 11) and not hasattr(torch, "compiler"),
                    reason="torch 2.0 does not compile under Python 3.11")
def test_compiled_models_are_watched():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(D, D), nn.ReLU(), nn.Linear(D, D))
    plain = copy.deepcopy(net)
    w, expected = watch(net, "1", every=2), watch(plain, "1", every=2)
    compiled = torch.compile(net, backend="eager")
    for seed in range(4):
        out = compiled(rows(D, seed))
        torch.testing.assert_close(out, plain(rows(D, seed)))
    assert w.step == 4 and watch(compiled, "1").name == "1"
    assert w.last["effective_rank"] == pytest.approx(expected.last["effective_rank"], rel=1e-5)


class Three(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(D, D), nn.ReLU(), nn.Linear(D, D)

    def forward(self, x):
        return self.last(self.middle(self.first(x)).tanh()).exp()


@pytest.mark.skipif(not hasattr(torch, "compiler"), reason="torch 2.0 counts graphs otherwise")
def test_a_watch_cuts_the_graph_at_its_layer_alone():
    from torch._dynamo.testing import CompileCounter

    def compiled(layer):
        """Graphs and operations in them."""
        torch._dynamo.reset()
        net, counter = Three(), CompileCounter()
        w = watch(net, layer or None, every=2, warmup=0) if layer is not None else None
        run = torch.compile(net, backend=counter)
        for seed in range(5):
            run(rows(D, seed)).sum().backward()
        assert w is None or w.step == 5
        return counter.frame_count, counter.op_count

    graphs, operations = compiled(None)
    assert graphs == 1 and compiled("") == (1, operations)
    cut, inside = compiled("middle")
    assert cut <= 3 and inside in (operations, operations - 1)  # PyTorch 2.11 leaves the layer itself out
    torch._dynamo.reset()
    net = Three()
    watch(net, "middle")
    breaks = [found.reason for found in torch._dynamo.explain(net)(rows(D, 0)).break_reasons]
    assert breaks and all("_observe" in reason for reason in breaks)
    if "reason" in inspect.signature(torch.compiler.disable).parameters:
        assert all("directclr.torch.watch looks at this layer" in reason for reason in breaks)


def share(rank, group):
    net = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(D, D, bias=False), nn.Identity()))
    with torch.no_grad():
        net.module[0].weight.copy_(torch.eye(D))
    lines, stop = [], ""
    w = watch(net, "1", every=2, warmup=0, stop_under="rank=0.5D", on_warning=lines.append, group=group)
    try:
        for seed in range(4):
            batch = rows(D if seed < 2 else 4, seed)
            net(batch[:80] if rank == 0 else batch[80:]).sum().backward()
    except Collapsed as error:
        stop = str(error)
    return w.history, lines, stop


def test_processes_are_merged_and_stop_together():
    net, lines = nn.Sequential(nn.Identity()), []
    w = watch(net, "0", every=2, warmup=0, stop_under="rank=0.5D", on_warning=lines.append)
    for seed in range(3):
        net(rows(D if seed < 2 else 4, seed))
    with pytest.raises(Collapsed):
        net(rows(4, 3))
    results = in_processes(share, 2, "auto")
    for history, _, stop in results:
        for found, expected in zip(history, w.history):
            assert {k: v for k, v in found.items() if isinstance(v, (int, str))} == {
                k: v for k, v in expected.items() if isinstance(v, (int, str))}
            assert found["effective_rank"] == pytest.approx(expected["effective_rank"], rel=1e-5)
            assert found["mean_cosine"] == pytest.approx(expected["mean_cosine"], rel=1e-6)
        assert stop.startswith("step 4, 1: effective-rank")
    assert [len(r[1]) for r in results] == [1, 0], "the first process warns"
