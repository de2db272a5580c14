"""Create the schema and a first set of accounts and instruments: `python -m trading.seed`."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from trading.config import Settings
from trading.repository import connect, create_schema

# user, name, tier, balance
ACCOUNTS = (
    ("alice", "Alice Archer", "gold", "50000000.00"),
    ("bob", "Bob Baker", "silver", "20000000.00"),
    ("carol", "Carol Cooper", "standard", "20000000.00"),
    ("dave", "Dave Dyer", None, "5000000.00"),
    ("erin", "Erin Ewing", "standard", "50.00"),
    ("gary", "Gary Garbett", "silver", "100000.00"),
    ("mallory", "Mallory Marsh", "standard", "100000.00"),
    ("trudy", "Trudy Tanner", "standard", "100000.00"),
    ("wendy", "Wendy Wright", "silver", "10000000.00"),
)

# symbol, name, price (NULL while suspended), last close
INSTRUMENTS = (
    ("ACME", "Acme Corporation", "101.1250", "100.9000"),
    ("GLBX", "Globex", "27.4375", "27.5000"),
    ("HOLI", "Hooli", "1250.00", "1244.50"),
    ("INTK", "Initech", "310.05", "311.00"),
    # The old price feed wrote this where it had no price; nobody has cleaned it up.
    ("OLDX", "Old Exchange Trust", "N/A", "12.00"),
    ("SUSP", "Suspended Holdings", None, "44.10"),
    ("UMBR", "Umbrella", "5.2050", "5.2000"),
)


def seed(connection: sqlite3.Connection) -> None:
    """Idempotent: rows that are there already stay as they are."""
    create_schema(connection)
    connection.executemany("INSERT OR IGNORE INTO accounts (user, name, tier, balance) VALUES (?, ?, ?, ?)", ACCOUNTS)
    connection.executemany(
        "INSERT OR IGNORE INTO instruments (symbol, name, price, last_close) VALUES (?, ?, ?, ?)", INSTRUMENTS
    )


def main() -> int:
    settings = Settings.from_environment()
    with closing(connect(settings.database)) as connection:
        seed(connection)
    print(f"seeded {settings.database}: {len(ACCOUNTS)} accounts, {len(INSTRUMENTS)} instruments")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
