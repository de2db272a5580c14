"""Drivers behind which no boundary stands: those in C, which connect past every audit hook, and parts of others.

While a service is recorded, using one is named as a gap; in a replay it is refused by name where the operating system
closes nothing off.
"""

from __future__ import annotations

DRIVERS_IN_C: dict[str, tuple[str, ...]] = {
    "psycopg2._psycopg": ("_connect",),
    "MySQLdb": ("connect", "Connect", "Connection"),
    "MySQLdb._mysql": ("connect",),
    "oracledb": ("connect", "connect_async", "create_pool"),
    "cx_Oracle": ("connect", "Connection", "SessionPool"),
    "pyodbc": ("connect",),
    "pymssql": ("connect",),
    "duckdb": ("connect",),
    "apsw": ("Connection",),
    "lmdb": ("open", "Environment"),
    "aiohttp.client": ("ClientSession.ws_connect",),
    "pycurl": ("Curl",),
    "grpc": ("insecure_channel", "secure_channel"),
    "grpc.aio": ("insecure_channel", "secure_channel"),
    "zmq": ("Context",),
    "confluent_kafka": ("Producer", "Consumer"),
    "pymongo.pool": ("_configured_socket",),
    "pygit2": ("clone_repository",),
}
"""Module → what in it connects, or opens a file."""
