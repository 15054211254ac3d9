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
BLOCKS = re.compile(r"^(?:<!-- not run: ([^\n]+) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = {"docs/python-collapse.md": (), "python/README.md": ("torch", "PIL")}  # and what their blocks need


def conversation(page):
    """(why it is not run, code, what it prints) of a page's blocks of Python."""
    blocks = BLOCKS.findall((ROOT / page).read_text())
    for (why, language, code), (_, after, printed) in zip(blocks, [*blocks[1:], ("", "python", "")]):
        if language == "python":
            yield why, code, printed if after == "" else None


def test_every_block_of_python_is_run_or_says_why_not():
    every = [path for folder in ("*.md", "[a-z]*/*.md", "docs/**/*.md", "python/**/*.md") for path in ROOT.glob(folder)]
    spoken = {str(path.relative_to(ROOT)) for path in every if re.search("^ *```py", path.read_text(), re.MULTILINE)}
    assert {page for page in spoken if not page.startswith("build")} == set(PAGES)
    for page in PAGES:
        text = (ROOT / page).read_text()
        assert len(re.findall("^ *```py", text, re.MULTILINE)) == len(list(conversation(page))), f"a block of {page} is not `python`"
        assert len(re.findall("<!-- *not run", text)) == sum(why != "" for why, _, _ in conversation(page))


@pytest.mark.parametrize("page", PAGES)
def test_pages_print_what_they_say(page, tmp_path, monkeypatch):
    for module in PAGES[page]:
        pytest.importorskip(module)
    try:
        directclr.Source("fashion-mnist", "test")
    except directclr.InputError as error:
        pytest.skip(f"the page needs Fashion-MNIST: {error}")
    monkeypatch.chdir(tmp_path)
    names = {}
    found = list(conversation(page))
    assert len(found) >= 5
    for why, code, expected in found:
        compiled = compile(code, page, "exec")
        if why:
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compiled, names)
        if expected is not None:
            assert out.getvalue() == expected, f"{page} prints\n{out.getvalue()}"


def test_the_reference_is_made_of_the_docstrings():
    pytest.importorskip("torch")
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
