"""The catalogue: items of a shop, a page at a time."""

from __future__ import annotations

import sqlite3

DEFAULT_PAGE = 20


def items(database: str, shop: int, page_size: int | None = None) -> dict[str, object]:
    """The items of a shop."""
    connection = sqlite3.connect(database)
    try:
        rows = connection.execute("SELECT id, name FROM items WHERE shop = ?", (shop,)).fetchall()
    finally:
        connection.close()
    if page_size is None:
        rows = rows[:DEFAULT_PAGE]
    return {"shop": shop, "items": [{"id": number, "name": name} for number, name in rows]}
