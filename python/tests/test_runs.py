import importlib.util
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

directclr = pytest.importorskip("directclr._core", reason="the native part is not installed") and __import__("directclr")
from directclr import _training

needs_engine = pytest.mark.skipif(
    importlib.util.find_spec("directclr_train") is None, reason="the package directclr-train is not installed"
)
SMALL = {"arch": "basic:1,1,1,1:4", "stem": "small", "batch_size": 16, "projector_dim": 8, "threads": 1, "log_every": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    image = pytest.importorskip("PIL.Image")
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(1)
    for part, count in (("train", 24), ("test", 8)):
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                image.fromarray(pixels).save(root / part / name / f"{i:02}.png")
    return {"data": f"folder:{root}", "preset": "cifar"}


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    return directclr.train(SMALL, **data, epochs=2, seed=3, out=tmp_path_factory.mktemp("runs") / "first", progress=False)


def a_program(monkeypatch, tmp_path, text):
    """`text` of Python in place of the program."""
    path = tmp_path / "program"
    path.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{text}")
    path.chmod(0o755)
    monkeypatch.setattr(_training, "PROGRAM", path)


def test_settings_and_metrics_of_a_run_that_goes_on(tmp_path):
    (tmp_path / "config.toml").write_text('# run 0123456789abcdef\n[train]\nepochs = 7\n[loss]\ntau = 0.2\n')
    lines = ['{"step": 0, "epoch": 0, "loss": 2.5, "rank_r": null, "run_id": "0123456789abcdef"}', '{"step": 5, "epoch": 1, "knn_top1": 0.5}']
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + '\n{"step": 9, "lo')
    run = directclr.load(tmp_path)
    assert not run.finished and run.settings["train"]["epochs"] == 7 and run.settings["loss"]["tau"] == 0.2
    assert run.settings["encoder"] == {"arch": "resnet50", "stem": "auto", "zero_init_residual": True,
                                       "encoder_end": "relu"}
    assert list(run.metrics) == ["step", "epoch", "loss", "rank_r", "knn_top1"]
    assert run.metrics["step"].tolist() == [0, 5] and run.metrics["step"].dtype == np.int64
    np.testing.assert_array_equal(run.metrics["loss"], [2.5, np.nan])
    np.testing.assert_array_equal(run.metrics["knn_top1"], [np.nan, 0.5])
    again = pickle.loads(pickle.dumps(run))
    assert again.path == run.path and again.id == run.id
    for damaged in ('{"step": 5, "epo\n', "7\n"):
        (tmp_path / "metrics.jsonl").write_text(f"{lines[0]}\n{damaged}{lines[1]}\n")
        with pytest.raises(directclr.InputError, match="metrics.jsonl, line 2: is damaged: "):
            run.metrics
    with pytest.raises(directclr.InputError, match="absent: there is no such run directory"):
        directclr.load(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(directclr.InputError, match="it has no config.toml"):
        directclr.load(tmp_path / "empty")


@pytest.mark.parametrize("name, held", [("DONE", b""), ("DONE", b"\xff\x00"), ("environment.json", b"[]")])
def test_damaged_files_of_a_run_are_named(tmp_path, name, held):
    pytest.importorskip("torch")
    (tmp_path / "config.toml").write_text('# run 0123456789abcdef\n[encoder]\narch = "basic:1,1,1,1:4"\nstem = "small"\n')
    (tmp_path / "encoder.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    for file in ("DONE", "environment.json"):
        (tmp_path / file).write_bytes(held if file == name else b"{}")
    with pytest.raises(directclr.InputError, match=f"{name}: is damaged: "):
        directclr.load(tmp_path).encoder


def test_settings_become_words():
    words = _training._options(_training._flat({"loss": {"tau": 0.2}, "skip_bad": True, "online_head": False,
                                                "labels": "", "only": ["a-*", "b"], "nproc": None}))
    assert words == ["--tau", "0.2", "--skip-bad", "--no-online-head", "--labels", "", "--only", "a-*", "--only", "b"]


def test_what_the_program_says_is_shown_and_raised(monkeypatch, tmp_path, capsys):
    line = "directclr: read 3 images\\ndirectclr: x: is wrong (y)\\n"
    for status, error in ((1, directclr.Error), (2, directclr.InputError), (4, directclr.NumericalError),
                          (5, directclr.GateFailure), (3, KeyboardInterrupt)):
        a_program(monkeypatch, tmp_path, f"sys.stderr.write('{line}'); sys.exit({status})")
        with pytest.raises(error, match=r"^x: is wrong \(y\)$") as raised:
            directclr.train(out=tmp_path / "run")
        assert raised.type is error
        assert capsys.readouterr().out == "directclr: read 3 images\ndirectclr: x: is wrong (y)\n"
    a_program(monkeypatch, tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(directclr.Error, match="train ended with status -9"):
        directclr.train(out=tmp_path / "run", progress=False)
    assert capsys.readouterr().out == ""


def test_progress_has_a_terminal_of_our_width(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COLUMNS", "77")
    a_program(monkeypatch, tmp_path, "print(sys.stderr.isatty(), os.get_terminal_size(2).columns, 'é', file=sys.stderr); sys.exit(1)")
    with pytest.raises(directclr.Error):
        directclr.train(out=tmp_path / "run", progress=True)
    assert capsys.readouterr().out == "True 77 é\n"
    with pytest.raises(directclr.Error):
        a_program(monkeypatch, tmp_path, "print(sys.stderr.isatty(), file=sys.stderr); sys.exit(1)")
        directclr.train(out=tmp_path / "run")
    assert capsys.readouterr().out == "False\n"
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    with pytest.raises(directclr.Error):
        directclr.train(out=tmp_path / "run")
    assert capsys.readouterr().out == "True\n"


def test_an_interrupt_waits_until_the_program_has_saved(monkeypatch, tmp_path):
    a_program(monkeypatch, tmp_path, f"""
def stop(number, frame):
    open('{tmp_path}/saved', 'w').close()
    print('directclr: stopped', file=sys.stderr)
    sys.exit(3)
signal.signal(signal.SIGINT, stop)
open('{tmp_path}/ready', 'w').close()
while True: time.sleep(1)
""")
    with pytest.raises(KeyboardInterrupt, match="stopped"), interrupting_when((tmp_path / "ready").exists):
        directclr.train(out=tmp_path / "run", progress=False)
    assert (tmp_path / "saved").exists()


class interrupting_when:
    """Ctrl-C once `ready()`."""

    def __init__(self, ready):
        self.ready, self.left = ready, threading.Event()

    def wait(self):
        while not self.left.is_set():
            if self.ready():
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.01)

    def __enter__(self):
        self.before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in the background
        self.thread = threading.Thread(target=self.wait)
        self.thread.start()

    def __exit__(self, *error):
        self.left.set()
        self.thread.join()
        signal.signal(signal.SIGINT, self.before)


@pytest.mark.parametrize("second, cause", [("torch: is 2.0.1 here", r" \(torch: is 2.0.1 here\)"), ("no room", "")])
def test_the_one_cause_of_all_failed_runs_is_told(monkeypatch, tmp_path, second, cause):
    lines = ["run mlp-s0 failed: torch: is 2.0.1 here", f"run none-s0 failed: {second}", "2 of 2 runs failed; try again"]
    a_program(monkeypatch, tmp_path, "".join(f"print('directclr: {line}', file=sys.stderr)\n" for line in lines) + "sys.exit(1)")
    with pytest.raises(directclr.Error, match=f"^2 of 2 runs failed; try again{cause}$"):
        directclr.train(out=tmp_path / "run", progress=False)


def test_reproduce_lists_what_it_cannot_give(tmp_path):
    installed = importlib.util.find_spec("directclr_train") is not None
    with pytest.raises(directclr.InputError, match="table9" if installed else "directclr-train, .* is not installed"):
        directclr.reproduce("table9", out=tmp_path, progress=False)
    with pytest.raises(ValueError, match="dry_run"):
        directclr.reproduce("table1", out=tmp_path, dry_run=True)


def program_with(folder, *words):
    """The program as a user starts it, where the packages of `folder` come first."""
    return subprocess.run([sys.executable, "-c", "from directclr._program import main; main()", *words], text=True,
                          capture_output=True, env={**os.environ, "PYTHONPATH": str(folder)})


def test_what_is_missing_for_training_is_said_in_one_line(data, tmp_path):
    words = ["train", "--data", data["data"], "--out", str(tmp_path / "run")]
    if importlib.util.find_spec("directclr_train") is None:
        with pytest.raises(directclr.InputError, match=r"directclr-train: .* not installed \(pip install 'directclr\[train\]'\)"):
            directclr.train(data=data["data"], out=tmp_path / "run", progress=False)
    for package in ("torch", "directclr_train"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "directclr_train" / "torch_version").write_text("2.15.0\n")
    for text, found in (("from typing import Optional\n\n__all__ = ['__version__']\n__version__ = '2.11.0+cpu'\n", "2.11.0"),
                        ("__version__ = '2.0.1'\ndebug = False\n", "2.0.1"), ("debug = False\n", "of an unknown version")):
        (tmp_path / "torch" / "version.py").write_text(text)
        done = program_with(tmp_path, *words)
        assert done.returncode == 2 and done.stderr.endswith(f"directclr: torch: is {found} here, and directclr-train works with "
                                                        "2.15.0 alone (pip install torch==2.15.0)\n")
    np.save(tmp_path / "rows.npy", np.eye(30))
    assert program_with(tmp_path, "spectrum", str(tmp_path / "rows.npy")).returncode == 0  # needs neither
    assert not (tmp_path / "run").exists()


@needs_engine
def test_training_gives_a_run(run):
    assert run.finished and run.settings["train"]["seed"] == 3 and len(run.id) == 16
    metrics = run.metrics
    assert metrics["step"].tolist()[-1] == 6 and np.isfinite(metrics["loss"]).all() and (metrics["rank_r"][-1] > 1)
    assert repr(run).endswith("finished>")


@needs_engine
def test_settings_of_a_run_repeat_it(run, tmp_path):
    again = directclr.train(run.settings, out=tmp_path / "again", progress=False)
    assert again.settings == run.settings and again.id != run.id
    for part in ("encoder", "projector"):
        assert (again.path / f"{part}.safetensors").read_bytes() == (run.path / f"{part}.safetensors").read_bytes()
    from_file = directclr.train(run.path / "config.toml", out=tmp_path / "file", seed=4, progress=False)
    assert from_file.settings["train"] == {**run.settings["train"], "seed": 4}


@needs_engine
def test_errors_of_training_are_typed(run, data, tmp_path):
    with pytest.raises(directclr.InputError, match="did you mean --batch-size"):
        directclr.train(SMALL, **data, batch_sise=3, out=tmp_path / "run", progress=False)
    with pytest.raises(directclr.InputError, match="--tau"):
        directclr.train(SMALL, **data, tau=-1, out=tmp_path / "run", progress=False)
    with pytest.raises(directclr.InputError, match="resume|overwrite"):
        directclr.train(SMALL, **data, out=run.path, progress=False)
    gated = {**SMALL, **data, "out": tmp_path / "gate", "progress": False}
    watched = {"epochs": 20, "monitor_every": 1, "monitor_memory": 2, "warmup_epochs": 0, "stop_under": "rank=0.99D"}
    with pytest.raises(directclr.GateFailure, match=r"effective-rank is .*\(--stop-under\); stopped after step"):
        directclr.train(**gated, **watched)
    assert directclr.train(out=gated["out"], resume=True, stop_under="", progress=False).finished


@needs_engine
def test_an_interrupted_run_goes_on(data, tmp_path):
    out = tmp_path / "run"
    log = out / "metrics.jsonl"
    with pytest.raises(KeyboardInterrupt), interrupting_when(lambda: log.exists() and log.read_text().count("\n") > 1):
        directclr.train(SMALL, **data, epochs=100000, out=out, progress=False)
    stopped = directclr.load(out)
    steps = len(stopped.metrics["step"])
    assert not stopped.finished and steps > 1
    with pytest.raises(directclr.InputError, match="not finished"):
        pytest.importorskip("torch.nn") and stopped.encoder
    with pytest.raises(KeyboardInterrupt), interrupting_when(lambda: log.read_text().count("\n") > steps + 2):
        directclr.train(out=out, resume=True, progress=False)
    history = json.loads((out / "environment.json").read_text())["history"]
    assert [session["what"] for session in history] == ["start", "resume"] and history[1]["from_step"] > 0


@needs_engine
def test_reproduce_gives_its_results(data, tmp_path):
    small = {"arch": "basic:1,1,1,1:8", "batch_size": 16, "epochs": 1, "seeds": 1, "only": ["direct-*"]}
    results = directclr.reproduce("table1", out=tmp_path, progress=False, **data, **small)
    assert [run["variant"] for run in results["runs"] if "top1" in run] == ["direct-11"] and (tmp_path / "results.html").exists()


@needs_engine
@pytest.mark.parametrize("projector, end", [("mlp", "relu"), ("mlp", "linear"), ("group", "norm")])
def test_networks_are_the_programs(data, tmp_path, projector, end):
    torch = pytest.importorskip("torch.nn") and __import__("torch")
    run = directclr.train(SMALL, **data, epochs=1, arch="basic:1,1,1,1:8", projector=projector, encoder_end=end, d0=16, seed=5,
                          precision="float32", out=tmp_path / "run", progress=False)
    source = directclr.Source(data["data"], "test")
    images = torch.stack([run.views.evaluation(source[i][0]) for i in range(len(source))])
    with torch.no_grad():
        r = run.encoder(images)
        layers = {"representation": r, "embedding": run.projector(r)}
    for layer, found in layers.items():
        directclr.run(["embed", run.path, "--layer", layer, "--out", tmp_path / f"{layer}.npy"], check=True)
        expected = np.load(tmp_path / f"{layer}.npy")
        assert np.abs(found.numpy() - expected).max() < 1e-4 * np.abs(expected).max(), layer
    assert not run.encoder.training and run.encoder is run.encoder


@needs_engine
def test_weights_of_another_run_are_refused(run, data, tmp_path):
    pytest.importorskip("torch.nn")
    other = directclr.train(run.settings, seed=9, out=tmp_path / "run", progress=False)
    (other.path / "encoder.safetensors").write_bytes((run.path / "encoder.safetensors").read_bytes())
    with pytest.raises(directclr.InputError, match="not what the run ended with"):
        other.encoder
    assert other.projector.embedding == 8
