"""Processes that were not started under the recorder: the half of attaching that runs in them, and what it needs."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_runtime import probes
from pytest_runtime.recorders.errors import ProbeError
from pytest_runtime.recorders.options import RecordOptions, encode_options
from pytest_runtime.recorders.probes.attached import SCRIPT, attach, inject
from pytest_runtime.recorders.store.open import open_writer

from .live import until

PACKAGE = str(Path(probes.__file__).resolve().parent.parent)


def options_in(root: Path, name: str) -> RecordOptions:
    """For a baseline that nobody records into."""
    (root / "pyproject.toml").write_text(f'[tool.pytest-runtime]\ninclude = ["{name}"]\n')
    store = root / ".runtime" / "live.baseline"
    store.parent.mkdir()
    open_writer(str(store)).close()
    return RecordOptions(baseline="live", store=str(store), include=(name,), root=str(root))


def test_probes_come_into_a_process_that_is_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In modules that are loaded already; nothing is recorded, and nothing stays."""
    (tmp_path / "attached_shop.py").write_text("def price(total):\n    return total + 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("attached_shop")
    before = list(sys.meta_path)
    undo = attach(options_in(tmp_path, "attached_shop"))
    try:
        status = probes.create("log", "attached_shop.py:2", text="{total}", root=tmp_path, wait=5.0)
        assert module.price(3) == 4
        until(lambda: probes.read(status.probe.id, root=tmp_path).hits)
        assert [hit.text for hit in probes.read(status.probe.id, root=tmp_path).hits] == ["3"]
    finally:
        undo()
    assert sys.meta_path == before
    (process,) = probes.read(status.probe.id, root=tmp_path).status.processes
    assert (process.state, process.running) == ("removed", False)


def test_the_script_begins_in_another_process(tmp_path: Path) -> None:
    """As it is run there; twice is once."""
    (tmp_path / "later_shop.py").write_text("def price(total):\n    return total + 1\n")
    script = SCRIPT.format(
        path=PACKAGE, package="pytest_runtime", options=encode_options(options_in(tmp_path, "later_shop"))
    )
    loop = "import time, later_shop\nwhile True:\n    later_shop.price(1); time.sleep(0.01)\n"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", f"{script}{script}{loop}"], env=environment)
    try:
        status = probes.create("counter", "later_shop:price", root=tmp_path, wait=10.0)
        until(lambda: probes.read(status.probe.id, root=tmp_path).status.hits > 1)
        assert [one.pid for one in probes.read(status.probe.id, root=tmp_path).status.processes] == [process.pid]
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there it can be reached")
def test_older_pythons_say_what_is_needed(tmp_path: Path) -> None:
    """And leave the process alone."""
    (tmp_path / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["shop"]\n')
    with pytest.raises(ProbeError, match=r"needs 3\.14 here and there"):
        probes.attach(os.getpid(), baseline="live", root=tmp_path)


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    """With what may be missing."""

    def refuses(pid: int, script: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    with pytest.raises(ProbeError, match=r"process 5 cannot be reached: .*not permitted.*the right to trace it"):
        inject(5, "x.py", refuses)
