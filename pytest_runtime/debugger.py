"""Stops a debugger inside code under test."""

from __future__ import annotations

from collections.abc import Callable

from _pytest.debugging import pytestPDB


def run_to(file: str, line: int, run: Callable[[], object]) -> None:
    """Run something under pytest's debugger with a breakpoint at a line; capturing of output is suspended."""
    debugger = pytestPDB._init_pdb("runtime")  # type: ignore[no-untyped-call]  # pytest's own, untyped
    problem = debugger.set_break(file, line)
    if problem:
        return
    debugger.runcall(run)
