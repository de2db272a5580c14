"""What is seen of the trading service: its answers, the calls that reach the fraud service, and the
rows in its database. The example's own traffic is sent in this process, in order, with a clock and ids of its own.
"""

from __future__ import annotations

import datetime
import importlib
import importlib.util
import os
import random
import secrets
import sqlite3
import sys
import tempfile
import uuid
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

MEMORY = "/dev/shm"
"""A file system in memory, where there is one: waiting for the disk is most of what a request would do."""
FIRST_READING = datetime.datetime(2026, 1, 7, 9, 30, tzinfo=datetime.UTC)
TABLES = {"accounts": "user", "instruments": "symbol", "trades": "id"}


def warm() -> None:
    """Import what every version needs."""
    for name in ("flask.testing", "requests", "sqlite3", "concurrent.futures.thread", "http.server", "csv"):
        importlib.import_module(name)


def observe(folder: Path, begin: Callable[[], None]) -> list[str]:
    """One text per request, with the calls that it made, and the rows of every table at the end."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="oracle-", dir=memory) as scratch:
        service = Service(folder, Path(scratch) / "trading.db")
        begin()
        service.send_all()
        sys.settrace(None)
        return [*service.seen, *service.rows()]


class Service:
    """One version of the service, over a database of its own."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.seen: list[str] = []
        self._number = 0
        self._readings = 0
        self._database = database
        self._traffic = load(folder / "traffic.py")
        self._fraud = load(folder / "fraud_service.py")
        self._pin()
        self._client = self._start()

    def _pin(self) -> None:
        """A clock and ids that depend on nothing but the request's number, and no network."""
        import requests

        service, connect = self, sqlite3.connect

        def pinned_uuid() -> uuid.UUID:
            return uuid.UUID(int=service._random.getrandbits(128), version=4)

        def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            # Nothing here has to outlive a crash.
            connection.execute("PRAGMA synchronous = OFF")
            return connection

        uuid.uuid4 = pinned_uuid
        secrets.choice = lambda seq: service._random.choice(seq)
        sqlite3.connect = connected  # type: ignore[assignment]  # the same in everything that the service uses
        requests.Session.send = self._answer  # type: ignore[method-assign,assignment]  # stands in for the network

    @property
    def _random(self) -> random.Random:
        """Goes on within a request, begins anew with the next."""
        if self._drawn_for != self._number:
            self._drawn_for, self._draws = self._number, random.Random(self._number)
        return self._draws

    _drawn_for = -1
    _draws = random.Random(0)

    def _answer(self, request: Any, **_options: Any) -> Any:
        """The fraud service's answer, by its own rules."""
        import requests

        body = request.body or b""
        self.seen.append(f"  fraud {request.method} {request.url} {body!r} {sorted(request.headers.items())}")
        response = requests.Response()
        response.status_code, content_type, response._content = self._fraud.answer(body)
        response.headers["Content-Type"] = content_type
        return response

    def _start(self) -> Any:
        config: Any = importlib.import_module("trading.config")
        web: Any = importlib.import_module("trading.web")
        seed: Any = importlib.import_module("trading.seed")
        repository: Any = importlib.import_module("trading.repository")
        with closing(repository.connect(str(self._database))) as connection:
            seed.seed(connection)
        clock = self._clock
        for name in ("trading.execution", "trading.orders", "trading.pricing", "trading.web", "trading.repository"):
            module: Any = importlib.import_module(name)
            if "datetime" in vars(module):
                module.datetime = clock()
        return web.create_app(config.Settings(str(self._database), "http://fraud.invalid", 5.0)).test_client()

    def _clock(self) -> type[datetime.datetime]:
        service = self

        class Clock(datetime.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                service._readings += 1
                moment = FIRST_READING + datetime.timedelta(minutes=service._number, microseconds=service._readings)
                return moment.astimezone(tz) if tz is not None else moment.replace(tzinfo=None)

        return Clock

    def send_all(self) -> None:
        """The whole traffic, one request after another."""
        service, traffic = self, self._traffic

        class InProcess(traffic.Client):  # type: ignore[misc,name-defined]  # loaded from a file, so of type Any
            def send_all(self, calls: list[Any]) -> list[Any]:
                return [service.send(call) for call in calls]

        traffic.Client = InProcess
        try:
            traffic.run("")
        except Exception as error:  # noqa: BLE001  # a changed service may answer what the traffic cannot use
            self.seen.append(f"the traffic ends with {type(error).__name__}: {error}")

    def send(self, call: Any) -> Any:
        """Send one request and note what is seen of it."""
        self._number, self._readings = self._number + 1, 0
        try:
            response = self._open(call)
            text, status = response.get_data(as_text=True), response.status_code
        except Exception as error:  # noqa: BLE001  # what leaves the application is what its server sees
            self.seen.append(f"{call.method} {call.path} raises {type(error).__name__}: {error}")
            return self._traffic.Reply(500)
        self.seen.append(f"{call.method} {call.path} {status} {sorted(response.headers.items())} {text}")
        body = response.json if response.is_json else {}
        response.close()
        body = body if isinstance(body, dict) else {}
        return self._traffic.Reply(status, body.get("id"), body.get("reference"))

    def _open(self, call: Any) -> Any:
        if call.file is not None:
            data = {"file": (BytesIO(call.file), "orders.csv")}
            return self._client.open(call.path, method=call.method, data=data)
        return self._client.open(call.path, method=call.method, json=call.json)

    def rows(self) -> list[str]:
        """What is in the database."""
        with closing(sqlite3.connect(self._database)) as connection:
            return [
                f"{table} {row}"
                for table, key in TABLES.items()
                for row in connection.execute(f"SELECT * FROM {table} ORDER BY {key}")
            ]


def load(file: Path) -> Any:
    """A script that is in no package."""
    spec = importlib.util.spec_from_file_location(f"example_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
