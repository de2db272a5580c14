"""The rows of the contract."""

from __future__ import annotations

from . import (
    row_aiohttp,
    row_asyncpg,
    row_celery,
    row_http,
    row_mail,
    row_memcached,
    row_mysql,
    row_postgres,
    row_psycopg2,
    row_redis,
    row_sqlalchemy,
    row_sqlite,
)
from .row import Row

ROWS: tuple[Row, ...] = (
    *(*row_sqlite.ROWS, *row_http.ROWS, *row_aiohttp.ROWS, *row_redis.ROWS),
    *row_asyncpg.ROWS,
    *(*row_postgres.ROWS, *row_psycopg2.ROWS, *row_mysql.ROWS, *row_memcached.ROWS),
    *(*row_mail.ROWS, *row_sqlalchemy.ROWS),
    *row_celery.ROWS,
)
