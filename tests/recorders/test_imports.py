"""Hooks of imports are called once, when the module has run, and leave no trace in it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pytest_runtime.recorders.imports import when_imported

NAME = "awaited_shop"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that was not imported yet."""
    (tmp_path / f"{NAME}.py").write_text("READY = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    return NAME


def test_a_hook_is_called_when_the_module_ran(shop: str) -> None:
    """Once, with a module that has everything, also where it is imported again."""
    seen: list[bool] = []
    when_imported(shop, lambda module: seen.append(module.READY))
    assert seen == []
    importlib.import_module(shop)
    importlib.reload(sys.modules[shop])
    assert seen == [True]


def test_a_module_that_is_there_is_not_waited_for(shop: str) -> None:
    """Its hook is called at once, and only then."""
    module = importlib.import_module(shop)
    seen: list[ModuleType] = []
    when_imported(shop, seen.append)
    assert seen == [module]


def test_a_hook_that_is_taken_back_is_not_called(shop: str) -> None:
    """Neither then nor later; another one for the same module is."""
    seen: list[str] = []
    forget = when_imported(shop, lambda module: seen.append("first"))
    when_imported(shop, lambda module: seen.append("second"))
    forget()
    importlib.import_module(shop)
    forget()
    assert seen == ["second"]


def test_a_module_that_fails_is_waited_for_further(shop: str, tmp_path: Path) -> None:
    """The hook is called by the import that succeeds."""
    seen: list[str] = []
    when_imported(shop, lambda module: seen.append(module.__name__))
    (tmp_path / f"{shop}.py").write_text("raise RuntimeError('not yet')\n")
    with pytest.raises(RuntimeError, match="not yet"):
        importlib.import_module(shop)
    assert seen == []
    (tmp_path / f"{shop}.py").write_text("READY = 'now, at last'\n")
    importlib.import_module(shop)
    assert seen == [shop]


def test_the_module_has_its_own_loader(shop: str) -> None:
    """While it runs and afterwards, and who asks for its spec before can read its source."""
    when_imported(shop, lambda module: None)
    spec = importlib.util.find_spec(shop)
    assert spec is not None
    assert getattr(spec.loader, "get_source")(shop) == "READY = True\n"  # noqa: B009 - no attribute of the protocol
    module = importlib.import_module(shop)
    assert module.__spec__ is not None
    assert type(module.__loader__) is type(module.__spec__.loader) is importlib.machinery.SourceFileLoader
