"""The main job on the smallest services: record, change, replay."""

from __future__ import annotations

from pathlib import Path

from pytest_runtime.testing import Scenario

SHOP = """
    import random
    import time

    LIMIT = 100

    def discount(total):
        if total > LIMIT:
            return 10
        return 0

    def checkout(prices):
        total = sum(prices)
        return {"total": total, "discount": discount(total), "id": random.getrandbits(64), "at": time.time()}
    """


def traffic(shop: object) -> None:
    """Two paths."""
    for prices in ([10, 20], [80, 30], [100]):
        shop.checkout(prices)  # type: ignore[attr-defined]  # a module made by the scenario


def test_unchanged_code_is_the_same(tmp_path: Path) -> None:
    """Ids, random values and timestamps replay exactly on unchanged code."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    assert scenario.replay(located=True).counts == {"same": 3}


def test_a_moved_threshold_is_located_at_its_branch(tmp_path: Path) -> None:
    """A threshold in a constant that moves is told at the decision that went another way."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic).change("shop", "LIMIT = 100", "LIMIT = 500")
    replayed = scenario.replay(located=True)
    assert replayed.counts == {"same": 2, "diverged": 1}
    assert replayed.fields == {"return.discount": ("10", "0")}
    assert replayed.location.condition == "total > LIMIT"
    assert replayed.location.function.endswith(":discount")


def test_a_refactoring_is_silent(tmp_path: Path) -> None:
    """Extracting, renaming and logging change nothing that anyone sees."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    scenario.rewrite(
        "shop",
        """
        import logging
        import random
        import time

        LIMIT = 100
        log = logging.getLogger(__name__)

        def _stamp():
            return time.time()

        def _rebate(amount):
            return 10 if amount > LIMIT else 0

        def checkout(prices):
            log.info("checkout of %d at %s", len(prices), time.time)
            identifier = random.getrandbits(64)
            total = sum(prices)
            return {"total": total, "discount": _rebate(total), "id": identifier, "at": _stamp()}
        """,
    )
    assert scenario.replay(located=True).counts == {"same": 3}


GATEWAY = """
    def pay(amount):
        return amount
    """
BUYING = """
    import gateway

    def buy(amount):
        return gateway.pay(amount)
    """


def test_lines_before_a_call_that_nobody_recorded_are_reached(tmp_path: Path) -> None:
    """Such a trace is run again, with answers of other traces: what ran before is no blind spot."""
    scenario = Scenario(tmp_path, {"gateway": GATEWAY, "shop": BUYING})
    boundary = (f"{scenario.names['gateway']}.pay",)
    scenario.record(lambda gateway, shop: [shop.buy(amount) for amount in (1, 2)], boundaries=boundary)
    scenario.change("shop", "    return gateway", "    gateway.pay(amount + 1)\n    return gateway")
    replayed = scenario.replay(boundaries=boundary)
    assert "diverged" in replayed.counts
    assert replayed.blind_spots == ()
