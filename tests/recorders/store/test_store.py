"""The store: what was written is read, damage costs what is damaged, and every error says what to do."""

from __future__ import annotations

import contextlib
import os
import pickle
import pickletools
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.errors import NewerFormat, NotABaseline, StoreError, UnknownBaseline
from pytest_runtime.recorders.model.trace import FORMAT
from pytest_runtime.recorders.store.open import open_reader, open_writer
from pytest_runtime.recorders.store.protocol import BaselineReader
from pytest_runtime.testing import Scenario

SHOP = """
    def price(kind, amount):
        if kind == "gift":
            return 0
        if amount > 10:
            raise ValueError(amount)
        return amount * 2
    """


def traffic(shop: Any) -> None:
    """Three paths: 1, 2 and 3 traces."""
    for kind, amount in (("gift", 1), ("book", 2), ("book", 3), ("pen", 20), ("pen", 21), ("pen", 22)):
        with contextlib.suppress(ValueError):
            shop.price(kind, amount)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A baseline of six traces."""
    return Path(Scenario(tmp_path, {"shop": SHOP}).record(traffic).store)


@contextlib.contextmanager
def reading(path: Path | str) -> Any:
    """A reader, closed at the end."""
    reader = open_reader(str(path))
    try:
        yield reader
    finally:
        reader.close()


def read_everything(path: Path) -> None:
    """Ask a baseline for all that it holds."""
    with reading(path) as reader:
        list(reader.traces()), reader.classes(), reader.revisions(), reader.shapes(), reader.counters()


def counts(reader: BaselineReader) -> list[int]:
    """Counts of all classes, ascending."""
    return sorted(one.count for one in reader.classes())


def change(path: Path, *statements: str) -> None:
    """Change a baseline from outside."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_one_complete_file(recorded: Path) -> None:
    """A recording leaves one file, which holds every trace, class, entry, source, shape and count."""
    assert [one.name for one in recorded.parent.glob(f"{recorded.name}*")] == [recorded.name]
    with reading(recorded) as reader:
        traces = list(reader.traces())
        assert [one.fault for one in traces] == [""] * 6
        assert counts(reader) == [1, 2, 3]
        (entry,) = reader.entries().values()
        assert (entry.kind, entry.target) == ("function", entry.name)
        (revision,) = reader.revisions().values()
        assert any("def price" in text for text in revision.sources.values())
        assert revision.python == ".".join(map(str, sys.version_info[:3]))
        assert {part for _, part in reader.shapes()} == {"input", "outcome"}
        classes = {one.path: one for one in reader.classes()}
        assert {one.path for one in traces} == set(classes)
        assert {one.id for one in traces} == {name for one in classes.values() for name in one.kept.values()}


def test_traces_can_be_chosen(recorded: Path) -> None:
    """By entry and by path, in a fixed order."""
    with reading(recorded) as reader:
        everything = [one.id for one in reader.traces()]
        by_path = [one.id for found in reader.classes() for one in reader.traces(entry=found.entry, path=found.path)]
        assert by_path == everything
        assert list(reader.traces(entry="nobody")) == []


def test_nothing_is_a_pickle(recorded: Path) -> None:
    """Neither the file nor any decompressed part of it can be unpickled, or holds the marks of a pickle."""
    with contextlib.closing(sqlite3.connect(recorded)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        blobs = [part for table in tables for row in db.execute(f"SELECT * FROM {table}") for part in row]
        dictionaries = [zlib.decompress(data) for (data,) in db.execute("SELECT dictionary FROM entry")]
    plain = []
    for blob in blobs:
        if isinstance(blob, bytes):
            plain.append(blob)
            with contextlib.suppress(zlib.error):
                plain.append(zlib.decompress(blob))
            for dictionary in dictionaries:
                with contextlib.suppress(zlib.error):
                    unpacker = zlib.decompressobj(zdict=dictionary)
                    plain.append(unpacker.decompress(blob))
    assert len(plain) > 10
    for data in [*plain, recorded.read_bytes()]:
        assert b"_Instance" not in data
        assert b"recorders.markers" not in data
        assert not is_framed_pickle(data)
        assert not opcodes_of_pickle(data) & {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE"}


def is_framed_pickle(data: bytes) -> bool:
    """Whether data begins and ends as a pickle of protocol 2 or later does."""
    return data[:1] == b"\x80" and data[1:2] in (b"\2", b"\3", b"\4", b"\5") and data.endswith(b".")


def opcodes_of_pickle(data: bytes) -> set[str]:
    """What an unpickler would do with data; nothing where it is no pickle. A few random bytes can be one by chance: of
    a number, or of None."""
    try:
        return {opcode.name for opcode, _argument, _position in pickletools.genops(data)}
    except Exception:  # noqa: BLE001 - there are many ways not to be a pickle
        return set()


def test_what_calls_something_is_known_as_a_pickle() -> None:
    """So that the test above can fail."""
    data = pickle.dumps(Path("x"))
    assert is_framed_pickle(data)
    assert "REDUCE" in opcodes_of_pickle(data)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE trace SET data = x'00ff' WHERE slot = 0",
        "UPDATE trace SET data = substr(data, 1, length(data) / 2) WHERE slot = 0",
        "UPDATE trace SET digest = x'0000000000000000' WHERE slot = 0",
        "UPDATE trace SET data = NULL WHERE slot = 0",
        "UPDATE trace SET data = 'text' WHERE slot = 0",
        "UPDATE trace SET data = (SELECT data FROM trace WHERE slot = 1) WHERE slot = 0",
    ],
)
def test_a_corrupt_trace_costs_one_trace(recorded: Path, damage: str) -> None:
    """A damaged trace comes with its fault; all others are read, and the counts stay."""
    change(recorded, damage)
    with reading(recorded) as reader:
        found = list(reader.traces())
        assert len(found) == 6
        faulty = [one for one in found if one.trace is None]
        assert len(faulty) == 3
        assert all(one.fault.startswith("it is corrupt") for one in faulty)
        assert all(one.trace is not None and not one.fault for one in found if one not in faulty)
        assert counts(reader) == [1, 2, 3]


