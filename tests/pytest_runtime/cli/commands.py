"""What tests of commands share: running one in this process, and projects with baselines."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pytest_runtime.cli.main import main
from pytest_runtime.testing import Scenario

SHOP = """
    def fee(total, coupon=None):
        if total > 100:
            return 10
        if coupon is not None:
            return {"fee": 0, "coupon": coupon}
        return 0

    def login(user, password):
        return {"user": user, "password": password}

    def check(number):
        if number < 0:
            raise ValueError(f"no {number}")
        return number
    """

PASSWORD = "xk7-Planted-Secret-Q9"


class Ran(NamedTuple):
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of its output, with single blanks."""
        return [" ".join(line.split()) for line in self.out.splitlines()]

    @property
    def json(self) -> Any:
        """Its output as a JSON document."""
        return json.loads(self.out)


def run(*argv: str) -> Ran:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdout, sys.stderr
    status = main(argv, out, err)
    assert (sys.stdout, sys.stderr) == before
    return Ran(status, out.getvalue(), err.getvalue())


def record(folder: Path, name: str, traffic: Callable[[Any], Any], source: str = SHOP) -> Scenario:
    """Record traffic on the module `shop` into the baseline of a name of the project in a folder.

    The module has a name of its own in each project, so that projects do not meet; it is the same for all baselines of
    one project.
    """
    (folder / "pyproject.toml").touch()
    scenario = Scenario(folder, {"shop": source})
    unique = f"shop_{folder.name}"
    (folder / f"{scenario.names['shop']}.py").rename(folder / f"{unique}.py")
    scenario.names["shop"] = unique
    (folder / ".runtime").mkdir(exist_ok=True)
    scenario.store = str(folder / ".runtime" / f"{name}.baseline")
    return scenario.record(traffic)


def usual(shop: Any) -> None:
    """Four calls of `fee` on two paths, one of `login`, and two of `check`, of which one raises."""
    for total in (1, 2, 200):
        shop.fee(total)
    shop.fee(5, coupon="SAVE")
    shop.login("bob", PASSWORD)
    shop.check(1)
    try:
        shop.check(-1)
    except ValueError:
        return
    raise AssertionError("it did not raise")
