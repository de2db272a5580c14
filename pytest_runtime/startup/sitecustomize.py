"""Starts the recorder in a process under `pytest-runtime record`, then gives way to the `sitecustomize` behind it.

Python imports this at start-up because `pytest-runtime record` puts its folder first on `PYTHONPATH`.
"""

import gc
import os
import sys


def _start_recorder() -> None:
    text = os.environ.get("PYTEST_RUNTIME_RECORD")
    if not text:
        return
    # Loading makes no garbage, and Python would look for some a few dozen times.
    collects = gc.isenabled()
    gc.disable()
    try:
        _load_and_start(text)
    finally:
        if collects:
            gc.enable()


def _load_and_start(text: str) -> None:
    try:
        from pytest_runtime.recorders.recording import start_from_text
    except ImportError as error:
        if '"reporter":0' not in text.replace(" ", ""):
            return  # a program that the recorded one starts, in an environment of its own
        sys.stderr.write(
            f"pytest-runtime: not recording: {sys.executable} cannot import pytest_runtime ({error}); "
            "install it in the environment that runs the command\n"
        )
        return
    start_from_text(text)


def _next_sitecustomize() -> None:
    """Run the one that this file hides."""
    here = os.path.dirname(os.path.abspath(__file__))
    before = list(sys.path)
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    this = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401  # the site's own
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", this)  # the import under way looks for it there
        sys.path[:] = [path for path in before if os.path.abspath(path or ".") != here]


if __name__ == "sitecustomize":
    _start_recorder()
    _next_sitecustomize()
