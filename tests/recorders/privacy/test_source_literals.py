"""Stored source holds no secrets, stays a module of the same layout, and still meets the source that is replayed."""

from __future__ import annotations

import ast
from contextlib import closing
from pathlib import Path

import pytest

from pytest_runtime.recorders.privacy.encryption import new_private_key, recipient_of
from pytest_runtime.recorders.privacy.source_literals import without_secrets
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.model.verdict import TraceVerdict
from pytest_runtime.testing import Scenario

STRIPE = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
DATABASE = "postgres://app:s3cr/et-Okapi@db.internal/shop"
SECRETS = (STRIPE.removeprefix("sk_live_"), "s3cr/et-Okapi", "dev-9f81-Quagga", "Zebra-77-pass", "k3y-of-Tapir-5")
SOURCE = f'''
    """Pays: write to ada@zebra.example for help."""
    import hashlib
    STRIPE = "{STRIPE}"  # the old one was {STRIPE}x
    DATABASE = """{DATABASE}"""
    SECRET_KEY: str = "dev-9f81-Quagga"
    SETTINGS = {{"password": b"Zebra-77-pass", "name": "shop-staging-12"}}

    def pay(amount, api_key="k3y-of-Tapir-5"):
        if api_key == "{STRIPE}" or amount > 100:
            return f"charged {{amount}} \\x41\\N{{EN DASH}} by {{api_key[:2]}}"
        return "free"
'''


def test_secrets_are_blanked_and_nothing_moves() -> None:
    """Every secret is gone; all positions, names and other literals are as they were; a second pass changes nothing."""
    import textwrap

    source = textwrap.dedent(SOURCE)
    shown = without_secrets(source)
    assert [secret for secret in SECRETS if secret in shown] == []
    assert without_secrets(shown) == shown
    assert [len(line) for line in shown.split("\n")] == [len(line) for line in source.split("\n")]
    assert places(source) == places(shown)
    for kept in ('"name": "shop-staging-12"', "sk_live_", "\\x41\\N{EN DASH}", "postgres://app:", "{api_key[:2]}"):
        assert kept in shown


def places(source: str) -> list[tuple[str, int, int]]:
    """Kind and place of each node of a module."""
    nodes = ast.walk(ast.parse(source))
    return [(type(node).__name__, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)) for node in nodes]


@pytest.mark.parametrize("text", ["x = 1", "'''unended", "x = 'a'", "n > 10 and name == 'bob'", "f'{a}{b!r:>{w}}'", ""])
def test_what_holds_no_secret_is_the_same(text: str) -> None:
    """Also where it is a part of a module, or no module at all."""
    assert without_secrets(text) == text


def test_stored_source_and_conditions_hold_no_secrets_and_still_align(tmp_path: Path) -> None:
    """With constants in the source, an unchanged service is the same, with its recorded paths; a change behind them is
    seen; and nothing in the store tells them."""
    key = new_private_key()
    scenario = Scenario(tmp_path, {"shop": SOURCE}, recipients=(recipient_of(key),))

    def traffic(shop: object) -> None:
        pay = shop.pay  # type: ignore[attr-defined]  # of the scenario
        assert pay(1) == "free"
        assert pay(1, STRIPE) != pay(200) != "free"

    scenario.record(traffic)
    with closing(open_reader(scenario.store)) as reader:
        held = b"".join(data for _where, data in reader.contents())
    assert [secret for secret in SECRETS if secret.encode() in held] == []
    assert scenario.judge(keys=[key], everything=True).counts == {"same": 3}
    assert scenario.judge(everything=True).counts.keys() <= {"same", "not judged"}
    scenario.change("shop", '"free"', '"gratis"')
    diverged = [trace for trace in scenario.judge(keys=[key]).traces if trace.verdict == "diverged"]
    assert len(diverged) == 1
    assert isinstance(diverged[0], TraceVerdict)
