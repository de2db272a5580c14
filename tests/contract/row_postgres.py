"""Drivers of PostgreSQL."""

from __future__ import annotations

from ..servers.fixtures import PASSWORD
from .row import Change, Row

SCHEMA = """
DROP TABLE IF EXISTS item CASCADE;
CREATE TABLE item (
    id serial PRIMARY KEY, name text UNIQUE, price numeric(10, 2), code uuid, made timestamptz, day date,
    takes interval, tags text[], more jsonb, span int4range, picture bytea, address inet, ratio float8, ok boolean
);
CREATE TABLE IF NOT EXISTS account (id int PRIMARY KEY, api_key text);
"""

_VALUES = """
VALUES = (
    "apple", Decimal("12.50"), uuid.UUID(int=7), datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), date(2026, 1, 2),
    timedelta(hours=3), ["a", "b"], Json({"a": [1, None]}), Range(1, 5), bytes(range(256)), IPv4Address("10.0.0.7"),
    0.1, True,
)
COLUMNS = "name, price, code, made, day, takes, tags, more, span, picture, address, ratio, ok"
MARKS = ", ".join(["%s"] * 13)
"""

_PSYCOPG = """
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address

import psycopg
from psycopg.rows import class_row, dict_row, namedtuple_row, scalar_row
from psycopg.types.json import Json
from psycopg.types.range import Range

DSN = "host=127.0.0.1 port={port} dbname=postgres user=shop password={password}"
SECRET = "{terces}"[::-1]
{values}
early = psycopg.connect(DSN, autocommit=True)


class Item:
    def __init__(self, id, name):
        self.id, self.name = id, name


def work():
    seen = []
    with psycopg.connect(DSN) as db:
        db.execute("DELETE FROM item")
        cursor = db.execute(f"INSERT INTO item ({COLUMNS}) VALUES ({MARKS}) RETURNING id > 0", VALUES)
        seen += [cursor.fetchone(), cursor.rowcount, cursor.statusmessage]
        cursor.executemany("INSERT INTO item (name, price) VALUES (%s, %s)", [("pear", 2), ("plum", None)])
        seen.append(cursor.rowcount)
        cursor.executemany("INSERT INTO item (name) VALUES (%s) RETURNING name", [("fig",), ("kiwi",)], returning=True)
        for result in cursor.results():
            seen.append(result.fetchall())
        db.commit()
        row = db.execute(f"SELECT {COLUMNS} FROM item WHERE name = %(name)s", {"name": "apple"}).fetchone()
        seen += [row, row == (*VALUES[:7], {"a": [1, None]}, *VALUES[8:])]
        with db.transaction():
            db.execute("UPDATE item SET price = price * 2 WHERE name = %s", ("apple",))
            try:
                with db.transaction():
                    db.execute("UPDATE item SET price = 0")
                    raise psycopg.Rollback
            finally:
                seen.append(db.execute("SELECT price FROM item WHERE name = 'apple'").fetchone())
        seen.append([column.name for column in db.execute("SELECT name AS title, price FROM item").description])
        with db.cursor(row_factory=dict_row) as named:
            seen += [named.execute("SELECT name, price FROM item ORDER BY name").fetchmany(2), named.fetchall()]
        with db.cursor(row_factory=namedtuple_row) as named:
            seen.append([row.name for row in named.execute("SELECT name FROM item ORDER BY name")])
        with db.cursor(row_factory=class_row(Item)) as named:
            seen.append([item.name for item in named.execute("SELECT id, name FROM item ORDER BY name")])
        with db.cursor(row_factory=scalar_row) as named:
            named.execute("SELECT count(*) FROM item")
            seen += [named.fetchone(), named.fetchone()]
        with db.cursor("server") as chunks:
            chunks.execute("SELECT name FROM item ORDER BY name")
            seen += [chunks.fetchone(), chunks.fetchmany(2), chunks.fetchall()]
        with db.cursor("again") as chunks:
            chunks.itersize = 2
            seen.append([name for (name,) in chunks.execute("SELECT name FROM item ORDER BY name")])
        with db.cursor() as streaming:
            seen.append(list(streaming.stream("SELECT name FROM item ORDER BY name")))
        with db.cursor() as scrolled:
            scrolled.execute("SELECT name FROM item ORDER BY name")
            first = scrolled.fetchone()
            scrolled.scroll(-1)
            seen.append((first, scrolled.fetchall(), scrolled.rownumber))
        with db.cursor() as loading:
            with loading.copy("COPY item (name, price) FROM STDIN") as copy:
                copy.write_row(("grape", 3))
                copy.write_row(("lime", None))
            seen.append(loading.rowcount)
            with loading.copy("COPY (SELECT name FROM item ORDER BY name) TO STDOUT") as copy:
                seen.append(list(copy.rows()))
        with db.pipeline():
            count = db.execute("SELECT count(*) FROM item")
            db.execute("UPDATE item SET ok = true")
            seen.append(count.fetchone())
        db.rollback()
        seen.append(db.info.transaction_status.name)
    seen += [db.closed, early.execute("SELECT 41 + 1").fetchone()]
    return seen


def fail():
    seen = []
    with psycopg.connect(DSN) as db:
        db.execute("DELETE FROM account")
        db.execute("INSERT INTO account VALUES (1, 'x')")
        db.commit()
        for statement in ("INSERT INTO account VALUES (1, 'y')", "SELECT nothing", "SELECT 1/0", "SELEC"):
            try:
                db.execute(statement)
            except psycopg.Error as error:
                seen.append((type(error).__name__, error.sqlstate, str(error), error.diag.message_primary))
                seen.append((error.diag.constraint_name, db.info.transaction_status.name))
            db.rollback()
        try:
            db.cursor().executemany("INSERT INTO account VALUES (%s, 'x')", [(2,), (1,)])
        except psycopg.errors.UniqueViolation as error:
            seen.append(error.diag.message_detail)
    return seen


def many():
    def one(number):
        with psycopg.connect(DSN) as db:
            return number, db.execute("SELECT %s::int", (number,)).fetchone()[0]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(50)))


def secret():
    with psycopg.connect(DSN) as db:
        db.execute("INSERT INTO account (id, api_key) VALUES (%s, %s) ON CONFLICT DO NOTHING", (9, SECRET))
        (found,) = db.execute("SELECT api_key FROM account WHERE id = 9").fetchone()
    return len(found)


def refused():
    seen = []
    for place in ("port={closed}", "port={port} password=wrong"):
        try:
            psycopg.connect(f"{DSN} {place}")
        except psycopg.OperationalError as error:
            seen.append((type(error).__name__, str(error)))
    return seen
"""

