"""The rows of the contract."""

from __future__ import annotations

from . import row_aiohttp, row_celery, row_http, row_postgres, row_redis, row_sqlalchemy, row_sqlite
from .row import Row

ROWS: tuple[Row, ...] = (
    *(*row_sqlite.ROWS, *row_http.ROWS, *row_aiohttp.ROWS, *row_redis.ROWS),
    *row_celery.ROWS,
    *(*row_postgres.ROWS, *row_sqlalchemy.ROWS),
)
