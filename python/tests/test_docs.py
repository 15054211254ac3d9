"""What the pages say is what happens."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

directclr = pytest.importorskip("directclr._core", reason="the native part is not installed") and __import__("directclr")

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def conversation(page):
    """(code, what it prints) of a page's blocks of `python`; those of `py` are too long to run here."""
    blocks = BLOCKS.findall((ROOT / page).read_text())
    for (language, code), (after, printed) in zip(blocks, [*blocks[1:], ("python", "")]):
        if language == "python":
            yield code, printed if after == "" else None


@pytest.mark.parametrize("page, needs", [("docs/python-collapse.md", ()), ("python/README.md", ("torch", "PIL"))])
def test_pages_print_what_they_say(page, needs, tmp_path, monkeypatch):
    for module in needs:
        pytest.importorskip(module)
    try:
        directclr.Source("fashion-mnist", "test")
    except directclr.InputError as error:
        pytest.skip(f"the page needs Fashion-MNIST: {error}")
    monkeypatch.chdir(tmp_path)
    names = {}
    found = list(conversation(page))
    assert len(found) >= 5
    for code, expected in found:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, page, "exec"), names)
        if expected is not None:
            assert out.getvalue() == expected, f"{page} prints\n{out.getvalue()}"


def test_the_reference_is_made_of_the_docstrings():
    pytest.importorskip("torch")
    for package in ("torchmetrics", "lightning", "transformers"):
        pytest.importorskip(package, reason="signatures of the integrations need their packages")
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "python_docs"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("what", ["package", "examples"])
def test_types_are_right(what, tmp_path):
    pytest.importorskip("mypy", reason="the package mypy is not installed")
    pytest.importorskip("torch")
    examples = [str(path) for path in sorted((ROOT / "python" / "examples").glob("*.py"))]
    targets = ["-p", "directclr"] if what == "package" else examples
    done = subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), "--config-file",
                           str(ROOT / "python" / "mypy.ini"), *targets], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
