"""`asyncpg`, by single connections and by its pools."""

from __future__ import annotations

from ..servers.fixtures import PASSWORD
from .row import Change, Row
from .row_postgres import SCHEMA

_VALUES = """
DSN = "postgresql://shop:{password}@127.0.0.1:{port}/postgres"
SECRET = "{terces}"[::-1]
VALUES = (
    "apple", Decimal("12.50"), uuid.UUID(int=7), datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), date(2026, 1, 2),
    timedelta(hours=3), ["a", "b"], {"a": [1, None]}, asyncpg.Range(1, 5), bytes(range(256)), IPv4Address("10.0.0.7"),
    0.1, True,
)
COLUMNS = "name, price, code, made, day, takes, tags, more, span, picture, address, ratio, ok"
MARKS = ", ".join(f"${number}" for number in range(1, 14))
"""

_SERVICE = (
    """
import asyncio
import io
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address

import asyncpg
"""
    + _VALUES
    + """

class Item(asyncpg.Record):
    def __getattr__(self, name):
        return self[name]


async def connected(**more):
    db = await asyncpg.connect(DSN, **more)
    await db.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    return db


def work():
    return asyncio.run(working())


async def working():
    seen = []
    db = await connected()
    seen += [db.get_server_version() > (9,), db.get_settings().TimeZone, db.is_closed(), db.is_in_transaction()]
    await db.execute("DELETE FROM item")
    added = await db.fetchrow(f"INSERT INTO item ({COLUMNS}) VALUES ({MARKS}) RETURNING id > 0 AS made", *VALUES)
    seen += [added, added["made"], type(added) is asyncpg.Record]
    await db.executemany("INSERT INTO item (name, price) VALUES ($1, $2)", [("pear", 2), ("plum", None)])
    seen.append(await db.fetchmany("INSERT INTO item (name) VALUES ($1) RETURNING name", [("fig",), ("kiwi",)]))
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM item WHERE name = $1", "apple")
    seen += [row, tuple(row) == VALUES, list(row.keys()), isinstance(row["code"], uuid.UUID)]
    async with db.transaction():
        seen.append(await db.execute("UPDATE item SET price = price * 2 WHERE name = $1", "apple"))
        try:
            async with db.transaction():
                await db.execute("UPDATE item SET price = 0")
                raise RuntimeError("undo")
        except RuntimeError:
            seen += [await db.fetchval("SELECT price FROM item WHERE name = 'apple'"), db.is_in_transaction()]
    async with db.transaction(isolation="serializable", readonly=True):
        seen.append(await db.fetchval("SHOW transaction_isolation"))
    seen.append(await db.fetch("SELECT name, name, price FROM item WHERE name < $1 ORDER BY name", "k"))
    seen.append([item.name for item in await db.fetch("SELECT name FROM item ORDER BY name", record_class=Item)])
    asked = await db.prepare("SELECT name, price FROM item WHERE price > $1 ORDER BY name")
    seen += [asked.get_attributes(), asked.get_parameters(), asked.get_query()]
    seen += [await asked.fetch(1), await asked.fetchval(2, column=1), await asked.fetchrow(99), asked.get_statusmsg()]
    async with db.transaction():
        seen.append([row["name"] async for row in db.cursor("SELECT name FROM item ORDER BY name", prefetch=2)])
        chunks = await db.cursor("SELECT name FROM item WHERE name > $1 ORDER BY name", "a")
        seen += [await chunks.fetchrow(), await chunks.forward(1), await chunks.fetch(1), await chunks.fetch(9)]
        async for row in asked.cursor(1, prefetch=1):
            seen.append(row)
            break
    rows = [("grape", Decimal(3)), ("lime", None)]
    seen.append(await db.copy_records_to_table("item", records=rows, columns=["name", "price"]))
    text = io.BytesIO(b"date,5\\n")
    seen.append(await db.copy_to_table("item", source=text, columns=["name", "price"], format="csv"))
    out = io.BytesIO()
    seen.append(await db.copy_from_query("SELECT name FROM item WHERE price > $1 ORDER BY name", 2, output=out))
    seen += [out.getvalue(), await db.fetchval("SELECT count(*) FROM item WHERE false"), await db.fetchrow(";")]
    seen += [await db.fetch("SELECT name FROM item WHERE false"), await db.execute("SET statement_timeout = 5000")]
    logged = []
    with db.query_logger(lambda said: logged.append((said.query, said.args))):
        await db.fetchval("SELECT count(*) FROM item")
        await asyncio.sleep(0)
    await db.reset()
    await db.close()
    return [*seen, logged, db.is_closed()]


def fail():
    return asyncio.run(failing())


async def failing():
    seen = []
    db = await connected()
    await db.execute("DELETE FROM account")
    await db.execute("INSERT INTO account VALUES (1, 'x')")
    for statement in ("INSERT INTO account VALUES (1, 'y')", "SELECT nothing", "SELECT 1/0", "SELEC"):
        for ask in (db.fetch, db.execute, db.prepare):
            try:
                seen.append(type(await ask(statement)).__name__)
            except asyncpg.PostgresError as error:
                seen.append((type(error).__name__, error.sqlstate, str(error), error.constraint_name, error.as_dict()))
    try:
        async with db.transaction():
            async for row in db.cursor("SELECT 1/id FROM nowhere WHERE id = $1", 3):
                seen.append(row)
    except asyncpg.UndefinedTableError as error:
        seen.append((str(error), db.is_in_transaction()))
    try:
        await db.executemany("INSERT INTO account VALUES ($1, 'x')", [(2,), (1,)])
    except asyncpg.UniqueViolationError as error:
        seen.append(error.detail)
    for ask in (db.fetch("SELECT $1::int", "seven"), db.fetch("SELECT $1::int"), db.fetch("SELECT 1", timeout=0)):
        try:
            await ask
        except (asyncpg.InterfaceError, asyncpg.DataError, TimeoutError) as error:
            seen.append((type(error).__name__, str(error)))
    for limit in ({"timeout": 0.05}, {}):
        try:
            await asyncio.wait_for(db.fetch("SELECT pg_sleep(30)", **limit), 0.2 if not limit else 9)
        except TimeoutError as error:
            seen.append(type(error).__name__)
    both = await asyncio.gather(db.fetchval("SELECT 1"), db.fetchval("SELECT 2"), return_exceptions=True)
    seen.append([str(one) for one in both])
    try:
        await db.copy_to_table("account", source=broken(), columns=["id"])
    except RuntimeError as error:
        seen.append(str(error))
    await db.close()
    try:
        await db.fetch("SELECT 1")
    except asyncpg.InterfaceError as error:
        seen.append(str(error))
    return seen


async def broken():
    yield b"7\\n"
    raise RuntimeError("no more")


def many():
    return asyncio.run(gathered())


async def gathered():
    async def one(number):
        db = await asyncpg.connect(DSN)
        try:
            return number, await db.fetchval("SELECT $1::int", number)
        finally:
            await db.close()

    return await asyncio.gather(*map(one, range(50)))


def secret():
    return asyncio.run(hiding())


async def hiding():
    db = await connected()
    await db.execute("DELETE FROM account")
    await db.execute("INSERT INTO account (id, api_key) VALUES ($1, $2)", 9, SECRET)
    await db.executemany("INSERT INTO account (id, api_key) VALUES ($1, $2)", [[10, SECRET]])
    await db.copy_records_to_table("account", records=[(11, SECRET)], columns=["id", "api_key"])
    found = await db.fetchval("SELECT api_key FROM account WHERE id = 9")
    rows = await db.fetch("SELECT id FROM account WHERE api_key = $1 ORDER BY id", SECRET)
    out = io.BytesIO()
    await db.copy_from_table("account", output=out, columns=["api_key"])
    await db.close()
    return len(found), rows, len(out.getvalue())


def refused():
    return asyncio.run(asking())


async def asking():
    seen = []
    for place in ({"port": {closed}}, {"password": "wrong"}, {"database": "nowhere"}):
        try:
            await asyncpg.connect(DSN, **place)
        except (OSError, asyncpg.PostgresError) as error:
            seen.append((type(error).__name__, str(error)))
    return seen
"""
)

