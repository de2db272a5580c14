"""The recorded environment: what is told of variables whose value nobody kept."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pytest_runtime.recorders.boundaries import environ
from pytest_runtime.recorders.context import Scope, within
from pytest_runtime.recorders.model.inputs import DataInput
from pytest_runtime.recorders.model.trace import Outcome, Trace
from pytest_runtime.replay.world.recorded_environment import Settings
from pytest_runtime.replay.world.recorded_world import RecordedWorld
from pytest_runtime.replay.world.resolver import Resolver
from pytest_runtime.replay.world.stopping import TraceStopped

TRACE = Trace("x", "function", 0.0, DataInput(None), Outcome("return", None, None), [], [], {}, None, [], [], [], [])
SETTINGS = Settings({"KNOWN": "yes", "UNSET": None}, frozenset({"KNOWN", "UNREAD", "UNSET"}))


@pytest.fixture(autouse=True)
def boundary() -> Iterator[None]:
    """The boundary in place."""
    undo = environ.install()
    yield
    undo()


def looked(modules: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Names and values that code of this file finds; it is under test where `modules` has it."""
    world = RecordedWorld(TRACE, Resolver(()), modules, settings=SETTINGS)
    with within(Scope(world)):
        return list(os.environ), dict(os.environ.items())


def test_a_library_is_led_to_no_variable_that_has_no_value() -> None:
    """It may look through all of them, as `urllib` does for proxies: what nobody read is not set for it, nor what one
    process found unset and another one not."""
    assert looked({}) == (["KNOWN"], {"KNOWN": "yes"})


def test_code_under_test_is_told_that_a_value_is_missing() -> None:
    """It sees all names; reading one that nobody read ends the replay."""
    with pytest.raises(TraceStopped, match="UNREAD was not read when this trace was recorded"):
        looked({__file__: "shop"})
