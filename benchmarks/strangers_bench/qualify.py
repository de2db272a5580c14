"""Whether a package of the list is measured: rules in a fixed order, the first that fails is the reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from strangers_bench.environment import Environment
from strangers_bench.releases import (
    PassedOver,
    Wheel,
    fetch_sdist,
    fetch_wheel,
    newest,
    read_wheel,
    unpack,
    why_test_tool,
)
from strangers_bench.requirements import needs_of
from strangers_bench.steps import Steps
from strangers_bench.suite import Suite, establish


class Qualification(msgspec.Struct, frozen=True):
    """What became of one name of the list."""

    name: str
    version: str = ""
    reason: str = ""
    """Why it is passed over; empty for a package that is measured."""
    packages: tuple[str, ...] = ()
    suite: Suite | None = None
    missing: tuple[str, ...] = ()
    """Requirements of its tests that cannot be installed."""


def qualify(name: str, folder: Path) -> Qualification:
    """Try one name in a folder of its own; known results are taken."""
    steps = Steps(folder)
    return steps.step("qualification", Qualification, lambda: _qualify(name, folder))


def _qualify(name: str, folder: Path) -> Qualification:
    version = ""
    try:
        version = newest(name)
        wheel = read_wheel(fetch_wheel(name, version, folder / "wheel"))
        _refuse_test_tool(wheel)
        environment = Environment(folder)
        for old in (environment.project, folder / "project.part"):
            shutil.rmtree(old, ignore_errors=True)
        unpack(fetch_sdist(name, version, folder / "sdist"), environment.project)
        missing = _set_up(environment, wheel)
        suite = establish(environment)
        return Qualification(name, version, "", wheel.packages, suite, tuple(missing))
    except PassedOver as reason:
        for gone in ("venv", "project", "wheel", "sdist"):
            shutil.rmtree(folder / gone, ignore_errors=True)
        return Qualification(name, version, str(reason))


def _refuse_test_tool(wheel: Wheel) -> None:
    why = why_test_tool(wheel)
    if why:
        raise PassedOver(f"test tool: {why}")
    if not wheel.packages:
        raise PassedOver("no pure wheel: the wheel holds no module")


def _set_up(environment: Environment, wheel: Wheel) -> list[str]:
    files = environment.files()
    needs = needs_of(environment.project)
    environment.create()
    missing = environment.install_all(needs)
    environment.remove_compiled(files)
    environment.configure(wheel.packages)
    environment.commit(sorted({*files, "pyproject.toml"}))
    _refuse_other_place(environment, wheel)
    return missing


def _refuse_other_place(environment: Environment, wheel: Wheel) -> None:
    """The package must be imported from the tree: from anywhere else, no change of the tree would be seen."""
    code = "import importlib.util as u, sys; print(*(u.find_spec(n).origin for n in sys.argv[1:]), sep='\\n')"
    done = environment.run(["python", "-c", code, *wheel.packages], 60)
    places = done.output.split("\n")[: len(wheel.packages)]
    if done.status != 0 or not all(place.startswith(f"{environment.project}/") for place in places):
        raise PassedOver(f"cannot be installed: not imported from its own tree ({done.output.strip()[-200:]})")


def first(names: list[str], count: int, of: Callable[[str], Qualification]) -> list[Qualification]:
    """Qualify names in order until `count` of them are to be measured; those that are passed over are in it too."""
    found: list[Qualification] = []
    for name in names:
        if sum(not one.reason for one in found) >= count:
            break
        found.append(of(name))
    return found
