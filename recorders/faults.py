"""Whose fault an exception is: the recorder's own, or the service's, which must pass.

Signal handlers run between any two instructions of the main thread, those of the recorder included, and may raise:
time limits of workers, `KeyboardInterrupt`, `SystemExit` ("Execution of Python signal handlers" in the documentation
of `signal`). `PyThreadState_SetAsyncExc` raises in another thread. A broad `except` of the recorder keeps only what
`own` says is the recorder's:

    except Exception as fault:
        if not own(fault):
            raise
        count(fault)
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib import util
from types import TracebackType
from typing import Final

_traceback = BaseException.__dict__["__traceback__"].__get__
_module = type.__dict__["__module__"].__get__
_mro = type.__dict__["__mro__"].__get__

_LIBRARIES: Final = ("msgspec", "wrapt", "pluggy")
"""Packages that the recorder calls, beside the standard library."""

_PACKAGE: Final = __name__.partition(".")[0]


def _folders(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders as code objects name them: as they are written, and where links lead."""
    return tuple({form(path) + os.sep for path in paths for form in (os.path.abspath, os.path.realpath)})


def _libraries() -> Iterable[str]:
    for name in _LIBRARIES:
        spec = util.find_spec(name)
        if spec is not None and spec.origin:
            yield os.path.dirname(spec.origin)


_HERE = os.path.dirname(__file__)
_CALLED: Final = _folders([_HERE, os.path.dirname(_HERE), *_libraries()])
_STANDARD: Final = _folders([os.path.dirname(os.__file__)])
_INSTALLED: Final = tuple(folder + name + os.sep for folder in _STANDARD for name in ("site-packages", "dist-packages"))
"""Folders of other packages, which lie inside the standard library's."""


def own(fault: BaseException) -> bool:
    """Whether an exception that the recorder caught is its own, and not one that passed through it.

    It is when every frame that it went through, from the one that caught it inwards, belongs to the recorder or to
    what the recorder calls; the handler of a signal stands in a frame of its own. One of the service's that leaves no
    frame (raised by C, or asynchronously) is known by its class. `KeyboardInterrupt`, `SystemExit` and their like are
    never the recorder's. Nothing of the exception's class runs.
    """
    cls = type(fault)
    if not any(base is Exception for base in _mro(cls)) or not _is_known(cls):
        return False
    trace: TracebackType | None = _traceback(fault)
    while trace is not None:
        if not _is_trusted(trace.tb_frame.f_code.co_filename):
            return False
        trace = trace.tb_next
    return True


def _is_known(cls: type) -> bool:
    """Whether a class of exceptions is one that the recorder or what it calls may raise."""
    module = _module(cls)
    if type(module) is not str:
        return False
    first = module.partition(".")[0]
    return module.startswith(_PACKAGE) or first in _LIBRARIES or first in sys.stdlib_module_names


def _is_trusted(file: str) -> bool:
    """Whether a source file belongs to the recorder, or to what it calls."""
    if file.startswith(_CALLED) or file.startswith("<frozen "):
        return True
    return file.startswith(_STANDARD) and not file.startswith(_INSTALLED)