def test_a_hostile_trace_costs_one_trace(recorded: Path) -> None:
    """A trace whose digest is right and whose content is not is a fault, whatever is wrong with it."""
    from pytest_runtime.recorders.store import sqlite_schema as store

    for plain in (b"\x93\xa1\x80", b"", b"\x91" * 100_000, pickle.dumps([1])):
        with contextlib.closing(sqlite3.connect(recorded)) as db:
            row = (store.squeeze(plain), store.digest_of(plain))
            db.execute("UPDATE trace SET data = ?, digest = ? WHERE slot = 0", row)
            db.execute("UPDATE entry SET dictionary = NULL")
            db.commit()
        with reading(recorded) as reader:
            assert sum(one.trace is None for one in reader.traces()) >= 3


def test_a_bomb_stops(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that decompresses without end is a fault of its trace, not the end of the memory."""
    from pytest_runtime.recorders.store import guard

    monkeypatch.setattr(guard, "SIZE_LIMIT", 100_000)
    with contextlib.closing(sqlite3.connect(recorded)) as db:
        db.execute("UPDATE trace SET data = ? WHERE slot = 0", (zlib.compress(bytes(10_000_000)),))
        db.commit()
    with reading(recorded) as reader:
        faults = [one.fault for one in reader.traces() if one.fault]
    assert len(faults) == 3


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _header(statement: str) -> Any:
    return lambda path: change(path, statement)


@pytest.mark.parametrize(
    ("spoil", "expected", "words"),
    [
        (
            lambda path: path.write_text("not a database, but a text of some length\n" * 100),
            NotABaseline,
            "not a database",
        ),
        (lambda path: path.write_bytes(b""), NotABaseline, "it is empty"),
        (_header(f"PRAGMA user_version={FORMAT + 1}"), NewerFormat, f"format {FORMAT + 1}"),
        (_header("PRAGMA application_id=7"), NotABaseline, "an SQLite database of something else"),
        (_header("DROP TABLE entry"), NotABaseline, "no such table"),
        (_header("UPDATE entry SET data = x'00'"), NotABaseline, "Entry"),
    ],
)
def test_a_file_that_is_no_baseline(recorded: Path, spoil: Any, expected: type[StoreError], words: str) -> None:
    """Each thing that can stand in the place of a baseline has its error, which names the file and the way out."""
    spoil(recorded)
    with pytest.raises(expected) as caught:
        open_reader(str(recorded))
    message = str(caught.value)
    assert words in message
    assert str(recorded) in message
    assert caught.value.location == str(recorded)
    assert "Upgrade" in message if expected is NewerFormat else "record anew" in message


def test_a_truncated_file(recorded: Path) -> None:
    """Half a file is refused, or its readable half is read with faults; either way the error is one of ours."""
    _truncated(recorded)
    with pytest.raises(NotABaseline) as caught:
        read_everything(recorded)
    assert str(recorded) in str(caught.value)
    assert "record anew" in str(caught.value)


@pytest.mark.parametrize("table", ["path_class", "trace", "revision", "source", "shape", "counter"])
def test_a_missing_table(recorded: Path, table: str) -> None:
    """Whatever is read first of a damaged file, the error is one of ours and names the file."""
    change(recorded, f"DROP TABLE {table}")
    with pytest.raises(NotABaseline, match="record anew"):
        read_everything(recorded)


@pytest.mark.parametrize("column", ["text.data", "path_class.data", "shape.data", "revision.variables"])
def test_a_damaged_part(recorded: Path, column: str) -> None:
    """A part that belongs to no single trace and cannot be read is an error that names the file."""
    table, _, name = column.partition(".")
    no_text = zlib.compress(b"\xa1\x80").hex()
    for data in ("x'00ff'", "'text'", f"x'{no_text}'"):
        change(recorded, f"UPDATE {table} SET {name} = {data}")
        with pytest.raises(NotABaseline, match="record anew"):
            read_everything(recorded)


def test_an_unknown_baseline(recorded: Path) -> None:
    """The error lists the baselines that there are, and how to record one."""
    with pytest.raises(UnknownBaseline) as caught:
        open_reader(str(recorded.with_name("stagin.baseline")))
    assert caught.value.known == (recorded.stem,)
    message = str(caught.value)
    assert f"there are: {recorded.stem}" in message
    assert "pytest-runtime record --baseline stagin" in message
    with pytest.raises(UnknownBaseline, match="there are none yet"):
        open_reader(str(recorded.parent / "elsewhere" / "x.baseline"))


@pytest.mark.parametrize("kind", [open_reader, open_writer])
def test_an_unknown_scheme(kind: Any) -> None:
    """A store that is not supported is told so, with what is."""
    with pytest.raises(StoreError, match="ftp is not supported; use a path or sqlite:///PATH"):
        kind("ftp://host/path")


def test_a_url_names_the_same_file(recorded: Path) -> None:
    """`sqlite:///PATH` is the path."""
    with reading(f"sqlite:///{recorded}") as reader:
        assert counts(reader) == [1, 2, 3]


def test_reading_changes_nothing(recorded: Path) -> None:
    """A reader leaves the file, and its folder, as they were."""
    before = recorded.read_bytes(), sorted(recorded.parent.iterdir())
    read_everything(recorded)
    assert (recorded.read_bytes(), sorted(recorded.parent.iterdir())) == before


def test_going_on_with_a_baseline(tmp_path: Path) -> None:
    """A second recording adds to the counts and keeps what there was; new paths join; each has its revision."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    with reading(scenario.store) as reader:
        before = {one.id for one in reader.traces()}
    scenario.record(traffic).record(lambda shop: shop.price("gift", 5))
    with reading(scenario.store) as reader:
        assert counts(reader) == [3, 4, 6]
        assert before <= {one.id for one in reader.traces()}
        assert set(reader.revisions()) == {1, 2, 3}
        assert {one.revision for one in reader.traces()} == {1, 2, 3}


def test_going_on_with_code_that_moved(tmp_path: Path) -> None:
    """Branches that stand at other lines by now are the same ones: no trace is dropped, and all replay."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    with reading(scenario.store) as reader:
        before = counts(reader)
    scenario.change("shop", "def price", "# moved\n# down\n\ndef price").record(traffic)
    with reading(scenario.store) as reader:
        assert counts(reader) == [2 * count for count in before]
        assert reader.counters() == {}
        assert sum(len(stored.kept) for stored in reader.classes()) > sum(before)
    assert set(scenario.replay().counts) == {"same"}


@pytest.mark.parametrize(
    "spoil", [lambda path: path.write_text("something else\n" * 100), _header("PRAGMA application_id=7")]
)
def test_a_foreign_file_is_not_written(recorded: Path, spoil: Any) -> None:
    """What is no baseline is never written to."""
    spoil(recorded)
    before = recorded.read_bytes()
    with pytest.raises(StoreError) as caught:
        open_writer(str(recorded))
    assert str(recorded) in str(caught.value)
    assert recorded.read_bytes() == before


def test_a_newer_baseline_is_not_written(recorded: Path) -> None:
    """A recorder does not add to a format that it does not know."""
    change(recorded, f"PRAGMA user_version={FORMAT + 1}")
    with pytest.raises(NewerFormat, match="Upgrade pytest-runtime"):
        open_writer(str(recorded))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the place, and the option that chooses another."""
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(StoreError, match="Choose another place with --store") as caught:
        open_writer(str(tmp_path / "file" / "x.baseline"))
    assert str(tmp_path / "file" / "x.baseline") in str(caught.value)
    with pytest.raises(StoreError, match="Choose another place with --store"):
        open_writer(str(tmp_path))


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import shop
print("answer", shop.price("book", 2))
"""


def test_a_service_outlives_its_store(tmp_path: Path) -> None:
    """Under `pytest-runtime record` a service whose baseline cannot be written runs as ever; stderr says one line."""
    (tmp_path / "file").write_text("a file, no folder")
    (tmp_path / "shop.py").write_text("def price(kind, amount):\n    return amount * 2\n")
    (tmp_path / "script.py").write_text(SCRIPT.format(folder=str(tmp_path)))
    command = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "x", "--include", "shop"]
    command += ["--store", str(tmp_path / "file" / "x.baseline"), "--", sys.executable, str(tmp_path / "script.py")]
    root = str(Path(__file__).resolve().parents[3])
    environment = {**os.environ, "PYTHONPATH": root}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert (ran.returncode, ran.stdout) == (0, "answer 4\n")
    (line,) = ran.stderr.splitlines()
    assert line.startswith("pytest-runtime: not recording: cannot write the baseline at ")
    assert line.endswith("Choose another place with --store")


def test_a_store_that_breaks_while_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When the file becomes unwritable in the middle, the service goes on and stderr says it once."""
    scenario = Scenario(tmp_path, {"shop": SHOP})

    def breaking(shop: Any) -> None:
        assert scenario.recording is not None
        writer: Any = scenario.recording.collector.output._writer
        shop.price("gift", 1)
        writer._db.execute("PRAGMA query_only=1")
        for _ in range(3):
            traffic(shop)

    scenario.record(breaking)
    said = [line for line in capsys.readouterr().err.splitlines() if "cannot write" in line]
    assert len(said) == 1
    assert scenario.store in said[0]


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            ("DROP TABLE counter", f"CREATE VIEW counter AS {ENDLESS} 'a' AS name, x AS value FROM n"),
            "counter is a view",
        ),
        (("DROP TABLE entry", f"CREATE VIEW entry AS {ENDLESS} x, x, x FROM n"), "entry is a view"),
        (
            ("DROP TABLE shape", "CREATE TABLE shape (entry, part, data BLOB AS (zeroblob(1000000000)))"),
            "table shape has other columns",
        ),
        (("ALTER TABLE counter ADD COLUMN more",), "table counter has other columns"),
    ],
)
def test_only_tables_are_read(recorded: Path, spoil: tuple[str, ...], words: str) -> None:
    """A view, or a column that is computed, could go on for ever: it is refused by its name."""
    change(recorded, *spoil)
    with pytest.raises(NotABaseline, match=words):
        read_everything(recorded)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE path_class SET count = NULL",
        "UPDATE path_class SET count = x'00'",
        "UPDATE trace SET id = x'07'",
        "UPDATE trace SET slot = 'a'",
        "UPDATE revision SET python = x'00'",
        "UPDATE revision SET recorded = 'soon'",
        "UPDATE revision SET recorded = 1e300",
        "UPDATE counter SET value = 'many'",
        "UPDATE source SET module = x'ff'",
        "UPDATE shape SET data = 1",
        "UPDATE variable_name SET name = x'00'",
    ],
)
def test_a_value_of_another_type_is_reported(recorded: Path, statement: str) -> None:
    """SQLite keeps anything in any column; what is not what belongs there is an error that names the file."""
    change(recorded, "INSERT INTO counter VALUES ('a', 1)", statement.replace("UPDATE", "UPDATE OR IGNORE"))
    with pytest.raises(NotABaseline, match="record anew"):
        read_everything(recorded)


