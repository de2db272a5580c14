"""With the key, whoever is logged in replays as who they are: signed sessions, tokens, password hashes, signatures."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.privacy.encryption import new_private_key, recipient_of
from pytest_runtime.testing import Scenario

from .login_services import DJANGO, DJANGO_TRAFFIC, LOGINS, PASSWORD, WEBHOOK_SECRET, Login

KEY = new_private_key()


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the services read."""
    monkeypatch.setenv("WEBHOOK_SECRET", WEBHOOK_SECRET)
    monkeypatch.setenv("CLIENTS_DATABASE", str(tmp_path / "clients.db"))


def record(folder: Path, login: Login, **options: Any) -> Scenario:
    """The service, recorded for a recipient."""
    scenario = Scenario(folder, {"shop": login.service}, app="shop:app", recipients=(recipient_of(KEY),), **options)
    return scenario.record(login.traffic)


@pytest.mark.parametrize("name", LOGINS)
def test_a_login_replays_with_the_key(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unchanged service gives what was recorded, to clients that it knows; a change behind the login diverges; and
    without the key the trace is not judged, and the cure names the key that is missing."""
    login = LOGINS[name]
    scenario = record(tmp_path, login)
    monkeypatch.delenv("WEBHOOK_SECRET")
    check(scenario, login.old, login.new)


def check(scenario: Scenario, old: str, new: str, **options: Any) -> None:
    """The claim above, of one scenario."""
    seal = scenario.seal(keys=[KEY], **options)
    reasons = [sealed.why.sentence for trace in seal.traces if (sealed := seal.trace(trace)) is not None and sealed.why]
    assert reasons == []
    scenario.change("shop", old, new)
    assert scenario.judge(keys=[KEY], **options).counts["diverged"] >= 1
    without = scenario.judge(**options)
    assert "diverged" not in without.counts
    cures = {trace.why.cure for trace in without.traces if trace.verdict == "not judged"}
    assert any(recipient_of(KEY) in cure for cure in cures), without.traces


def test_a_django_login_replays_with_the_key(tmp_path: Path) -> None:
    """Password hash, session and CSRF tokens of Django: the same claim."""
    pytest.importorskip("django")
    scenario = Scenario(tmp_path, {"shop": DJANGO}, app="shop:app")
    scenario.base.mkdir()
    module = scenario.names["shop"]
    shutil.copy(tmp_path / f"{module}.py", scenario.base)
    script = tmp_path / "traffic.py"
    script.write_text(DJANGO_TRAFFIC)
    given = [str(tmp_path), module, scenario.store, recipient_of(KEY), PASSWORD]
    ran = subprocess.run([sys.executable, str(script), *given], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    check(scenario, '"plan": "free"', '"plan": "paid"', launch="spawn")
