import builtins
import importlib
import sys

import pytest

torch = pytest.importorskip("torch")
from torch import nn

import directclr
from directclr.torch import info_nce, integrations
from torch_processes import in_processes

D = 16


def data(n=400):
    torch.manual_seed(0)
    return torch.randn(n, D) * torch.linspace(0.001, 3, D) + 5


def measures(x):
    seen = directclr.spectrum(x.double())
    return {name.replace("-", "_"): value for name, value in seen.measures.items()}


@pytest.mark.parametrize("name, module, package", [
    ("SpectrumMeasure", "metrics", "torchmetrics"), ("LightningWatch", "lightning", "lightning"),
    ("TrainerWatch", "huggingface", "transformers")])
def test_says_which_package_is_missing(monkeypatch, name, module, package):
    real = builtins.__import__

    def without(imported, *arguments, **keywords):
        if imported.split(".")[0] in ("torchmetrics", "lightning", "pytorch_lightning", "transformers") and (
                not arguments or len(arguments) < 4 or arguments[3] == 0):
            raise cause(imported)
        return real(imported, *arguments, **keywords)

    path = f"directclr.torch.integrations.{module}"
    for cause, line in ((lambda imported: ModuleNotFoundError(imported, name=imported), f"pip install {package}"),
                        (lambda imported: ImportError("no symbol x"), "it cannot be imported: no symbol x")):
        with monkeypatch.context() as patch:
            patch.delitem(sys.modules, path, raising=False)
            patch.setattr(builtins, "__import__", without)
            made = getattr(importlib.import_module(path), name)
        with pytest.raises(ImportError, match=f"^{name} needs the package {package}: {line}$") as raised:
            made(8)
        assert isinstance(raised.value.__cause__, ImportError)
    sys.modules.pop(path, None)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="Watcher"):
        integrations.Watcher


def test_metric_equals_the_measure_of_all_rows():
    torchmetrics = pytest.importorskip("torchmetrics", reason="the package torchmetrics is not installed")
    x = data()
    metrics = torchmetrics.MetricCollection({name: integrations.SpectrumMeasure(D, name) for name in (
        "effective_rank", "effective_rank_sigma", "stable_rank", "dead_directions")})
    for part in x.split(90):
        metrics.update(part)
    for name, value in metrics.compute().items():
        assert value.item() == pytest.approx(measures(x)[name], rel=1e-5), name
    metric = integrations.SpectrumMeasure(D)
    assert metric(x[:100]).item() == pytest.approx(measures(x[:100])["effective_rank"], rel=1e-5)
    metric(x[100:])
    assert metric.compute().item() == pytest.approx(measures(x)["effective_rank"], rel=1e-5)
    metric.reset()
    metric.update(x[:0])
    assert metric.compute() == 0
    with pytest.raises(ValueError, match="expected"):
        metric.update(x[:, :3])
    with pytest.raises(ValueError, match="expected"):
        metric.update(x.long())
    for name, message in (("effective_rnk", "did you mean 'effective-rank'"), ("x", "is not known; allowed: effective-rank")):
        with pytest.raises(ValueError, match=message):
            integrations.SpectrumMeasure(D, name)
    for dimensions in (0, 2.5):
        with pytest.raises(ValueError, match="dimensions"):
            integrations.SpectrumMeasure(dimensions)


def test_metric_leaves_out_what_is_not_finite_and_takes_any_scale():
    pytest.importorskip("torchmetrics", reason="the package torchmetrics is not installed")
    x = data()
    metric = integrations.SpectrumMeasure(D)
    metric.update(x[:200])
    with pytest.warns(UserWarning, match="not finite is left out"):
        metric.update(torch.full((9, D), float("nan")))
    metric.update(x[200:])
    assert metric.compute().item() == pytest.approx(measures(x)["effective_rank"], rel=1e-5) and metric.skipped == 1
    metric.reset()
    metric.update(x * 2.0**100)
    assert metric.compute().item() == pytest.approx(measures(x)["effective_rank"], rel=1e-5) and metric.skipped == 0
    still = integrations.SpectrumMeasure(D, "constant-dimensions")
    still.update(torch.cat([x[:, :12], torch.ones(len(x), D - 12)], 1))
    assert still.compute() == 4


