"""The base of a class whose package is not installed."""

from __future__ import annotations

from typing import Any


def missing(package: str, cause: ImportError) -> type:
    """A class that cannot be made: ImportError, in one line, names the package, and why an installed one does not load."""
    absent = isinstance(cause, ModuleNotFoundError) and str(cause.name).partition(".")[0] == package.replace("-", "_")
    line = f"pip install {package}" if absent else f"it cannot be imported: {cause}"

    def refuse(cls: type, *_: Any, **__: Any) -> Any:
        raise ImportError(f"{cls.__name__} needs the package {package}: {line}") from cause

    return type("Missing", (), {"__new__": refuse})
