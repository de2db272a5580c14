"""Stops a debugger inside code under test."""

from __future__ import annotations

import sys
from bdb import BdbQuit
from collections.abc import Callable

from _pytest.debugging import pytestPDB


def run_to(file: str, line: int, run: Callable[[], object]) -> None:
    """Run something under pytest's debugger, which stops first at a line; capturing of output is suspended."""
    debugger = pytestPDB._init_pdb("runtime")  # type: ignore[no-untyped-call]  # pytest's own, untyped
    problem = debugger.set_break(file, line)
    if problem:
        return
    # As `Bdb.runcall` does, which would stop at the first line of `run` already.
    debugger.reset()
    debugger.botframe = sys._getframe()
    debugger.set_continue()
    sys.settrace(debugger.trace_dispatch)
    try:
        run()
    except BdbQuit:
        pass  # whoever sits before it has seen enough
    finally:
        debugger.quitting = True
        sys.settrace(None)
