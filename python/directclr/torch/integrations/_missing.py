"""The base of a class whose package is not installed."""

from __future__ import annotations

from typing import Any


def missing(package: str) -> type:
    """A class that cannot be made: ImportError, in one line, names the package."""

    def refuse(cls: type, *_: Any, **__: Any) -> Any:
        raise ImportError(f"{cls.__name__} needs the package {package}: pip install {package}")

    return type("Missing", (), {"__new__": refuse})
