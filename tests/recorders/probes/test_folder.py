"""The folder of the probes, and the audit log in it: what is damaged, hostile, or somebody else's."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import msgspec
import pytest

from pytest_runtime import probes
from pytest_runtime.recorders.errors import ProbeError
from pytest_runtime.recorders.probes.audit import note, read_audit
from pytest_runtime.recorders.probes.folder import MOST_PROBES, ProbeFolder
from pytest_runtime.recorders.probes.limits import BURST_WORK, HITS, WORK, Bucket, Limits, shared
from pytest_runtime.recorders.probes.metrics import Sums, merged
from pytest_runtime.recorders.probes.model import Hit, Metric, Probe

from .live import service, until


def probe(number: int = 0, **options: object) -> Probe:
    """A probe that is placed."""
    asked = Probe(id=f"{number:08x}", kind="log", place="shop/trading.py:1", text="x", hits=3, placed=0.0)
    return msgspec.structs.replace(asked, **options)


@pytest.fixture
def folder(tmp_path: Path) -> ProbeFolder:
    """An empty one."""
    found = ProbeFolder(str(tmp_path / "a.baseline"))
    found.make()
    return found


def test_what_is_placed_is_noticed_and_is_for_its_owner_alone(folder: ProbeFolder) -> None:
    """Coming and going."""
    other = ProbeFolder(str(folder.path).removesuffix(".probes"))
    assert other.placed() == {}
    folder.place(probe(1))
    assert other.has_changed()
    assert list(other.placed()) == ["00000001"]
    assert folder.end(probe(1), "expired")
    assert not folder.end(probe(1), "expired")
    assert other.has_changed()
    assert other.placed() == {}
    assert list(other.ended()) == ["00000001"]
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_nothing_is_taken_from_a_folder_that_others_may_write(folder: ProbeFolder) -> None:
    """Neither here nor in a process."""
    folder.place(probe(1))
    os.chmod(folder.path, 0o777)
    with pytest.raises(ProbeError, match="may be written by others"):
        folder.placed()


def test_damaged_and_hostile_files_are_left_out(folder: ProbeFolder) -> None:
    """Of probes, of hits, and names that would lead elsewhere."""
    folder.place(probe(1))
    placed = folder.path / "placed"
    (placed / "broken.json").write_text("{")
    (placed / "other.json").write_text(json.dumps({"id": "../../etc", "kind": "log", "place": "x", "placed": 0}))
    (placed / "kind.json").write_text(json.dumps({"id": "0" * 8, "kind": "shell", "place": "x", "placed": 0}))
    assert list(folder.placed()) == ["00000001"]
    folder.append(probe(1), [Hit(number=0, at=1.0, pid=1, text="one")])
    with (folder.path / "hits" / "00000001.jsonl").open("ab") as stream:
        stream.write(b'{"number": "x"}\n{"numb')
    assert [hit.text for hit in folder.read("00000001", 0, 10)] == ["one"]


def test_there_is_an_end_to_how_many_are_placed(folder: ProbeFolder) -> None:
    """Whoever wants more removes some."""
    for number in range(MOST_PROBES):
        folder.place(probe(number))
    with pytest.raises(ProbeError, match="remove some"):
        folder.place(probe(MOST_PROBES))


def test_hits_of_many_processes_are_as_many_as_were_asked_for(folder: ProbeFolder) -> None:
    """Whoever is quicker; numbers follow each other."""
    asked = probe(1, hits=10)
    added: list[int] = []

    def work() -> None:
        mine = ProbeFolder(str(folder.path).removesuffix(".probes"))
        for _turn in range(5):
            added.append(mine.append(asked, [Hit(number=0, at=1.0, pid=1), Hit(number=0, at=1.0, pid=1)])[0])

    threads = [threading.Thread(target=work) for _thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added) == 10
    assert [hit.number for hit in folder.read(asked.id, 0, 100)] == list(range(1, 11))


def test_the_audit_log_shows_what_was_changed(folder: ProbeFolder) -> None:
    """A line that is changed, taken out, or put in breaks the chain."""
    for number in range(4):
        note(folder, "placed", "user:ada", probe(number), at=float(number))
    path = folder.path / "audit.log"
    lines = path.read_bytes().splitlines(keepends=True)
    assert read_audit(folder)[1] == ""
    for changed, problem in (
        ([lines[0], lines[1].replace(b"ada", b"eve"), *lines[2:]], "line 2 was changed"),
        (lines[:1] + lines[2:], "line 2 does not follow"),
        (lines[1:], "line 1 does not follow"),
        (lines[:2] + lines[1:], "line 3 does not follow"),
        ([*lines[:2], b"{\n", *lines[2:]], "line 3 is damaged"),
    ):
        path.write_bytes(b"".join(changed))
        assert problem in read_audit(folder)[1]


def test_nothing_is_placed_that_the_audit_log_cannot_hold(tmp_path: Path) -> None:
    """It comes first."""
    with service(tmp_path, "def work():\n    return 1\n") as shop:
        shop.remove(shop.place("counter", "work"))
        log = tmp_path / ".runtime" / "live.baseline.probes" / "audit.log"
        log.unlink()
        log.mkdir()
        with pytest.raises(ProbeError, match="audit log"):
            shop.place("counter", "work")
        log.rmdir()
        assert probes.list(root=tmp_path) == ()


def test_a_folder_that_is_deleted_takes_its_probes_along(tmp_path: Path) -> None:
    """And a process goes on."""
    import shutil

    with service(tmp_path, "def work():\n    return 1\n") as shop:
        shop.place("counter", "work")
        folder = tmp_path / ".runtime" / "live.baseline.probes"
        shutil.rmtree(folder)
        assert shop.module.work() == 1
        until(lambda: not folder.exists())
        assert probes.list(root=tmp_path) == ()
        assert shop.state(shop.place("counter", "work")) in ("armed", "next call")


# --- limits and metrics -----------------------------------------------------------------------------------------------


def test_buckets_fill_with_time_and_one_probe_gets_half() -> None:
    """By the monotonic clock alone: one that goes back fills nothing, and empties nothing."""
    every = shared(0.0)
    one, other = Limits(every, 0.0), Limits(every, 0.0)
    taken = sum(not one.admit(0.0) for _hit in range(10_000))
    assert taken == HITS
    assert "hits a second" in one.admit(0.0)
    assert not one.may_resume(0.0)
    assert sum(not other.admit(0.0) for _hit in range(10_000)) == HITS
    third = Limits(every, 0.0)
    assert "all probes together" in third.admit(0.0)
    assert "hits a second" in one.admit(-1000.0)
    assert one.may_resume(10.0)
    assert one.admit(10.0) == ""


def test_work_has_a_share() -> None:
    """Of the wall clock, half of it for one probe."""
    one = Limits(shared(0.0), 0.0)
    assert one.worked(BURST_WORK / 2, 0.0) == ""
    assert "of a CPU" in one.worked(0.01, 0.0)
    assert one.may_resume(BURST_WORK / WORK + 1)
    bucket = Bucket(1.0, 5.0, 0.0)
    bucket.level = -1.0
    assert bucket.fill(3.0) == 2.0


def test_sums_of_threads_are_exact() -> None:
    """None is lost, and merging them is associative."""
    sums = Sums()

    def work() -> None:
        for number in range(2_000):
            sums.add(number)

    threads = [threading.Thread(target=work) for _thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metric = sums.metric()
    assert (metric.count, metric.total, metric.least, metric.most) == (16_000, 8 * 1999 * 1000.0, 0.0, 1999.0)
    parts = [Metric(count=1, total=2.0, least=2.0, most=2.0, buckets={1: 1}), metric, Metric(count=3)]
    assert merged([merged(parts[:2]), parts[2]]) == merged([parts[0], merged(parts[1:])]) == merged(parts)
    assert merged([]) == Metric()