_PSYCOPG_ASYNC = """
import asyncio
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address

import psycopg
import psycopg_pool
from psycopg.rows import dict_row
from psycopg.types.json import Json
from psycopg.types.range import Range

DSN = "host=127.0.0.1 port={port} dbname=postgres user=shop password={password}"
SECRET = "{terces}"[::-1]
{values}


async def configure(db):
    await db.set_autocommit(False)


def work():
    return asyncio.run(working())


async def working():
    seen = []
    async with psycopg_pool.AsyncConnectionPool(DSN, open=False, configure=configure) as pool:
        async with pool.connection() as db:
            await db.execute("DELETE FROM item")
            cursor = await db.execute(f"INSERT INTO item ({COLUMNS}) VALUES ({MARKS}) RETURNING id > 0", VALUES)
            seen += [await cursor.fetchone(), cursor.rowcount, cursor.statusmessage]
            await cursor.executemany("INSERT INTO item (name, price) VALUES (%s, %s)", [("pear", 2), ("plum", None)])
            seen.append(cursor.rowcount)
            await db.commit()
            row = await (
                await db.execute(f"SELECT {COLUMNS} FROM item WHERE name = %(name)s", {"name": "apple"})
            ).fetchone()
            seen += [row, row == (*VALUES[:7], {"a": [1, None]}, *VALUES[8:])]
        async with pool.connection() as db:
            async with db.transaction():
                await db.execute("UPDATE item SET price = price * 2 WHERE name = %s", ("apple",))
            async with db.cursor(row_factory=dict_row) as named:
                await named.execute("SELECT name, price FROM item ORDER BY name")
                seen += [await named.fetchmany(2), [row async for row in named]]
            async with db.cursor("server") as chunks:
                await chunks.execute("SELECT name FROM item ORDER BY name")
                seen += [await chunks.fetchone(), await chunks.fetchall()]
            async with db.cursor() as streaming:
                seen.append([row async for row in streaming.stream("SELECT name FROM item ORDER BY name")])
            async with db.cursor() as loading:
                async with loading.copy("COPY item (name, price) FROM STDIN") as copy:
                    await copy.write_row(("grape", 3))
                seen.append(loading.rowcount)
                async with loading.copy("COPY (SELECT name FROM item ORDER BY name) TO STDOUT") as copy:
                    seen.append([row async for row in copy.rows()])
    return seen


def fail():
    return asyncio.run(failing())


async def failing():
    seen = []
    async with await psycopg.AsyncConnection.connect(DSN) as db:
        for statement in ("SELECT nothing", "SELECT 1/0"):
            try:
                await db.execute(statement)
            except psycopg.Error as error:
                seen.append((type(error).__name__, error.sqlstate, str(error), db.info.transaction_status.name))
            await db.rollback()
    return seen


def many():
    return asyncio.run(gathered())


async def gathered():
    async with psycopg_pool.AsyncConnectionPool(DSN, open=False, min_size=4, max_size=4) as pool:

        async def one(number):
            async with pool.connection() as db:
                cursor = await db.execute("SELECT %s::int", (number,))
                return number, (await cursor.fetchone())[0]

        return await asyncio.gather(*map(one, range(50)))


def secret():
    async def both():
        async with await psycopg.AsyncConnection.connect(DSN) as db:
            await db.execute("INSERT INTO account (id, api_key) VALUES (%s, %s) ON CONFLICT DO NOTHING", (9, SECRET))
            (found,) = await (await db.execute("SELECT api_key FROM account WHERE id = 9")).fetchone()
        return len(found)

    return asyncio.run(both())


def refused():
    async def ask():
        try:
            await psycopg.AsyncConnection.connect(f"{DSN} port={closed}")
        except psycopg.OperationalError as error:
            return type(error).__name__, str(error)

    return asyncio.run(ask())
"""