_POOL = (
    """
import asyncio
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address

import asyncpg
"""
    + _VALUES
    + """

async def prepare(db):
    await db.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    await db.execute("SET statement_timeout = 5000")


def pooled(**more):
    return asyncpg.create_pool(DSN, min_size=2, max_size=4, init=prepare, **more)


def work():
    return asyncio.run(working())


async def working():
    seen = []
    async with pooled() as pool:
        await pool.execute("DELETE FROM item")
        await pool.execute(f"INSERT INTO item ({COLUMNS}) VALUES ({MARKS})", *VALUES)
        async with pool.acquire() as db, db.transaction():
            await db.executemany("INSERT INTO item (name, price) VALUES ($1, $2)", [("pear", 2), ("plum", None)])
            await db.execute("UPDATE item SET price = price * 2 WHERE name = $1", "apple")
        seen += [await pool.fetchrow("SELECT price, more FROM item WHERE name = $1", "apple"), pool.get_max_size()]
        seen += await asyncio.gather(*[pool.fetchval("SELECT $1::int", number) for number in range(9)])
        db = await pool.acquire()
        asked = await db.prepare("SELECT name FROM item ORDER BY name")
        seen.append(await asked.fetch())
        await pool.release(db)
        try:
            await asked.fetch()
        except asyncpg.InterfaceError as error:
            seen.append(str(error)[:40])
    return seen


def fail():
    return asyncio.run(failing())


async def failing():
    seen = []
    async with pooled() as pool:
        for number in range(2):
            try:
                async with pool.acquire() as db, db.transaction():
                    await db.fetchval("SELECT 1/$1::int", number)
            except asyncpg.PostgresError as error:
                seen.append((type(error).__name__, error.sqlstate))
        db = await pool.acquire()
        await db.execute("BEGIN")
        await db.execute("INSERT INTO account VALUES (77, 'gone')")
        await pool.release(db)
        seen.append(await pool.fetchval("SELECT count(*) FROM account WHERE id = 77"))
    try:
        await pool.fetch("SELECT 1")
    except asyncpg.InterfaceError as error:
        seen.append(str(error))
    return seen


def many():
    return asyncio.run(gathered())


async def gathered():
    async with pooled() as pool:

        async def one(number):
            async with pool.acquire() as db:
                return number, await db.fetchval("SELECT $1::int", number)

        return await asyncio.gather(*map(one, range(50)))


def secret():
    return asyncio.run(hiding())


async def hiding():
    async with pooled() as pool:
        await pool.execute("INSERT INTO account (id, api_key) VALUES ($1, $2) ON CONFLICT DO NOTHING", 9, SECRET)
        return len(await pool.fetchval("SELECT api_key FROM account WHERE id = 9"))


def refused():
    return asyncio.run(asking())


async def asking():
    seen = []
    for place in ({"port": {closed}}, {"password": "wrong"}):
        try:
            await pooled(**place)
        except (OSError, asyncpg.PostgresError) as error:
            seen.append((type(error).__name__, str(error)))
        lazy = pooled(**place, init_size=2) if not place else asyncpg.create_pool(DSN, min_size=0, **place)
        async with lazy as pool:
            try:
                await pool.fetchval("SELECT 1")
            except (OSError, asyncpg.PostgresError) as error:
                seen.append(type(error).__name__)
    return seen
"""
)

