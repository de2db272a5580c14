"""`asyncpg` beyond its contract: what a function is given, pools that outlive a trace, and what is not recorded."""

from __future__ import annotations

import asyncio
import gc
import textwrap
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries.live_world import LiveWorld
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Replayed, Scenario

from ...servers.fixtures import PASSWORD, postgres_server

__all__ = ["postgres_server"]

pytest.importorskip("asyncpg", reason="asyncpg is not installed: `pip install asyncpg`, or the extra `test`")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

HEAD = """
import asyncio
import uuid
import asyncpg
from decimal import Decimal

DSN = "postgresql://shop:{password}@127.0.0.1:{port}/postgres"

"""


@pytest.fixture(autouse=True)
def cleared() -> Iterator[None]:
    """Loops and connections that a service holds in its module warn when they go: here, where that is no error."""
    yield
    gc.collect()


@pytest.fixture
def recorded(tmp_path: Path, postgres_server: int) -> Callable[..., Scenario]:
    """Records calls of a service, each on the event loop of its own that the program runs."""

    def record(service: str, *calls: str) -> Scenario:
        text = HEAD.replace("{port}", str(postgres_server)).replace("{password}", PASSWORD) + textwrap.dedent(service)

        def traffic(shop: ModuleType) -> None:
            for call in calls:
                getattr(shop, call)()

        return Scenario(tmp_path, {"shop": text}).record(traffic)

    return record


def alike(replayed: Replayed) -> bool:
    """Whether every trace is judged, and the same."""
    assert (replayed.reasons, replayed.fields) == (set(), {})
    return replayed.counts.keys() == {"same"}


GIVEN = """
    async def add(db, name):
        async with db.transaction():
            return await db.fetchval("INSERT INTO given VALUES ($1) RETURNING upper(name)", name)

    async def count(pool):
        async with pool.acquire() as db:
            return await db.fetchval("SELECT count(*) FROM given"), pool.get_max_size()

    async def give_back(pool, db):
        found = await db.fetch("SELECT name FROM given ORDER BY name")
        await pool.release(db)
        return found
"""


@pytest.mark.skipif("sys.version_info < (3, 12)", reason="coroutines that rest are no entries on Python 3.11")
def test_functions_are_given_connections_and_pools(tmp_path: Path, postgres_server: int) -> None:
    """A function that is given a connection, one of a pool, or a pool, asks the recording over it."""
    text = HEAD.replace("{port}", str(postgres_server)).replace("{password}", PASSWORD) + textwrap.dedent(GIVEN)
    runs: list[Any] = []

    def traffic(shop: ModuleType) -> None:
        asyncio.run(drive(shop))

    async def drive(shop: Any) -> None:
        import asyncpg

        pool = await asyncpg.create_pool(shop.DSN, min_size=1, max_size=3)
        await pool.execute("CREATE TABLE IF NOT EXISTS given (name text)")
        await pool.execute("DELETE FROM given")
        async with pool.acquire() as lent:
            runs.append(await shop.add(lent, "lent"))
        db = await asyncpg.connect(shop.DSN)
        runs.append(await shop.add(db, "own"))
        async with db.transaction(isolation="serializable"):
            runs.append(await shop.add(db, "nested"))
        runs.append(await shop.count(pool))
        runs.append(await shop.give_back(pool, await pool.acquire()))
        await db.close()
        await pool.close()

    scenario = Scenario(tmp_path, {"shop": text}).record(traffic)
    assert runs[:4] == ["LENT", "OWN", "NESTED", (3, 3)]
    assert len(scenario.traces()) == 5
    assert alike(scenario.replay())
    scenario.change("shop", "upper(name)", "lower(name)")
    assert scenario.replay().counts == {"diverged": 3, "same": 2}


HELD = """
    loop = asyncio.new_event_loop()
    held = {}

    async def opening():
        held["pool"] = await asyncpg.create_pool(DSN, min_size=1, max_size=2)

    def open_pool():
        loop.run_until_complete(opening())
        return len(held)

    async def asking():
        async with held["pool"].acquire() as db:
            asked = await db.prepare("SELECT $1::int + 1")
            return await asked.fetchval(1), await held["pool"].fetchval("SELECT 3")

    def ask():
        return loop.run_until_complete(asking())

    def close_pool():
        loop.run_until_complete(held["pool"].close())
        return held["pool"].is_closing()
"""


