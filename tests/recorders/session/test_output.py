"""Output: what a recording says of itself is true, whatever happened to its store, and its end is quick."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders import recording as recording_module
from pytest_runtime.recorders.errors import StoreError
from pytest_runtime.recorders.session.gathering import Gathering
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

SHOP = """
    def double(number):
        return number * 2
    """


def call(shop: Any, count: int) -> None:
    """Some traces."""
    for number in range(count):
        shop.double(number)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in a moment."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def written(scenario: Scenario, count: int) -> None:
    """Wait until `count` traces were written."""
    recording = scenario.recording
    assert recording is not None
    until(lambda: recording.collector.output.traces >= count)


def summary_of(scenario: Scenario) -> str:
    """The recorder's last words."""
    assert scenario.recording is not None
    return scenario.recording.summary()


def spoil(path: Path, how: str) -> None:
    """What may happen to a file while it is written to."""
    if how == "deleted":
        path.unlink()
    elif how == "moved":
        path.rename(path.with_suffix(".moved"))
    elif how == "replaced":
        shutil.copy(path, path.with_suffix(".copy"))
        os.replace(path.with_suffix(".copy"), path)
    else:
        os.truncate(path, 100)


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("deleted", "was deleted or moved"),
        ("moved", "was deleted or moved"),
        ("replaced", "was replaced by another file"),
        ("cut off", "was cut off, from "),
    ],
)
@pytest.mark.parametrize("after", [0, 30])
def test_a_store_that_is_lost_is_reported(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], how: str, what: str, after: int
) -> None:
    """When the file goes away under the recorder, all that was in it is counted as lost, whether more came or not."""
    scenario = Scenario(tmp_path, {"shop": SHOP})

    def traffic(shop: Any) -> None:
        call(shop, 50)
        written(scenario, 50)
        spoil(Path(scenario.store), how)
        call(shop, after)

    summary = summary_of(scenario.record(traffic))
    assert "nothing dropped" not in summary
    assert "0 traces recorded, 0 kept" in summary
    assert f"dropped: the baseline {what}" in summary
    assert f"while it was recorded into {50 + after} →" in summary
    assert capfd.readouterr().err.count("Record anew") == 1


def test_a_full_disk_is_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What a full disk kept out is counted as dropped, once; what is there stays there."""
    scenario = Scenario(tmp_path, {"shop": SHOP}, exemplars=1000)

    def traffic(shop: Any) -> None:
        call(shop, 10)
        written(scenario, 10)
        assert scenario.recording is not None
        writer: Any = scenario.recording.collector.output._writer
        writer._db.execute("PRAGMA max_page_count=1")
        for _number in range(300):
            shop.double(secrets.token_hex(10_000))  # not one of them fits into what is left of the last page

    summary = summary_of(scenario.record(traffic))
    assert "10 traces recorded, 10 kept" in summary
    assert "dropped: the baseline could not be written 300" in summary
    assert "faults of the store 1" in summary
    assert "disk is full" in capfd.readouterr().err
    reader = open_reader(scenario.store)
    assert [known.count for known in reader.classes()] == [10]
    reader.close()


def test_a_disk_that_has_room_again_loses_nothing(tmp_path: Path) -> None:
    """A batch that was refused is tried again, and nothing of it is lost."""
    scenario = Scenario(tmp_path, {"shop": SHOP}, exemplars=1000)

    def traffic(shop: Any) -> None:
        assert scenario.recording is not None
        writer: Any = scenario.recording.collector.output._writer
        database = writer._db
        database.execute("PRAGMA max_page_count=1")
        for number in range(100):
            shop.double("x" * 1000 + str(number))
        until(lambda: scenario.recording.tallies.counters.snapshot()["faults of the store"] > 0)  # type: ignore[union-attr]
        database.execute("PRAGMA max_page_count=1000000")

    summary = summary_of(scenario.record(traffic))
    assert "100 traces recorded, 100 kept, faults of the store 1" in summary
    assert len(scenario.traces()) == 100


def test_another_process_that_writes_costs_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """While another process holds the baseline, batches wait; one that has it open at the end does not matter."""
    scenario = Scenario(tmp_path, {"shop": SHOP})
    others: list[sqlite3.Connection] = []

    def traffic(shop: Any) -> None:
        call(shop, 20)
        written(scenario, 20)
        other = sqlite3.connect(scenario.store, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        call(shop, 20)
        time.sleep(1.5)
        other.execute("COMMIT")
        other.execute("SELECT count(*) FROM trace").fetchone()
        others.append(other)

    summary = summary_of(scenario.record(traffic))
    others[0].close()
    assert "40 traces recorded" in summary
    assert "nothing dropped" in summary
    assert capfd.readouterr().err == ""
    assert [path.name for path in tmp_path.glob("*.baseline*")] == [Path(scenario.store).name]


def counted(scenario: Scenario) -> int:
    """Traces that were recorded or dropped."""
    assert scenario.recording is not None
    counts = scenario.recording.tallies.counters.snapshot()
    written = scenario.recording.collector.output.traces
    return written + sum(count for name, count in counts.items() if name.startswith("dropped"))


def test_the_end_is_quick_when_there_is_much_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be collected in time at the end is counted and told: every run is recorded or dropped."""
    collect = Gathering.add

    def slowly(self: Gathering, *args: Any) -> None:
        time.sleep(0.005)
        collect(self, *args)

    monkeypatch.setattr(Gathering, "add", slowly)
    monkeypatch.setattr(recording_module, "SCRIPT_END_SECONDS", 0.5)
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: call(shop, 1000))
    assert "dropped: there was no time for it at the end" in summary_of(scenario)
    assert counted(scenario) == 1000
    reader = open_reader(scenario.store)
    counts = reader.counters()
    held = sum(known.count for known in reader.classes())
    reader.close()
    assert held + counts["dropped: there was no time for it at the end"] == 1000


def test_the_end_does_not_wait_for_a_store_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that does not answer holds the end up for no longer than said, and what it holds is told as lost."""
    monkeypatch.setattr(recording_module, "SCRIPT_END_SECONDS", 0.3)
    scenario = Scenario(tmp_path, {"shop": SHOP})
    hanging = [True]

    def traffic(shop: Any) -> None:
        assert scenario.recording is not None
        writer: Any = scenario.recording.collector.output._writer
        write = writer.write

        def hang(batch: Any) -> None:
            while hanging:
                time.sleep(0.01)
            write(batch)

        writer.write = hang
        call(shop, 10)

    summary = summary_of(scenario.record(traffic))
    hanging.clear()
    assert "dropped: the end took longer than 0.3 s 10" in summary
    assert "0 traces recorded" in summary


def test_a_store_that_cannot_be_closed_is_reported(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault at the very end is said, and counted."""
    scenario = Scenario(tmp_path, {"shop": SHOP})

    def traffic(shop: Any) -> None:
        assert scenario.recording is not None
        writer: Any = scenario.recording.collector.output._writer
        close = writer.close

        def fail() -> None:
            close()
            raise StoreError("the disk is gone", location=scenario.store)

        writer.close = fail
        call(shop, 5)

    summary = summary_of(scenario.record(traffic))
    assert "faults of the store 1" in summary
    assert capfd.readouterr().err == "pytest-runtime: the disk is gone\n"
