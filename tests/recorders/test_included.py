"""Included modules are found as the interpreter finds them, in every layout."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from pytest_runtime.recorders.included import ImportWatcher, Included, is_test


class EditableFinder:
    """What an editable installation puts behind the path finder: a name that stands for a folder elsewhere."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """PEP 451."""
        found = importlib.util.spec_from_file_location(name, self._folder / "__init__.py")
        return found if name == self._name else None


@pytest.fixture
def editable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that no entry of the path leads to."""
    name, folder = "editable_shop", tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "__init__.py").write_text("from editable_shop import prices\n")
    (folder / "prices.py").write_text("def price():\n    return 3\n")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, EditableFinder(name, folder)])
    for module in (name, f"{name}.prices"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return name


def watch(package: str, codes: list[CodeType], *, path_only: bool = False) -> ImportWatcher:
    """A watcher in place that gathers what it sees."""

    def fault(error: BaseException) -> None:
        raise error

    watcher = ImportWatcher(
        Included([package]), on_codes=codes.extend, on_module=lambda module: None, on_fault=fault, path_only=path_only
    )
    watcher.install()
    return watcher


def test_a_package_behind_the_finder_of_an_editable_installation_is_seen(editable: str) -> None:
    """A package that only another finder of `sys.meta_path` knows is recorded like one on the path."""
    codes: list[CodeType] = []
    watch(editable, codes)
    importlib.import_module(editable)
    assert "price" in {code.co_name for code in codes}


def test_a_replay_takes_included_modules_from_the_path_alone(editable: str) -> None:
    """A finder that names the working tree does not give its modules to the replay of another tree."""
    watcher = watch(editable, [], path_only=True)
    assert watcher.find_spec(editable, None) is None


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        *(("shop.tests.test_cart", True), ("shop._tests.helpers", True), ("shop.cart_test", True), ("test_shop", True)),
        *(("shop.conftest", True), ("shop.testing", False), ("shop.contest", False), ("shop.latest", False)),
    ],
)
def test_modules_that_are_called_as_tests(module: str, expected: bool) -> None:
    """By the names that test runners go by."""
    assert is_test(module) is expected


class RewritingFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Compiles one module in its own way, as pytest does with the files that its `python_files` names."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """PEP 451."""
        found = PathFinder.find_spec(name, path, target) if name == self._name else None
        return importlib.util.spec_from_file_location(name, found.origin, loader=self) if found is not None else None

    def exec_module(self, module: ModuleType) -> None:
        """PEP 451."""
        assert module.__file__ is not None
        text = Path(module.__file__).read_text().replace("3", "4")
        exec(compile(text, module.__file__, "exec"), vars(module))


def test_a_test_module_that_another_loader_rewrites_stays_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests that lie in the package call what is recorded; they are no entries themselves."""
    (tmp_path / "rewritten_shop").mkdir()
    (tmp_path / "rewritten_shop" / "__init__.py").touch()
    (tmp_path / "rewritten_shop" / "test_cart.py").write_text("def test_cart():\n    assert 3 == 4\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    codes: list[CodeType] = []
    watch("rewritten_shop", codes)
    sys.meta_path.insert(0, RewritingFinder("rewritten_shop.test_cart"))
    importlib.import_module("rewritten_shop.test_cart").test_cart()
    assert "test_cart" not in {code.co_name for code in codes}


def test_a_module_that_another_loader_rewrites_is_seen_and_stays_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finder put in front later gives its module, as without a recorder, and the functions are known all the same."""
    name = "rewritten_prices"
    (tmp_path / f"{name}.py").write_text("def price():\n    return 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    codes: list[CodeType] = []
    watch(name, codes)
    finder = RewritingFinder(name)
    sys.meta_path.insert(0, finder)
    assert importlib.util.find_spec("any_other_module_that_is_looked_for") is None
    module = importlib.import_module(name)
    assert [code.co_name for code in codes] == ["price"]
    assert (module.price(), module.__loader__, module.__spec__ and module.__spec__.loader) == (4, finder, finder)