def test_a_pool_outlives_the_trace_that_opened_it(recorded: Callable[..., Scenario]) -> None:
    """Which connection of it prepared a statement already is chance, and no difference."""
    scenario = recorded(HELD, "open_pool", "ask", "ask", "close_pool")
    asked = [one.operation for trace in scenario.traces() for one in trace.exchanges if trace.entry.endswith("ask")]
    assert asked.count("prepare") == 2
    assert alike(scenario.replay())
    assert alike(scenario.judge(everything=True))


VALUES = """
    class Row(asyncpg.Record):
        def __getattr__(self, name):
            return self[name]

    async def working():
        db = await asyncpg.connect(DSN, record_class=Row)
        await db.execute("DROP TYPE IF EXISTS pair CASCADE; CREATE TYPE pair AS (a int, b text)")
        await db.execute("DROP DOMAIN IF EXISTS mark CASCADE; CREATE DOMAIN mark AS text")
        row = await db.fetchrow(
            "SELECT $1::uuid AS id, '(1,x)'::pair AS both, ARRAY[1,2] AS many, '[1,5)'::int4range AS span, "
            "B'101' AS bits, '(1,2)'::point AS place, '((0,0),(1,1))'::box AS area, '1.1.1.0/24'::cidr AS net, "
            "'x'::mark AS marked, 'infinity'::timestamptz AS ever, '<(0,0),3>'::circle AS round, '{}'::jsonb AS more, "
            "1 AS twice, 2 AS twice",
            uuid.UUID(int=7),
        )
        again = await db.fetchval("SELECT ($1::pair).b", row.both)
        await db.close()
        return row, row.both["b"], again, type(row).__name__, list(row.keys()), row["id"] == uuid.UUID(int=7)

    def work():
        return asyncio.run(working())
"""


def test_values_come_back_as_they_were(recorded: Callable[..., Scenario]) -> None:
    """Composite values are records again, of the class that the program asked for; ranges, points and bits too."""
    scenario = recorded(VALUES, "work")
    assert alike(scenario.replay())
    scenario.change("shop", "1 AS twice", "3 AS twice").change("shop", "return row, row", "return row.place, row")
    fields = scenario.replay().fields
    assert any("SELECT" in field for field in fields)
    assert any(field.startswith("return") for field in fields)


def test_a_changed_row_is_shown_by_its_column(recorded: Callable[..., Scenario]) -> None:
    """As code would read it."""
    service = """
        def work():
            return asyncio.run(working())

        async def working():
            db = await asyncpg.connect(DSN)
            rows = await db.fetch("SELECT n, 'x' AS name FROM generate_series(1, 3) n")
            await db.close()
            return rows[0:2]
        """
    scenario = recorded(service, "work")
    scenario.change("shop", "rows[0:2]", "rows[1:3]")
    assert {"return[0].n", "return[1].n"} == set(scenario.replay().fields)


IDLE = """
            other = await asyncpg.connect(DSN)
            await other.fetchval("SELECT pg_terminate_backend($1)", db.get_server_pid())
            while not db.is_closed():
                await asyncio.sleep(0.01)
            try:
                await db.fetchval("SELECT 1")
            except asyncpg.InterfaceError:
                await other.close()
"""


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ('await db.add_listener("news", print)', "add_listener"),
        ("db.add_log_listener(print)", "add_log_listener"),
        ('await db.copy_records_to_table("pg_temp.big", records=[(n,) for n in range(20_001)])', "COPY of more than"),
        (IDLE.strip(), "that a server ended a connection"),
    ],
)
def test_what_is_not_recorded_is_a_gap(recorded: Callable[..., Scenario], asked: str, reason: str) -> None:
    """With a reason, and never judged the same."""
    service = f"""
        def work():
            return asyncio.run(working())

        async def working():
            db = await asyncpg.connect(DSN)
            await db.execute("CREATE TEMP TABLE big (n int)")
            {asked.replace("pg_temp.big", "big")}
            await db.close()
            return 1
        """
    scenario = recorded(service, "work")
    (trace,) = scenario.traces()
    assert any(reason in gap for gap in trace.gaps)
    assert scenario.replay().counts == {"not judged": 1}


