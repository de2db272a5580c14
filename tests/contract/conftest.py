"""The servers, for the contract."""

from ..servers.fixtures import (
    file_database,
    http_service,
    mail_server,
    mariadb_server,
    memcached_server,
    postgres_server,
    redis_server,
)

__all__ = [
    "file_database",
    "http_service",
    "mail_server",
    "mariadb_server",
    "memcached_server",
    "postgres_server",
    "redis_server",
]
