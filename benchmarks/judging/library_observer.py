"""What a caller sees of a library: what each call of the traffic returns, raises and changes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from judging.projection import project


def observe(folder: Path, begin: Callable[[], None]) -> list[str]:
    """One text per call; `begin` is called when everything is imported."""
    spec = importlib.util.spec_from_file_location("traffic", folder / "traffic.py")
    assert spec is not None
    assert spec.loader is not None
    traffic: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(traffic)
    seen = Seen()
    begin()
    try:
        traffic.run(seen.do)
    except Exception as error:  # noqa: BLE001  # whatever a changed library raises is what a caller sees
        seen.texts.append(f"the traffic ends with {_named(error)}")
    return seen.texts


class Seen:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def do(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        """Call, and note the outcome."""
        given = (getattr(function, "__self__", None), arguments, options)
        before = project(given)
        name = getattr(function, "__qualname__", type(function).__name__)
        try:
            result = function(*arguments, **options)
        except Exception as error:
            self.texts.append(f"{name} raises {_named(error)}{_changed(before, given)}")
            raise
        self.texts.append(f"{name} returns {project(result)}{_changed(before, given)}")
        return result


def _changed(before: str, given: object) -> str:
    after = project(given)
    return "" if after == before else f" and leaves {after}"


def _named(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}: {error}"