LOST = """
    def work():
        return asyncio.run(working())

    async def working():
        seen = []
        db, other = await asyncpg.connect(DSN), await asyncpg.connect(DSN)
        for _ in range(2):
            try:
                await db.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                seen.append((type(error).__name__, str(error), db.is_closed()))
        try:
            async with asyncio.timeout(0.1):
                await other.fetchval("SELECT pg_sleep(20)")
        except TimeoutError:
            seen.append("given up")
        seen.append(await other.fetchval("SELECT 5"))
        await other.close()
        return seen
"""


def test_a_connection_that_is_lost_or_given_up(recorded: Callable[..., Scenario]) -> None:
    """The server ends a connection, and a program gives up waiting: alike without a server."""
    assert alike(recorded(LOST, "work").replay())


CODED = """
    import json

    def dump(value):
        return json.dumps(value)

    def load(text):
        return json.loads(text)

    async def working():
        db = await asyncpg.connect(DSN)
        await db.set_type_codec("jsonb", schema="pg_catalog", encoder=dump, decoder=load)
        found = await db.fetchval("SELECT $1::jsonb", {"a": 1})
        await db.close()
        return found

    def work():
        return asyncio.run(working())
"""


def test_codecs_of_the_program_are_judged_by_themselves(recorded: Callable[..., Scenario]) -> None:
    """No replay of a trace runs them: they are functions that the library calls, outside of every trace."""
    scenario = recorded(CODED, "work")
    assert sorted(trace.entry.partition(":")[2] for trace in scenario.traces()) == ["dump", "load", "work"]
    assert alike(scenario.replay())
    scenario.change("shop", "json.loads(text)", "dict(json.loads(text), b=2)")
    assert scenario.replay().counts == {"same": 2, "diverged": 1}
    scenario.change("shop", "json.dumps(value)", "json.dumps([value])")
    assert scenario.replay().counts == {"same": 1, "diverged": 2}


KEPT = """
    loop = asyncio.new_event_loop()

    async def working(held):
        held.append(await asyncpg.connect(DSN))
        async with held[0].transaction():
            chunks = await held[0].cursor("SELECT n FROM generate_series(1, 9) n")
            return await chunks.fetch(2)

    def work(held):
        return len(loop.run_until_complete(working(held)))
"""


def test_a_connection_holds_no_trace_that_ended(tmp_path: Path, postgres_server: int) -> None:
    """Nor do its cursors: a service keeps its connections for days."""
    text = HEAD.replace("{port}", str(postgres_server)).replace("{password}", PASSWORD) + textwrap.dedent(KEPT)
    held: list[Any] = []
    worlds: list[weakref.ref[Any]] = []
    begin = LiveWorld.begin

    def noting(world: LiveWorld, *asked: Any) -> Any:
        worlds.append(weakref.ref(world))
        return begin(world, *asked)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(LiveWorld, "begin", noting)
        Scenario(tmp_path, {"shop": text}).record(lambda shop: shop.work(held))
    gc.collect()
    assert (len(held), held[0].is_closed(), len(worlds) > 2) == (1, False, True)
    assert [world() for world in worlds if world() is not None] == []
    held[0].terminate()


EARLY = """
    class Own(asyncpg.Connection):
        pass

    loop = asyncio.new_event_loop()
    held = loop.run_until_complete(asyncpg.connect(DSN, connection_class=Own))
    loop.run_until_complete(held.execute("CREATE TEMP TABLE early (n int)"))

    async def asking():
        seen = [type(held).__name__, await held.fetchval("SELECT 41 + 1")]
        await held.copy_records_to_table("early", records=[(1,), (2,)])
        for table in ("nowhere", "early"):
            try:
                seen.append(await held.copy_records_to_table(table, records=[("x",)]))
            except (asyncpg.PostgresError, asyncpg.InterfaceError, TypeError) as error:
                seen.append((type(error).__name__, str(error)))
        return seen

    def ask():
        return loop.run_until_complete(asking())
"""


def test_a_connection_that_was_made_at_import(recorded: Callable[..., Scenario]) -> None:
    """It is of the program's class, and connected to nothing; what fails when rows are copied, fails again."""
    scenario = recorded(EARLY, "ask")
    assert alike(scenario.replay())
    assert alike(scenario.judge(everything=True))
    scenario.change("shop", "(1,), (2,)", "(1,), (3,)")
    assert any("COPY" in field for field in scenario.replay().fields)


