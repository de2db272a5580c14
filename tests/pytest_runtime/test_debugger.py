"""The debugger: it stops at the line of the code under test, and nowhere before."""

from __future__ import annotations

import importlib
import sys
from io import StringIO
from pathlib import Path
from pdb import Pdb
from types import ModuleType

import pytest

from pytest_runtime.debugger import run_to


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of a service."""
    (tmp_path / "debuggedshop.py").write_text("def fee(total):\n    limit = 100\n    return total > limit\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return importlib.import_module("debuggedshop")


@pytest.mark.parametrize("commands", ["p total + limit\nc\n", "p total + limit\nq\n"])
def test_the_first_stop_is_the_line(shop: ModuleType, monkeypatch: pytest.MonkeyPatch, commands: str) -> None:
    """What is typed there sees the variables; afterwards nothing is traced, however the debugger was left."""
    said = StringIO()
    monkeypatch.setattr(
        "_pytest.debugging.pytestPDB._init_pdb", lambda *_names: Pdb(stdin=StringIO(commands), stdout=said)
    )
    done: list[bool] = []
    before = sys.gettrace()
    assert shop.__file__ is not None
    run_to(shop.__file__, 3, lambda: done.append(shop.fee(5)))
    assert "debuggedshop.py(3)fee()" in said.getvalue().splitlines()[0]
    assert "105" in said.getvalue()
    assert done == ([False] if commands.endswith("c\n") else [])
    assert sys.gettrace() is None
    sys.settrace(before)
