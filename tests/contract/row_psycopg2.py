"""`psycopg2`, with its own kinds of cursors, helpers and pools."""

from __future__ import annotations

from ..servers.fixtures import PASSWORD
from .row import Change, Row
from .row_postgres import SCHEMA

_SERVICE = """
import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg2
from psycopg2 import errors, extensions, extras, pool, sql

DSN = "host=127.0.0.1 port={port} dbname=postgres user=shop password={password}"
SECRET = "{terces}"[::-1]
VALUES = (
    "app'le", Decimal("12.50"), datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), date(2026, 1, 2), timedelta(hours=3),
    ["a", "b"], extras.Json({"a": [1, None]}), extras.NumericRange(1, 5), psycopg2.Binary(bytes(range(256))), 0.1, True,
)
COLUMNS = "name, price, made, day, takes, tags, more, span, picture, ratio, ok"
pools = pool.ThreadedConnectionPool(1, 8, DSN)


class Traced(extras.DictCursor):
    def execute(self, query, vars=None):
        super().execute(query, vars)
        self.said = self.query


def work():
    seen = []
    db = psycopg2.connect(DSN)
    with db, db.cursor() as cursor:
        cursor.execute("DELETE FROM item")
        marks = ", ".join(["%s"] * len(VALUES))
        cursor.execute(f"INSERT INTO item ({COLUMNS}) VALUES ({marks}) RETURNING id > 0", VALUES)
        seen += [cursor.fetchone(), cursor.rowcount, cursor.statusmessage]
        cursor.executemany("INSERT INTO item (name, price) VALUES (%s, %s)", [("pear", 2), ("plum", None)])
        extras.execute_batch(cursor, "UPDATE item SET ok = %s WHERE name = %s", [(True, "pear"), (False, "a\\\\b")])
        rows = [("fig", 3), ("ki\\\\wi", 4)]
        asked = "INSERT INTO item (name, price) VALUES %s RETURNING name"
        seen.append(extras.execute_values(cursor, asked, rows, fetch=True))
        seen.append(cursor.rowcount)
    seen.append(db.get_transaction_status())
    with db, db.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM item WHERE name = %(name)s", {"name": "app'le"})
        row = cursor.fetchone()
        seen += [row[:8], bytes(row[8]) == bytes(range(256)), row[9:], row[6] == {"a": [1, None]}]
        seen.append([(column.name, column[1]) for column in cursor.description])
        cursor.execute("UPDATE item SET price = price * 2 WHERE name = %s", ("pear",))
        cursor.execute("SAVEPOINT inner_one")
        cursor.execute("UPDATE item SET price = 0")
        cursor.execute("ROLLBACK TO SAVEPOINT inner_one")
        asked = sql.SQL("SELECT {} FROM {} WHERE price > {} ORDER BY name").format(
            sql.Identifier("name"), sql.Identifier("item"), sql.Literal(1)
        )
        cursor.execute(asked)
        seen += [cursor.fetchmany(2), list(cursor), cursor.fetchone()]
        cursor.execute("SELECT name FROM item ORDER BY name")
        first = cursor.fetchone()
        cursor.scroll(0, mode="absolute")
        seen += [first, cursor.fetchall(), cursor.rownumber]
        seen += [db.server_version > 90000, db.encoding, db.info.server_version == db.server_version, db.autocommit]
    for factory in (extras.RealDictCursor, extras.NamedTupleCursor, Traced):
        with db.cursor(cursor_factory=factory) as cursor:
            cursor.execute("SELECT name, price FROM item WHERE price > %s ORDER BY name", (1,))
            rows = [cursor.fetchone(), *cursor]
            seen.append([(row.name if factory is extras.NamedTupleCursor else row["name"]) for row in rows])
            seen.append(type(rows[0]).__name__)
    seen.append(cursor.said)
    with db.cursor("server", cursor_factory=extras.RealDictCursor) as chunks:
        chunks.itersize = 2
        chunks.execute("SELECT name FROM item ORDER BY name")
        seen += [chunks.name, chunks.description, dict(chunks.fetchone()), [dict(row) for row in chunks]]
        seen.append([column.name for column in chunks.description])
    with db.cursor() as cursor:
        cursor.copy_expert("COPY item (name, price) FROM STDIN", io.StringIO("grape\\t3\\nlime\\t\\\\N\\n"))
        seen.append(cursor.rowcount)
        cursor.copy_from(io.BytesIO(b"date;5\\n"), "item", sep=";", columns=("name", "price"))
        for out in (io.StringIO(), io.BytesIO()):
            cursor.copy_expert("COPY (SELECT name FROM item ORDER BY name) TO STDOUT", out)
            seen.append(out.getvalue())
    db.rollback()
    db.close()
    return [*seen, db.closed]


def fail():
    seen = []
    db = pools.getconn()
    with db.cursor() as cursor:
        cursor.execute("DELETE FROM account")
        cursor.execute("INSERT INTO account VALUES (1, 'x')")
        try:
            cursor.fetchone()
        except psycopg2.ProgrammingError as error:
            seen.append(str(error))
        db.commit()
        for statement in ("INSERT INTO account VALUES (1, 'y')", "SELECT nothing", "SELECT 1/0", "SELEC"):
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                seen.append((type(error).__name__, error.pgcode, error.pgerror, str(error), error.diag.message_primary))
                seen.append((error.diag.constraint_name, db.get_transaction_status()))
                seen.append(type(error) is errors.lookup(error.pgcode))
            db.rollback()
        try:
            extras.execute_values(cursor, "INSERT INTO account VALUES %s", [(2, "x"), (1, "x")])
        except errors.UniqueViolation as error:
            seen.append(error.diag.message_detail)
    pools.putconn(db)
    return seen


def many():
    def one(number):
        db = pools.getconn()
        try:
            with db, db.cursor() as cursor:
                cursor.execute("SELECT %s::int", (number,))
                return number, cursor.fetchone()[0]
        finally:
            pools.putconn(db)

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(one, range(50)))


def secret():
    with psycopg2.connect(DSN, cursor_factory=extras.DictCursor) as db:
        with db.cursor() as cursor:
            rows = [(9, SECRET), (10, "plain-pass")]
            extras.execute_values(cursor, "INSERT INTO account (id, api_key) VALUES %s ON CONFLICT DO NOTHING", rows)
            cursor.execute("SELECT api_key FROM account WHERE id = 9")
            return len(cursor.fetchone()["api_key"])


def refused():
    seen = []
    for place in ("port={closed}", "port={port} password=wrong"):
        try:
            psycopg2.connect(f"{DSN} {place}")
        except psycopg2.OperationalError as error:
            seen.append((type(error).__name__, str(error), error.pgcode))
    return seen
"""