HIDDEN = """
    SECRETS = [word[::-1] for word in ("mulp-lertsek", "gif-noreh", "iwik-yerpso")]

    def work():
        return asyncio.run(working())

    async def working():
        db = await asyncpg.connect(DSN)
        await db.execute("CREATE TEMP TABLE people (id int, name text, password text)")
        await db.execute("INSERT INTO people (id, name, password) VALUES ($1, $2, $3)", 1, "Ann", SECRETS[0])
        await db.executemany(
            "INSERT INTO people (password, name, id) VALUES ($3::text, $2::text, $1::int)", [[2, "Bob", SECRETS[1]]]
        )
        await db.copy_records_to_table("people", records=[(3, "Cid", SECRETS[2])], columns=["id", "name", "password"])
        asked = await db.prepare("SELECT name FROM people WHERE password = $1::varchar")
        found = await asked.fetchval(SECRETS[0])
        rows = await db.fetch("SELECT id, password FROM people ORDER BY id")
        await db.close()
        return found, [len(row["password"]) for row in rows]
"""


def test_secrets_are_known_by_their_columns(recorded: Callable[..., Scenario]) -> None:
    """Also where nothing in their form tells them: sent by number, in rows, by COPY, and received."""
    scenario = recorded(HIDDEN, "work")
    with closing(open_reader(scenario.store)) as reader:
        held = b"".join(data for _where, data in reader.contents())
    assert [word for word in ("kestrel", "heron", "osprey") if word.encode() in held] == []
    assert b"Ann" in held
    requests = [one.request for trace in scenario.traces() for one in trace.exchanges]
    assert any("$3::text, $2::text" in str(request) for request in requests)


MAPPED = """
    from sqlalchemy import JSON, String, select, text
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    engine = create_async_engine(DSN.replace("postgresql:", "postgresql+asyncpg:"), pool_size=1, pool_pre_ping=True)
    loop = asyncio.new_event_loop()

    class Base(DeclarativeBase):
        pass

    class Visit(Base):
        __tablename__ = "visit"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(30))
        more: Mapped[dict] = mapped_column(JSON)

    async def making():
        async with engine.begin() as db:
            await db.run_sync(Base.metadata.drop_all)
            await db.run_sync(Base.metadata.create_all)

    def make():
        loop.run_until_complete(making())
        return True

    async def adding(names):
        async with AsyncSession(engine) as session:
            session.add_all([Visit(name=name, more={"of": name}) for name in names])
            await session.commit()
            return [(one.name, one.more) for one in await session.scalars(select(Visit).order_by(Visit.name))]

    def add(*names):
        return loop.run_until_complete(adding(names))

    async def reading():
        seen = []
        async with engine.connect() as db:
            async for row in await db.stream(select(Visit.name).order_by(Visit.name)):
                seen.append(row.name)
        async with engine.connect() as db:
            await db.execution_options(isolation_level="AUTOCOMMIT")
            seen.append((await db.execute(text("SELECT count(*) FROM visit"))).scalar_one())
        async with engine.connect() as db:
            await db.execution_options(isolation_level="SERIALIZABLE")
            seen.append((await db.execute(text("SELECT max(name) FROM visit"))).scalar_one())
            await db.commit()
        return seen

    def read():
        return loop.run_until_complete(reading())
"""


def test_an_engine_that_a_module_holds(tmp_path: Path, postgres_server: int) -> None:
    """Its pool asks whether a connection is there, and which statements it has prepared is chance: no difference."""
    pytest.importorskip("sqlalchemy")
    text = HEAD.replace("{port}", str(postgres_server)).replace("{password}", PASSWORD) + textwrap.dedent(MAPPED)
    answers: list[Any] = []

    def traffic(shop: ModuleType) -> None:
        shop.make()
        answers.extend([shop.add("Ann", "Bob"), shop.add("Cid"), shop.add("Dan"), shop.read(), shop.read()])

    scenario = Scenario(tmp_path, {"shop": text}).record(traffic)
    assert answers[2][-1] == ("Dan", {"of": "Dan"})
    assert answers[3] == answers[4] == ["Ann", "Bob", "Cid", "Dan", 4, "Dan"]
    assert alike(scenario.judge(everything=True))
    scenario.change("shop", '"SERIALIZABLE"', '"REPEATABLE READ"')
    assert any("BEGIN" in field for field in scenario.replay().fields)
