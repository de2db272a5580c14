"""Customers: a hundred in the database."""

import sqlite3


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE customers (id INTEGER, name TEXT, company TEXT)")
    rows = [(number, f"customer {number}", f"company {number % 20}") for number in range(100)]
    connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    return connection


def without_doubles(rows: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    by_key = {row[2]: row for row in rows}
    found = list(by_key.values())
    return found


def listing(connection: sqlite3.Connection) -> list[dict[str, object]]:
    rows = connection.execute("SELECT id, name, company FROM customers").fetchall()
    shown = without_doubles(rows)
    return [{"id": number, "name": name, "company": company} for number, name, company in shown]
