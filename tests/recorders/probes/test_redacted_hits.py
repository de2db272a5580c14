"""No secret leaves a process: neither in hits, nor in statuses, nor in the audit log, nor in what a command prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_runtime.cli.main import cli
from pytest_runtime.recorders.errors import ProbeRefused

from .live import service

SECRETS = [
    "hunter2-correct-horse",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlc2lnbmF0dXJl",
    "4111111111111111",
    "sk_live_51HabcdefGHIJKLmnopQRST",
]

SERVICE = f"""
    class User:
        def __init__(self):
            self.name = "ada"
            self.password = "{SECRETS[0]}"

    class Failed(Exception):
        pass

    def login(user, headers, note, nested):
        password = user.password
        copy = "again: " + password
        error = Failed("Authorization: Bearer {SECRETS[1]}")
        pairs = [("password", password), (b"cookie", b"session={SECRETS[0]}")]
        long = "x" * 200 + " Bearer {SECRETS[1]} " + "y" * 5_000
        return note  # end
"""


def test_no_secret_is_in_any_file_or_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In texts, pairs, attributes, dicts six deep, exceptions, and texts that are cut."""
    monkeypatch.chdir(tmp_path)
    with service(tmp_path, SERVICE) as shop:
        texts = "{user} {headers} {note} {nested} {copy} {error} {pairs} {long}"
        placed = [shop.place("log", "# end", text=texts, hits=2), shop.place("snapshot", "# end", hits=2)]
        user = shop.module.User()
        headers = [("Authorization", f"Bearer {SECRETS[1]}"), ("X-Api-Key", SECRETS[3])]
        nested = {"a": {"b": {"token": SECRETS[3], "c": {"card": SECRETS[2]}}}}
        shop.module.login(user, headers, f"paid with {SECRETS[2]}", nested)
        printed = ""
        for status in placed:
            (hit,) = shop.hits(status)
            assert hit.values
            for arguments in (["probe", "read", status.probe.id], ["probe", "read", status.probe.id, "--json"]):
                printed += CliRunner().invoke(cli, arguments, catch_exceptions=False).output
        assert "ada" in printed
        folder = tmp_path / ".runtime" / "live.baseline.probes"
        written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert b"ada" in written
        for secret in SECRETS:
            assert secret not in printed
            assert secret.encode() not in written
            assert secret[:12].encode() not in written


def test_what_names_a_redacted_thing_is_refused(tmp_path: Path) -> None:
    """Names of the project's own configuration, too, and nothing of it is kept."""
    with service(tmp_path, SERVICE, 'redact = { names = ["loyalty number"] }\n') as shop:
        for text in ("{user.password}", "{password}", "{nested['api_key']}", "{user.loyalty_number}"):
            with pytest.raises(ProbeRefused, match="redacted"):
                shop.place("log", "# end", text=text)
        with pytest.raises(ProbeRefused, match="redacted"):
            shop.place("counter", "# end", condition="password == 'x'")
