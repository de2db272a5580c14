"""Drivers of MySQL and MariaDB."""

from __future__ import annotations

from ..servers.fixtures import PASSWORD
from .row import Change, Row

_SCHEMA = """
DROP TABLE IF EXISTS item;
CREATE TABLE item (
    id int AUTO_INCREMENT PRIMARY KEY, name varchar(30) UNIQUE, price decimal(10, 2), made datetime(6), day date,
    takes time, more json, picture blob, ratio double, ok boolean
);
CREATE TABLE IF NOT EXISTS account (id int PRIMARY KEY, api_key text);
CREATE OR REPLACE PROCEDURE priced(least int) SELECT name FROM item WHERE price > least ORDER BY name;
"""

_SERVICE = """
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal

import pymysql
from pymysql.cursors import DictCursor, SSCursor, SSDictCursor

SECRET = "{terces}"[::-1]
PLACE = {"host": "127.0.0.1", "port": {port}, "user": "shop", "password": "{password}", "database": "shop"}
PLACE["ssl_disabled"] = True  # else each connection reads all certificates of the machine
VALUES = (
    "app'le", Decimal("12.50"), datetime(2026, 1, 2, 3, 4, 5, 678), date(2026, 1, 2), timedelta(hours=3),
    '{"a": 1}', bytes(range(256)), 0.1, True,
)
COLUMNS = "name, price, made, day, takes, more, picture, ratio, ok"
early = pymysql.connect(**PLACE, autocommit=True)


def work():
    seen = []
    with pymysql.connect(**PLACE) as db:
        cursor = db.cursor()
        cursor.execute("DELETE FROM item")
        cursor.execute(f"INSERT INTO item ({COLUMNS}) VALUES (" + ", ".join(["%s"] * len(VALUES)) + ")", VALUES)
        seen += [cursor.rowcount, cursor.lastrowid > 0, db.insert_id() > 0]
        pairs = [("pear", 2), ("pl\\\\um", None)]
        seen.append(cursor.executemany("INSERT INTO item (name, price) VALUES (%s, %s)", pairs))
        seen.append(cursor.executemany("UPDATE item SET ok = %s WHERE name = %s", [(True, "pear"), (False, "none")]))
        cursor.execute("INSERT INTO item (name) VALUES (%(name)s) RETURNING name", {"name": "fig"})
        seen.append(cursor.fetchone())
        db.commit()
        cursor.execute(f"SELECT {COLUMNS} FROM item WHERE name = %(name)s", {"name": "app'le"})
        seen += [cursor.fetchone(), [(column[0], column[1]) for column in cursor.description]]
        db.begin()
        cursor.execute("UPDATE item SET price = price * 2 WHERE name = %s", ("pear",))
        cursor.execute("SAVEPOINT inner_one")
        cursor.execute("UPDATE item SET price = 0")
        cursor.execute("ROLLBACK TO SAVEPOINT inner_one")
        db.commit()
        cursor.execute("SELECT name, price FROM item ORDER BY name")
        seen += [cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall(), cursor.fetchone(), cursor.rownumber]
        cursor.scroll(0, mode="absolute")
        seen.append(list(cursor))
        with db.cursor(DictCursor) as named:
            named.execute("SELECT a.name, b.name FROM item a JOIN item b USING (id) WHERE a.price > %s", (1,))
            seen += [named.fetchone(), named.fetchall()]
        for kind in (SSCursor, SSDictCursor):
            with db.cursor(kind) as chunks:
                chunks.execute("SELECT name FROM item ORDER BY name")
                seen += [chunks.fetchone(), chunks.fetchmany(2), list(chunks.fetchall_unbuffered())]
        cursor.callproc("priced", (1,))
        seen.append(cursor.fetchall())
        cursor.nextset()
        cursor.execute("SELECT 1/0")
        seen += [cursor.fetchall(), cursor.warning_count, db.show_warnings()]
        db.ping()
        db.select_db("shop")
        seen += [db.get_autocommit(), db.server_version.split(".")[0].isdigit(), db.character_set_name()]
        cursor.execute("UPDATE item SET ok = false")
        db.rollback()
    with early.cursor() as cursor:
        cursor.execute("SELECT 41 + 1")
        seen += [cursor.fetchone(), db.open]
    return seen


def fail():
    seen = []
    with pymysql.connect(**PLACE) as db, db.cursor() as cursor:
        cursor.execute("DELETE FROM account")
        cursor.execute("INSERT INTO account VALUES (1, 'x')")
        db.commit()
        for statement in ("INSERT INTO account VALUES (1, 'y')", "SELECT nothing", "SELEC"):
            try:
                cursor.execute(statement)
            except pymysql.MySQLError as error:
                seen.append((type(error).__name__, error.args))
            db.rollback()
        try:
            cursor.executemany("INSERT INTO account VALUES (%s, 'x')", [(2,), (1,)])
        except pymysql.err.IntegrityError as error:
            seen.append(error.args[0])
        try:
            cursor.execute("SELECT %s, %s", (1,))
        except (TypeError, pymysql.MySQLError) as error:
            seen.append(str(error))
    return seen


def many():
    def one(number):
        with pymysql.connect(**PLACE) as db, db.cursor() as cursor:
            cursor.execute("SELECT %s", (number,))
            return number, cursor.fetchone()[0]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(50)))


def secret():
    with pymysql.connect(**PLACE) as db, db.cursor() as cursor:
        rows = [(9, SECRET), (10, "plain-pass")]
        cursor.executemany("INSERT IGNORE INTO account (id, api_key) VALUES (%s, %s)", rows)
        db.commit()
        cursor.execute("SELECT api_key FROM account WHERE id = 9")
        return len(cursor.fetchone()[0])


def refused():
    seen = []
    for other in ({"port": {closed}}, {"password": "wrong"}):
        try:
            pymysql.connect(**{**PLACE, **other})
        except pymysql.err.OperationalError as error:
            seen.append((type(error).__name__, error.args))
    return seen
"""

_PREPARE = '''
import pymysql
from pymysql.constants import CLIENT


PLACE = {"host": "127.0.0.1", "port": {port}, "user": "shop", "password": "{password}", "database": "shop"}
with pymysql.connect(**PLACE, client_flag=CLIENT.MULTI_STATEMENTS) as db, db.cursor() as cursor:
    cursor.execute("""{schema}""")
'''

_CHANGES = (
    Change('("pear", 2)', '("pear", 3)', "INSERT item"),
    Change(
        'price = price * 2 WHERE name = %s", ("pear",)', 'price = price * 2 WHERE name = %s", ("fig",)', "UPDATE item"
    ),
    Change('"name": "app\'le"', '"name": "pear"', "SELECT item parameters.name"),
    Change("        db.commit()\n        cursor.execute(f", "        cursor.execute(f", "COMMIT"),
)

ROWS = (
    Row(
        "pymysql",
        "mariadb_server",
        ("pymysql",),
        _SERVICE.replace("{password}", PASSWORD),
        _CHANGES,
        set_up=_PREPARE.replace("{password}", PASSWORD).replace("{schema}", _SCHEMA),
    ),
)
