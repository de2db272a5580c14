"""Commands in which the recorder cannot start, noticed before they run."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..recorders.errors import StoreError
from ..recorders.options import RecordOptions
from ..recorders.recording import note_absence
from ..recorders.session.child_processes import environment_options, program_of


def warn_unrecordable(options: RecordOptions, command: Sequence[str]) -> None:
    """Say that nothing will be recorded of an interpreter that ignores PYTHONPATH, and let the baseline know.

    The command runs all the same, as it does when the baseline cannot be written.
    """
    flags = environment_options(command)
    if not flags:
        return
    sys.stderr.write(
        f"pytest-runtime: not recording: with {flags} Python ignores what starts the recorder. "
        f"Leave it out, or call pytest_runtime.install({options.baseline!r}) in the program\n"
    )
    try:
        note_absence(options.store, "ignores environment", f"{program_of(command)} ({flags})")
    except StoreError as error:
        sys.stderr.write(f"pytest-runtime: {error}\n")
