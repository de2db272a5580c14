"""The budget of replaying processes: shared by all that replay on this machine, and in nobody's way."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import pytest

from pytest_runtime.replay.execute import budget as module
from pytest_runtime.replay.execute.budget import Budget
from pytest_runtime.replay.model.file_locks import LockFile

from ..model.test_file_locks import other_process


def budget_of(path: Path, size: int) -> Budget:
    """A budget of so many slots in a file."""
    return Budget(size, LockFile(path))


def hold(path: Path, size: int, slots: int) -> None:
    """Take slots and keep them."""
    taking = budget_of(path, size).share()
    assert taking.__enter__().processes(slots) == slots
    KEPT.append(taking)


KEPT: list[object] = []


def test_a_process_takes_as_many_as_are_free(tmp_path: Path) -> None:
    """And gives them back."""
    budget = budget_of(tmp_path / "slots", 3)
    with other_process(lambda: hold(tmp_path / "slots", 3, 1)):
        for _again in range(2):
            with budget.share() as share:
                assert [share.processes(most) for most in (1, 8, 8, 1)] == [1, 2, 2, 1]
    with budget.share() as share:
        assert share.processes(8) == 3


def test_all_processes_together_stay_within_the_budget(tmp_path: Path) -> None:
    """Who finds no slot waits until another process ends."""
    budget = budget_of(tmp_path / "slots", 2)
    order: list[str] = []

    def ask() -> None:
        with budget.share() as share:
            order.append(f"{share.processes(2)} processes")

    with other_process(lambda: hold(tmp_path / "slots", 2, 2)):
        waiting = threading.Thread(target=ask)
        waiting.start()
        waiting.join(0.1)
        order.append("the other ends")
    waiting.join()
    assert order[0] == "the other ends"


def test_a_share_grows_when_others_are_done(tmp_path: Path) -> None:
    """What takes long is not bound by what was free when it began."""
    budget = budget_of(tmp_path / "slots", 2)
    with budget.share() as share:
        with budget.share() as other:
            assert [share.processes(2), other.processes(2)] == [1, 1]
        assert share.processes(2) == 2


def test_nobody_waits_for_ever(tmp_path: Path) -> None:
    """A run that is stopped keeps its slots; others go on with one process, and do not wait for it again."""
    budget = budget_of(tmp_path / "slots", 1)
    with other_process(lambda: hold(tmp_path / "slots", 1, 1)):
        with budget.share(patience=0.05) as share:
            assert share.processes(4) == 1
        with budget.share(patience=3600) as share:
            assert share.processes(4) == 1
    with budget.share() as share:
        assert share.processes(4) == 1


def test_who_works_already_does_not_wait(tmp_path: Path) -> None:
    """Two that each wait for what the other holds would wait for ever."""
    budget = budget_of(tmp_path / "slots", 1)
    with budget.share(), budget.share(patience=3600) as share:
        assert share.processes(2) == 1


def test_a_copy_of_a_process_holds_nothing(tmp_path: Path) -> None:
    """What it remembers of its parent's slots is not its own."""
    budget = budget_of(tmp_path / "slots", 2)

    def ask() -> None:
        with budget.share(patience=0) as share:
            (tmp_path / "count").write_text(str(share.processes(2)))

    with budget.share(), other_process(ask):
        assert (tmp_path / "count").read_text() == "1"


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write there could hold up all runs: the process has a budget of its own."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    folder = tmp_path / f"pytest-runtime-{os.getuid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(PermissionError):
        module._own_folder()
    alone = module.machine_budget.__wrapped__()
    with alone.share() as share:
        assert share.processes(1000) == module.cpus()
    assert list(folder.iterdir()) == []