def metric_of_share(rank):
    metric = integrations.SpectrumMeasure(D)
    metric.update(data()[:100] if rank == 0 else data()[100:])
    return metric.compute()


def test_metric_merges_processes():
    pytest.importorskip("torchmetrics", reason="the package torchmetrics is not installed")
    expected = measures(data())["effective_rank"]
    for found in in_processes(metric_of_share, 2):
        assert found.item() == pytest.approx(expected, rel=1e-5)


def lightning_fit(tmp_path, callbacks, epochs, checkpoint=None, rows=None):
    pl = pytest.importorskip("lightning.pytorch", reason="the package lightning is not installed")

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Linear(D, D, bias=False)
            self.head = nn.Identity()

        def training_step(self, batch, index):
            return info_nce(self.head(self.encoder(batch)), self.encoder(batch + 0.1))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    module = Module()
    trainer = pl.Trainer(max_epochs=epochs, callbacks=list(callbacks), accelerator="cpu", logger=False,
                         enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path)
    trainer.fit(module, torch.utils.data.DataLoader(data() if rows is None else rows, batch_size=40), ckpt_path=checkpoint)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    return trainer, module


def test_lightning_watch_goes_on_from_a_checkpoint_and_ends(tmp_path):
    pytest.importorskip("lightning", reason="the package lightning is not installed")
    first = integrations.LightningWatch("encoder", every=10)
    trainer, module = lightning_fit(tmp_path, [first], 1)
    assert [r["step"] for r in first.watch.history] == [10, 20] and not first.stopped
    assert trainer.callback_metrics["collapse/encoder/effective_rank"].item() == pytest.approx(
        first.watch.last["effective_rank"], rel=1e-6)
    module.train()
    module.encoder(data())
    assert first.watch.step == 20, "ended with the fit"
    second = integrations.LightningWatch("encoder", every=10)
    lightning_fit(tmp_path, [second], 2, tmp_path / "last.ckpt")
    assert [r["step"] for r in second.watch.history] == [10, 20, 30, 40]
    assert second.watch.last["rows"] == 10 * D


def test_lightning_watches_two_layers_and_rows_that_are_not_finite(tmp_path):
    pytest.importorskip("lightning", reason="the package lightning is not installed")
    both = [integrations.LightningWatch(layer, every=2, on_warning=[].append) for layer in ("encoder", "head")]
    trainer, _ = lightning_fit(tmp_path, both, 1, rows=torch.full((200, D), float("nan")))
    assert [w.watch.last["verdict"] for w in both] == ["too few rows to tell"] * 2
    for layer in ("encoder", "head"):
        assert trainer.callback_metrics[f"collapse/{layer}/mean_cosine"].isnan()
    again = [integrations.LightningWatch(layer, every=2, on_warning=[].append) for layer in ("head", "encoder")]
    lightning_fit(tmp_path, again, 2, tmp_path / "last.ckpt")
    assert [w.watch.history[0]["step"] for w in again] == [2, 2] and [w.watch.step for w in again] == [15, 30]


def test_trainer_watch_stops_and_logs(tmp_path):
    transformers = pytest.importorskip("transformers", reason="the package transformers is not installed")
    pytest.importorskip("accelerate", reason="the package accelerate, which Trainer needs, is not installed")

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Linear(D, D, bias=False)

        def forward(self, x):
            return {"loss": info_nce(self.encoder(x), self.encoder(x + 0.1))}

    callback = integrations.TrainerWatch("encoder", every=2, warmup=0, stop_under="rank=0.9D", on_warning=[].append)
    arguments = transformers.TrainingArguments(str(tmp_path), per_device_train_batch_size=40, num_train_epochs=1,
                                               use_cpu=True, report_to=[], disable_tqdm=True, save_strategy="no")
    trainer = transformers.Trainer(Model(), arguments, train_dataset=[{"x": row} for row in data()],
                                   callbacks=[callback])
    trainer.train()
    assert trainer.state.global_step == 1 and "effective-rank" in callback.stopped
    (logged,) = [entry for entry in trainer.state.log_history if "collapse/encoder/effective_rank" in entry]
    assert logged["collapse/encoder/effective_rank"] == callback.watch.last["effective_rank"] and logged["step"] == 1
