"""The servers as fixtures: each gives the port on which it listens."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .http_service import HttpService
from .launch import folder_for, free_port, listens, program, running, unprivileged

PASSWORD = "correct-horse-7"
"""Of the user `shop` of the databases."""


@pytest.fixture(scope="session")
def redis_server() -> Iterator[int]:
    """A Redis without persistence."""
    path = program("redis-server", "redis-server")
    with folder_for("nobody") as folder:
        port = free_port()
        command = [path, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with running([*command, "--dir", str(folder)], lambda: listens(port), folder / "log"):
            yield port


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[int]:
    """A PostgreSQL with a superuser `shop`, its password, and a database of that name."""
    initdb, postgres = program("initdb", "postgresql"), program("postgres", "postgresql")
    with folder_for("postgres") as folder:
        as_user, data, secret = unprivileged("postgres"), str(folder / "data"), folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        made = [*as_user, initdb, "-D", data, "-U", "shop", "--auth=scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
        subprocess.run([*made, "--no-locale", "--no-sync"], check=True, capture_output=True, cwd="/")
        port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "off",
            "timezone": "UTC",
            "max_connections": "200",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [*as_user, postgres, "-D", data, *options]
        with running(command, lambda: _postgres_is_ready(port), folder / "log", ending=signal.SIGINT):
            yield port


def _postgres_is_ready(port: int) -> bool:
    """It accepts connections before it answers them, and refuses sessions while it starts: begin one, for which it asks
    for a password when it is ready."""
    asked = b"\0\3\0\0user\0shop\0database\0postgres\0\0"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as asking:
            asking.sendall((len(asked) + 4).to_bytes(4, "big") + asked)
            return asking.recv(1) == b"R"
    except OSError:
        return False


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[int]:
    """A MariaDB with a user `shop`, its password, and a database of that name."""
    package = "mariadb-server-core mariadb-client-core"
    install, server = program("mariadb-install-db", package), program("mariadbd", package)
    with folder_for("mysql") as folder:
        as_user, data = unprivileged("mysql"), str(folder / "data")
        # Two that start at a time in one folder for temporary files remove each other's.
        given = ["--no-defaults", f"--datadir={data}", f"--tmpdir={folder}"]
        given += ["--innodb-flush-method=nosync", "--innodb-log-file-size=8M"]
        made = [*as_user, install, *given, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(made, check=True, capture_output=True, cwd="/")
        start = folder / "start.sql"
        grant = f"CREATE USER shop@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO shop@'127.0.0.1';"
        start.write_text(f"CREATE DATABASE shop CHARACTER SET utf8mb4;\n{grant}\n".replace("; ", ";\n"))
        start.chmod(0o644)
        port = free_port()
        options = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder}/s", f"--init-file={start}"]
        lean = ["--innodb-buffer-pool-size=16M", "--skip-log-bin", "--skip-name-resolve", "--max-connections=200"]
        command = [*as_user, server, *given, *options, *lean, f"--pid-file={folder}/pid", "--default-time-zone=+00:00"]
        with running(command, lambda: listens(port), folder / "log"):
            yield port


@pytest.fixture(scope="session")
def memcached_server() -> Iterator[int]:
    """A memcached."""
    path = program("memcached", "memcached")
    with folder_for("nobody") as folder:
        port = free_port()
        command = [*unprivileged("nobody"), path, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16"]
        with running(command, lambda: listens(port), folder / "log"):
            yield port


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An SMTP server, see `mail_service`, in a process of its own."""
    pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed: `pip install aiosmtpd`, or the extra `test`")
    port = free_port()
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("mail_service.py")), str(port), PASSWORD]
    with running(command, lambda: listens(port), tmp_path_factory.mktemp("mail") / "log"):
        yield port


@pytest.fixture(scope="session")
def http_service() -> Iterator[int]:
    """A service over HTTP, see `HttpService`."""
    service = HttpService()
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    yield service.server_address[1]
    service.shutdown()
    service.server_close()


@pytest.fixture(scope="session")
def file_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for databases in files."""
    return tmp_path_factory.mktemp("databases")