def test_texts_of_modules_are_read_to_a_limit_in_all(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few thousand bytes may stand for many texts, each within its own limit."""
    from pytest_runtime.recorders.store import sqlite_reader as store

    monkeypatch.setattr(store, "SOURCES_LIMIT", 1_000_000)
    big = zlib.compress(b"#" * 300_000).hex()
    change(recorded, f"UPDATE text SET data = x'{big}'")
    read_everything(recorded)
    change(recorded, *(f"INSERT INTO source SELECT revision, 'm{n}', digest FROM source LIMIT 1" for n in range(9)))
    read_everything(recorded)  # one text is read once
    change(
        recorded,
        *(f"INSERT INTO text SELECT 'd{n}', data FROM text LIMIT 1" for n in range(9)),
        *(f"UPDATE source SET digest = 'd{n}' WHERE module = 'm{n}'" for n in range(9)),
    )
    with pytest.raises(NotABaseline, match="decompresses to more than"):
        read_everything(recorded)
    monkeypatch.setattr(store, "TEXT_LIMIT", 100_000)
    with pytest.raises(NotABaseline, match="decompresses to more than 100000 bytes"):
        read_everything(recorded)


def test_work_for_a_baseline_ends(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a file makes SQLite work, it is stopped after a number of steps."""
    from pytest_runtime.recorders.store import guard

    monkeypatch.setattr(guard, "STEPS", 100)
    monkeypatch.setattr(guard, "STEPS_LIMIT", 1)
    rows = [f"INSERT INTO counter VALUES ('n{n}', 1)" for n in range(200)]
    change(recorded, *rows)
    with pytest.raises(NotABaseline, match="interrupted"):
        read_everything(recorded)
