"""Record a Python service's real executions, and replay them inside pytest against every change.

The public surface is `record`, `install` and `RuntimeBaselineError`; everything else is used through pytest and the
command line. Nothing is imported here before it is asked for: this package is also the recorder in production.

PYTEST_DONT_REWRITE: under the recorder it is imported before pytest, which would warn that it comes too late to rewrite
the asserts of its plugin; a suite that makes warnings errors would not start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recorders.errors import RuntimeBaselineError
    from .recording import install, record

__all__ = ["RuntimeBaselineError", "install", "record"]

__version__ = "0.1.0"

_HOMES = {"record": ".recording", "install": ".recording", "RuntimeBaselineError": ".recorders.errors"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home, __name__), name)
