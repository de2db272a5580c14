"""`sqlite3`."""

from __future__ import annotations

from .row import Change, Row

_SERVICE = """
import sqlite3
from concurrent.futures import ThreadPoolExecutor

SECRET = "{terces}"[::-1]
PATH = "{folder}/shop.db"


def work():
    with sqlite3.connect(PATH) as db:
        db.execute("DROP TABLE IF EXISTS item")
        db.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price REAL, picture BLOB)")
        db.executemany("INSERT INTO item (name, price) VALUES (?, ?)", [("apple", 1.5), ("pear", None)])
        db.execute("INSERT INTO item (name, price, picture) VALUES (?, ?, ?)", ("plum", 4, bytes(range(256))))
        found = db.execute("SELECT * FROM item WHERE name <> ? ORDER BY id", ("pear",)).fetchall()
        db.row_factory = sqlite3.Row
        names = [dict(row) for row in db.execute("SELECT name, price FROM item ORDER BY id")]
        changed = db.execute("UPDATE item SET price = 2 WHERE price IS NULL").rowcount
    db.close()
    return found, names, changed


def fail():
    with sqlite3.connect(PATH) as db:
        db.execute("CREATE TABLE IF NOT EXISTS tag (name TEXT UNIQUE)")
        db.execute("DELETE FROM tag")
        db.execute("INSERT INTO tag VALUES ('new')")
        seen = []
        for statement in ("INSERT INTO tag VALUES ('new')", "SELECT nothing FROM nowhere"):
            try:
                db.execute(statement)
            except sqlite3.Error as error:
                seen.append((type(error).__name__, str(error)))
    db.close()
    return seen


def many():
    def one(number):
        db = sqlite3.connect(PATH)
        (found,) = db.execute("SELECT ? + 0", (number,)).fetchone()
        db.close()
        return number, found

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(50)))


def secret():
    with sqlite3.connect(PATH) as db:
        db.execute("CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, api_key TEXT)")
        db.execute("INSERT OR REPLACE INTO account (id, api_key) VALUES (?, ?)", (1, SECRET))
        (found,) = db.execute("SELECT api_key FROM account WHERE id = 1").fetchone()
    db.close()
    return len(found)


def refused():
    try:
        sqlite3.connect("{folder}/no/such/folder.db")
    except sqlite3.Error as error:
        return type(error).__name__, str(error)
"""

ROWS = (
    Row(
        "sqlite3",
        "file_database",
        (),
        _SERVICE,
        (
            Change('("pear",)', '("plum",)', "SELECT item parameters.name"),
            Change("SET price = 2", "SET price = 3", "UPDATE item sql"),
            Change('("apple", 1.5)', '("apple", 1.25)', "INSERT item parameters"),
        ),
        by_port=False,
    ),
)
