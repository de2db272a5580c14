"""Commands in which the recorder cannot start, noticed before they run."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..recorders.beforehand import check_store, note_absence
from ..recorders.errors import StoreError
from ..recorders.options import RecordOptions
from ..recorders.session.child_processes import environment_options, program_of


def is_recordable(options: RecordOptions, command: Sequence[str]) -> bool:
    """Whether the recorder is to start in what a command starts; where it cannot, that is said.

    The command runs all the same: without the recorder where the baseline cannot be written. An interpreter that
    ignores PYTHONPATH has none, and the baseline is let know; what it starts in its turn may have one.
    """
    try:
        check_store(options.store)
    except StoreError as error:
        sys.stderr.write(f"pytest-runtime: not recording: {error}\n")
        return False
    flags = environment_options(command)
    if flags:
        _warn(options, command, flags)
    return True


def _warn(options: RecordOptions, command: Sequence[str], flags: str) -> None:
    sys.stderr.write(
        f"pytest-runtime: not recording: with {flags} Python ignores what starts the recorder. "
        f"Leave it out, or call pytest_runtime.install({options.baseline!r}) in the program\n"
    )
    try:
        note_absence(options.store, "ignores environment", f"{program_of(command)} ({flags})")
    except StoreError as error:
        sys.stderr.write(f"pytest-runtime: {error}\n")
