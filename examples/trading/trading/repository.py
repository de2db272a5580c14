"""All SQL of the service. One repository, and so one connection, per request."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from trading.errors import DuplicateOrder, NotFound
from trading.models import Account, Instrument, Trade

PAGE_SIZE = 100

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    user TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    tier TEXT,
    balance TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS instruments (
    symbol TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    price TEXT,
    last_close TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS trades (
    id TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES accounts (user),
    symbol TEXT NOT NULL REFERENCES instruments (symbol),
    side TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    price TEXT NOT NULL,
    fee TEXT NOT NULL,
    total TEXT NOT NULL,
    high_value INTEGER NOT NULL,
    status TEXT NOT NULL,
    executed_at TEXT NOT NULL,
    settlement_date TEXT NOT NULL,
    client_order_id TEXT,
    UNIQUE (user, client_order_id)
);
CREATE INDEX IF NOT EXISTS trades_by_time ON trades (executed_at, id);
"""


@dataclass(frozen=True)
class Page:
    """One page of trades, oldest first."""

    number: int
    trades: list[Trade]
    has_more: bool


def connect(database: str) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions are begun and ended by `Repository.transaction` alone."""
    connection = sqlite3.connect(database, timeout=10.0, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def create_schema(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(SCHEMA)


class Repository:
    """Reads and writes accounts, instruments and trades; amounts are stored as decimal text."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing of it; takes the write lock at once, so that reads stay true."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def account(self, user: str) -> Account:
        row = self._connection.execute(
            "SELECT user, name, tier, balance FROM accounts WHERE user = ?", (user,)
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no account {user}", field="user")
        return Account(user=row["user"], name=row["name"], tier=row["tier"], balance=Decimal(row["balance"]))

    def set_balance(self, user: str, balance: Decimal) -> None:
        self._connection.execute("UPDATE accounts SET balance = ? WHERE user = ?", (str(balance), user))

    def instrument(self, symbol: str) -> Instrument:
        row = self._connection.execute(
            "SELECT symbol, name, price, last_close FROM instruments WHERE symbol = ?", (symbol,)
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no instrument {symbol}", field="symbol")
        price = None if row["price"] is None else Decimal(row["price"])
        return Instrument(symbol=row["symbol"], name=row["name"], price=price, last_close=Decimal(row["last_close"]))

    def has_client_order(self, user: str, client_order_id: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM trades WHERE user = ? AND client_order_id = ?", (user, client_order_id)
        ).fetchone()
        return row is not None

    def position(self, user: str, symbol: str) -> int:
        row = self._connection.execute(
            "SELECT COALESCE(SUM(CASE side WHEN 'buy' THEN quantity ELSE -quantity END), 0) AS held"
            " FROM trades WHERE user = ? AND symbol = ?",
            (user, symbol),
        ).fetchone()
        return int(row["held"])

    def insert_trade(self, trade: Trade) -> None:
        """Raises DuplicateOrder when another request has just used the same client order id."""
        try:
            self._connection.execute(
                "INSERT INTO trades (id, reference, user, symbol, side, quantity, price, fee, total, high_value,"
                " status, executed_at, settlement_date, client_order_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    trade.id,
                    trade.reference,
                    trade.user,
                    trade.symbol,
                    trade.side,
                    trade.quantity,
                    str(trade.price),
                    str(trade.fee),
                    str(trade.total),
                    int(trade.high_value),
                    trade.status,
                    trade.executed_at.isoformat(),
                    trade.settlement_date.isoformat(),
                    trade.client_order_id,
                ),
            )
        except sqlite3.IntegrityError as error:
            if "client_order_id" not in str(error):
                raise
            raise DuplicateOrder(f"order {trade.client_order_id} was placed before", "client_order_id") from error

    def trade(self, trade_id: str) -> Trade:
        row = self._connection.execute("SELECT * FROM trades WHERE id = ?", (trade_id,)).fetchone()
        if row is None:
            raise NotFound(f"there is no trade {trade_id}")
        return _trade(row)

    def trade_id_by_reference(self, reference: str) -> str:
        row = self._connection.execute("SELECT id FROM trades WHERE reference = ?", (reference,)).fetchone()
        if row is None:
            raise NotFound(f"there is no trade {reference}")
        return str(row["id"])

    def trades_page(self, number: int) -> Page:
        """Page `number`, from 1; one row more than a page is read to know whether another page follows."""
        rows = self._connection.execute(
            "SELECT * FROM trades ORDER BY executed_at, id LIMIT ? OFFSET ?",
            (PAGE_SIZE + 1, (number - 1) * PAGE_SIZE),
        ).fetchall()
        return Page(number, [_trade(row) for row in rows[:PAGE_SIZE]], has_more=len(rows) > PAGE_SIZE)

    def trades_of(self, user: str) -> list[Trade]:
        rows = self._connection.execute(
            "SELECT * FROM trades WHERE user = ? ORDER BY executed_at, id", (user,)
        ).fetchall()
        return [_trade(row) for row in rows]

    def each_trade(self, user: str | None) -> Iterator[Trade]:
        """All trades, or one user's, read from the cursor as they are consumed."""
        if user is None:
            cursor = self._connection.execute("SELECT * FROM trades ORDER BY executed_at, id")
        else:
            cursor = self._connection.execute("SELECT * FROM trades WHERE user = ? ORDER BY executed_at, id", (user,))
        for row in cursor:
            yield _trade(row)


def _trade(row: sqlite3.Row) -> Trade:
    return Trade(
        id=row["id"],
        reference=row["reference"],
        user=row["user"],
        symbol=row["symbol"],
        side=row["side"],
        quantity=row["quantity"],
        price=Decimal(row["price"]),
        fee=Decimal(row["fee"]),
        total=Decimal(row["total"]),
        high_value=bool(row["high_value"]),
        status=row["status"],
        executed_at=datetime.fromisoformat(row["executed_at"]),
        settlement_date=date.fromisoformat(row["settlement_date"]),
        client_order_id=row["client_order_id"],
    )
