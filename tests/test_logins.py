"""With the key, whoever is logged in replays as who they are: signed sessions, tokens, password hashes, signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_runtime.recorders.encryption import new_private_key, recipient_of

from .scenario import Replayed, Scenario
from .test_wsgi_recording import Client

pytest.importorskip("flask")

KEY = new_private_key()


class Login(NamedTuple):
    """A small service that knows its clients, and what they do."""

    modules: dict[str, str]
    traffic: Any
    old: str
    new: str
    """What a change makes of `old`, behind the login."""


FLASK = Login(
    {
        "shop": """
    from flask import Flask, jsonify, session

    app = Flask(__name__)
    app.secret_key = "dev"

    @app.post("/login")
    def login():
        session["uid"] = 7
        return jsonify(ok=True)

    @app.get("/balance")
    def balance():
        uid = session.get("uid")
        if uid is None:
            return jsonify(error="log in"), 401
        return jsonify(uid=uid, balance=100)
    """
    },
    lambda shop: _flask_traffic(shop),
    "balance=100",
    "balance=0",
)


def _flask_traffic(shop: Any) -> None:
    client = Client(shop.app)
    assert client.post("/login").status_code == 200
    for _ in range(2):
        assert client.get("/balance").json["balance"] == 100


def record(folder: Path, login: Login, **options: Any) -> Scenario:
    """The service, recorded for a recipient."""
    scenario = Scenario(folder, login.modules, app="shop:app", recipients=(recipient_of(KEY),), **options)
    return scenario.record(login.traffic)


def verdicts(replayed: Replayed) -> dict[str, int]:
    """Traces per verdict."""
    return replayed.counts


LOGINS = {"flask": FLASK}


@pytest.mark.parametrize("name", LOGINS)
def test_a_login_replays_faithfully_with_the_key(tmp_path: Path, name: str) -> None:
    """Every trace of an unchanged service is the same, and base gives what was recorded."""
    scenario = record(tmp_path, LOGINS[name])
    seal = scenario.seal(keys=[KEY])
    reasons = {sealed.why.sentence for trace in seal.traces if (sealed := seal.trace(trace)) is not None and sealed.why}
    assert reasons == set()
    assert scenario.judge(keys=[KEY], everything=True).counts.keys() == {"same"}


@pytest.mark.parametrize("name", LOGINS)
def test_a_change_behind_a_login_diverges_with_the_key(tmp_path: Path, name: str) -> None:
    """What only a client who is logged in can see is judged."""
    login = LOGINS[name]
    scenario = record(tmp_path, login)
    scenario.change("shop", login.old, login.new)
    assert "diverged" in scenario.judge(keys=[KEY]).counts


@pytest.mark.parametrize("name", LOGINS)
def test_a_login_is_not_judged_without_the_key(tmp_path: Path, name: str) -> None:
    """What computes with a secret is not judged, and the cure names the key that is missing."""
    login = LOGINS[name]
    scenario = record(tmp_path, login)
    scenario.change("shop", login.old, login.new)
    replayed = scenario.judge()
    assert "diverged" not in replayed.counts
    cures = {trace.why.cure for trace in replayed.traces if trace.why.kind == "redacted"}
    assert any(recipient_of(KEY) in cure for cure in cures)