_PREPARE = '''
import asyncio

import asyncpg


async def prepare():
    db = await asyncpg.connect("postgresql://shop:{password}@127.0.0.1:{port}/postgres")
    await db.execute("""{schema}""")
    await db.close()


asyncio.run(prepare())
'''


def _filled(text: str) -> str:
    return text.replace("{password}", PASSWORD).replace("{schema}", SCHEMA)


_FIRST = Change('("pear", 2)', '("pear", 3)', "INSERT item parameters")

ROWS = (
    Row(
        "asyncpg",
        "postgres_server",
        ("asyncpg",),
        _filled(_SERVICE),
        (
            _FIRST,
            Change('= price * 2 WHERE name = $1", "apple"', '= price * 2 WHERE name = $1", "plum"', "UPDATE item"),
            Change(
                '{COLUMNS} FROM item WHERE name = $1", "apple"',
                '{COLUMNS} FROM item WHERE name = $1", "pear"',
                "SELECT item parameters.name",
            ),
            Change(
                "    async with db.transaction():\n        seen.append(await db.execute",
                "    if True:\n        seen.append(await db.execute",
                "ROLLBACK",
            ),
            Change("readonly=True", "readonly=False", "BEGIN"),
            Change("asked.fetch(1)", "asked.fetch(3)", "SELECT item parameters.price"),
            Change(
                'WHERE price > $1 ORDER BY name")\n    seen',
                'WHERE price < $1 ORDER BY name")\n    seen',
                "PREPARE SELECT item",
            ),
            Change('name > $1 ORDER BY name", "a")', 'name > $1 ORDER BY name", "b")', "SELECT item parameters.name"),
            Change("chunks.forward(1)", "chunks.forward(2)", "SCROLL"),
            Change('("grape", Decimal(3))', '("grape", Decimal(4))', "COPY"),
            Change("date,5", "date,6", "COPY"),
        ),
        set_up=_filled(_PREPARE),
    ),
    Row(
        "asyncpg.Pool",
        "postgres_server",
        ("asyncpg",),
        _filled(_POOL),
        (
            _FIRST,
            Change('= price * 2 WHERE name = $1", "apple"', '= price * 2 WHERE name = $1", "plum"', "UPDATE item"),
            Change(
                'more FROM item WHERE name = $1", "apple"',
                'more FROM item WHERE name = $1", "pear"',
                "SELECT item parameters.name",
            ),
            Change(
                "pool.acquire() as db, db.transaction():\n            await db.executemany",
                "pool.acquire() as db:\n            await db.executemany",
                "COMMIT",
            ),
        ),
        set_up=_filled(_PREPARE),
    ),
)