_PREPARE = '''
import psycopg2


with psycopg2.connect("host=127.0.0.1 port={port} dbname=postgres user=shop password={password}") as db:
    with db.cursor() as cursor:
        cursor.execute("""{schema}""")
db.close()
'''

ROWS = (
    Row(
        "psycopg2",
        "postgres_server",
        ("psycopg2-binary",),
        _SERVICE.replace("{password}", PASSWORD),
        (
            Change('("pear", 2)', '("pear", 3)', "INSERT item"),
            Change('("fig", 3)', '("fig", 5)', "INSERT item parameters"),
            Change(
                'price = price * 2 WHERE name = %s", ("pear",)',
                'price = price * 2 WHERE name = %s", ("fig",)',
                "UPDATE item",
            ),
            Change('"name": "app\'le"', '"name": "pear"', "SELECT item parameters.name"),
            Change('"grape\\t3', '"grape\\t4', "COPY"),
            Change(
                '    with db, db.cursor() as cursor:\n        cursor.execute("DELETE',
                '    with db.cursor() as cursor:\n        cursor.execute("DELETE',
                "COMMIT",
            ),
        ),
        set_up=_PREPARE.replace("{password}", PASSWORD).replace("{schema}", SCHEMA),
        imports={"psycopg2-binary": "psycopg2"},
    ),
)
