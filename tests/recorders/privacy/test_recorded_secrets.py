"""Redaction end to end: a login service is recorded, none of its secrets reaches the file, and it still replays."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pytest_runtime.recorders.model.trace import encode_trace
from pytest_runtime.recorders.model.value_tree import BytesNode, field
from pytest_runtime.recorders.privacy.redact import Redactor
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

from ..entries.test_wsgi_recording import Client

pytest.importorskip("flask")

PASSWORD = "Tr0ub4dor&Zebra!"
BEARER = "mF_9.B5f-4.1JqMzebraQ7"
CARD = "4111111111111111"
EMAIL = "ada.lovelace@zebra-mail.example"
API_KEY = "k3y-zebra-99-live-VALUE"
SECRETS = (PASSWORD, BEARER, CARD, EMAIL, API_KEY)

SERVICE = """
    import os
    import secrets
    import sqlite3
    from flask import Flask, jsonify, request

    app = Flask(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    DATABASE = os.environ["SHOP_DATABASE"]
    GATEWAY_API_KEY = os.environ["GATEWAY_API_KEY"]

    def database():
        return sqlite3.connect(DATABASE)

    @app.post("/login")
    def login():
        said = request.get_json()
        db = database()
        try:
            row = db.execute(
                "SELECT email, password FROM user WHERE email = ? AND password = ?", (said["email"], said["password"])
            ).fetchone()
        finally:
            db.close()
        if row is None or row[1] != said["password"]:
            return jsonify(error="refused"), 401
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        if request.args["access_token"] != bearer or os.environ["GATEWAY_API_KEY"] != GATEWAY_API_KEY:
            return jsonify(error="other token"), 403
        token, csrf = secrets.token_urlsafe(32), secrets.token_hex(16)
        return jsonify(token=token, again={"session_token": token}, csrf_token=csrf, email=row[0], card=said["card"])

    @app.post("/fail")
    def fail():
        said = request.get_json()
        text = "login of %s with password=%s and card %s failed"
        raise ValueError(text % (said["email"], said["password"], said["card"]))
    """


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """Two logins and a failure, recorded."""
    database = tmp_path / "users.db"
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE user (email TEXT, password TEXT)")
        db.execute("INSERT INTO user VALUES (?, ?)", (EMAIL, PASSWORD))
        db.commit()
    monkeypatch.setenv("SHOP_DATABASE", str(database))
    monkeypatch.setenv("GATEWAY_API_KEY", API_KEY)
    login = {"email": EMAIL, "password": PASSWORD, "card": CARD}
    tokens: list[str] = []

    def traffic(shop: Any) -> None:
        client = Client(shop.app)
        for _ in range(2):
            answer = client.post(
                f"/login?access_token={quote(BEARER)}", json=login, headers={"Authorization": f"Bearer {BEARER}"}
            )
            assert answer.status_code == 200
            assert answer.json["email"] == EMAIL
            tokens.extend([answer.json["token"], answer.json["csrf_token"]])
        assert client.post("/login", json={**login, "password": "wrong"}).status_code == 401
        with pytest.raises(ValueError, match="login of"):
            client.post("/fail", json=login)

    made = Scenario(tmp_path, {"shop": SERVICE}, app="shop:app").record(traffic)
    made.generated = tokens  # type: ignore[attr-defined]  # for the tests below
    return made


def spellings(secret: str) -> list[bytes]:
    """How a secret may be written in a file."""
    return [
        secret.encode(),
        quote(secret, safe="").encode(),
        secret.encode().hex().encode(),
        base64.b64encode(secret.encode()).rstrip(b"="),
    ]


def parts(location: str) -> list[bytes]:
    """Everything in a baseline: the raw bytes, each cell, each cell decompressed, and what the reader gives."""
    found = [Path(location).read_bytes()]
    with contextlib.closing(sqlite3.connect(location)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = [cell for table in tables for row in db.execute(f"SELECT * FROM {table}") for cell in row]
        dictionaries = [zlib.decompress(one) for (one,) in db.execute("SELECT dictionary FROM entry") if one]
    for cell in cells:
        if isinstance(cell, bytes):
            found.append(cell)
            with contextlib.suppress(zlib.error):
                found.append(zlib.decompress(cell))
            for dictionary in dictionaries:
                with contextlib.suppress(zlib.error):
                    found.append(zlib.decompressobj(zdict=dictionary).decompress(cell))
        elif isinstance(cell, str):
            found.append(cell.encode())
    reader = open_reader(location)
    try:
        for stored in reader.traces():
            assert stored.trace is not None
            found += [encode_trace(stored.trace), repr(stored.trace).encode()]
        found += [repr(one).encode() for one in (reader.revisions(), reader.shapes(), reader.classes())]
    finally:
        reader.close()
    return found


def test_no_secret_is_in_the_file(scenario: Scenario) -> None:
    """Password, token, card number, address and key are in no part of the baseline, however they are written."""
    contents = parts(scenario.store)
    assert any(b"/login" in part for part in contents)
    assert any(b"SELECT email, password" in part for part in contents)
    tokens: list[str] = scenario.generated  # type: ignore[attr-defined]  # set by the fixture
    for secret in (*SECRETS, *tokens):
        for spelling in spellings(secret):
            assert not any(spelling in part for part in contents), (secret, spelling)


def test_the_recording_still_replays(scenario: Scenario) -> None:
    """Code that compares and echoes secrets takes the same path and gives the same answer on their pseudonyms."""
    replayed = scenario.replay()
    assert (replayed.counts, replayed.fields, replayed.reasons) == ({"same": 4}, {}, set())


def test_equal_secrets_stay_equal(scenario: Scenario) -> None:
    """One address has one pseudonym in the request, in the SQL parameters, in the rows and in the answer."""
    logins = [one for one in scenario.traces() if one.entry == "POST /login" and "200" in str(one.outcome.value)]
    assert len(logins) == 2
    seen = set()
    for trace in logins:
        (select,) = [one for one in trace.exchanges if one.operation == "execute"]
        row: Any = select.items[0]
        body = field(trace.input.tree(), "body")
        answer = field(trace.outcome.value, "body")
        assert isinstance(body, BytesNode)
        assert isinstance(answer, BytesNode)
        address = row.items[0]
        assert len(address) == len(EMAIL)
        assert "@" in address
        assert address.encode() in body.data
        assert address.encode() in answer.data
        assert address in str(select.request)
        seen.add((address, row.items[1]))
    assert len(seen) == 1


@pytest.mark.parametrize("mark", ["?", "?1", "%s", "%(password)s", ":password", "$1"])
def test_a_placeholder_is_no_secret(mark: str) -> None:
    """The mark of an SQL parameter beside a sensitive column stays: the statement must be found again on replay."""
    sql = f"SELECT id FROM user WHERE password = {mark} AND name = 'x'"
    assert Redactor(b"0123456789abcdef").redact([("", sql)]) == ([sql], 0)


def test_a_literal_is_a_secret() -> None:
    """A literal in its place is replaced."""
    sql = "SELECT id FROM user WHERE password = 'hunter2hunter'"
    ((redacted,), count) = Redactor(b"0123456789abcdef").redact([("", sql)])
    assert "hunter2" not in str(redacted)
    assert count == 1
