"""Recorded traces to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.inspect.facts import Facts
from pytest_runtime.replay.inspect.questions import Scope, asked
from pytest_runtime.testing import Scenario


def facts_of(
    folder: Path, modules: Mapping[str, str], traffic: Callable[..., Any], *, exemplars: int = 200
) -> list[Facts]:
    """The facts of all traces of some traffic."""
    scenario = Scenario(folder, modules, exemplars=exemplars).record(traffic)
    with closing(open_reader(scenario.store)) as reader:
        return list(asked([("staging", reader)], Scope()).facts)