_POOL = """
from concurrent.futures import ThreadPoolExecutor

import psycopg_pool

DSN = "host=127.0.0.1 port={port} dbname=postgres user=shop password={password}"
SECRET = "{terces}"[::-1]


def configure(db):
    db.execute("SET statement_timeout = 5000")
    db.commit()


pool = psycopg_pool.ConnectionPool(DSN, min_size=2, max_size=4, configure=configure, open=True)


def work():
    with pool.connection() as db:
        db.execute("DELETE FROM item")
        db.cursor().executemany("INSERT INTO item (name, price) VALUES (%s, %s)", [("pear", 2), ("apple", None)])
        db.commit()
        db.execute("UPDATE item SET price = price * 2 WHERE name = %s", ("apple",))
    with pool.connection() as db:
        return db.execute("SELECT name, price FROM item WHERE name <> %(name)s", {"name": "apple"}).fetchall()


def fail():
    seen = []
    for number in range(2):
        try:
            with pool.connection() as db:
                db.execute("SELECT 1/%s", (number,))
        except psycopg_pool.pool.e.Error as error:
            seen.append((type(error).__name__, error.sqlstate))
    return seen


def many():
    def one(number):
        with pool.connection() as db:
            return number, db.execute("SELECT %s::int", (number,)).fetchone()[0]

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(one, range(50)))


def secret():
    with pool.connection() as db:
        db.execute("INSERT INTO account (id, api_key) VALUES (%s, %s) ON CONFLICT DO NOTHING", (9, SECRET))
        (found,) = db.execute("SELECT api_key FROM account WHERE id = 9").fetchone()
    return len(found)


def refused():
    with psycopg_pool.ConnectionPool(f"{DSN} port={closed}", min_size=0, max_size=1, open=False) as other:
        return other.closed, other.name != ""
"""

_PREPARE = '''
import psycopg


with psycopg.connect("host=127.0.0.1 port={port} dbname=postgres user=shop password={password}") as db:
    db.execute("""{schema}""")
'''


def _filled(text: str) -> str:
    return text.replace("{values}", _VALUES).replace("{password}", PASSWORD).replace("{schema}", SCHEMA)


_CHANGES = (
    Change('("pear", 2)', '("pear", 3)', "INSERT item"),
    Change(
        'SET price = price * 2 WHERE name = %s", ("apple",)',
        'SET price = price * 2 WHERE name = %s", ("plum",)',
        "UPDATE item",
    ),
    Change("        db.commit()\n        row", "        row", "COMMIT"),
    Change('"name": "apple"', '"name": "pear"', "SELECT item parameters.name"),
)

ROWS = (
    Row(
        "psycopg",
        "postgres_server",
        ("psycopg",),
        _filled(_PSYCOPG),
        (*_CHANGES, Change('("grape", 3)', '("grape", 4)', "COPY")),
        set_up=_filled(_PREPARE),
    ),
    Row(
        "psycopg.AsyncConnection",
        "postgres_server",
        ("psycopg", "psycopg-pool"),
        _filled(_PSYCOPG_ASYNC),
        (_CHANGES[0], _CHANGES[1], _CHANGES[3], Change('("grape", 3)', '("grape", 4)', "COPY")),
        set_up=_filled(_PREPARE),
    ),
    Row(
        "psycopg_pool",
        "postgres_server",
        ("psycopg", "psycopg-pool"),
        _filled(_POOL),
        (_CHANGES[0], _CHANGES[1], Change("        db.commit()\n        db", "        db", "COMMIT")),
        set_up=_filled(_PREPARE),
    ),
)
