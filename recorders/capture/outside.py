"""Classes outside the included packages: whose objects a replay restores, by one rule for recorder and replay.

Recording decides with it what is worth capturing, a replay what it builds. An object of such a class is restored from
its recorded state where

- a module that is loaded already holds the class under the name that the class itself gives; nothing is imported, and
  no attribute is asked for;
- the class was made in Python, and its instances are attributes, slots and a built-in part that is known: nothing of
  their state lies in C, where nobody could say what it is;
- neither it nor a class that it extends defines `__del__`: what is restored does nothing when it goes away;
- neither it nor a class that it extends is one of `ACTING`: what runs code, starts processes and threads, talks to
  networks, loads modules or writes files on its own, so that an ordinary call of one of its methods would do what a
  hostile baseline asks for.

The rule is about what an object does by itself. Code under test that hands a restored object its own callables,
commands or file names does what it does with any argument; the wall around replays is for that.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import sys
import types
import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from ..model.full_names import split_name
from .raw import class_name, find_loaded, inherits, is_instance, type_dict, type_mro
from .readers import layout_fault

if TYPE_CHECKING:
    from ..model.value_tree import ClassName

VALUE_TYPES: Final[dict[ClassName, type]] = {
    f"{one.__module__}:{one.__qualname__}": one
    for one in (
        *(object, int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, type(None)),
        *(collections.OrderedDict, collections.defaultdict, collections.deque, collections.Counter),
        *(decimal.Decimal, fractions.Fraction, datetime.datetime, datetime.date, uuid.UUID, types.SimpleNamespace),
        *(range, slice, memoryview, datetime.time, datetime.timedelta, datetime.timezone, datetime.tzinfo),
        *(types.MappingProxyType, types.GenericAlias),
    )
}
"""Types of the standard library that are values, written in C or not."""

ACTING: Final = frozenset(
    {
        # code, and modules
        *(
            "code",
            "codeop",
            "pdb",
            "bdb",
            "cmd",
            "runpy",
            "importlib",
            "zipimport",
            "pkgutil",
            "modulefinder",
            "timeit",
        ),
        *("trace", "profile", "cProfile", "doctest", "unittest", "test", "inspect", "dis", "compileall", "py_compile"),
        *("pickle", "pickletools", "_pickle", "_compat_pickle", "copyreg", "shelve", "dbm", "marshal", "lib2to3"),
        # processes, threads, and what finishes on its own
        *(
            "subprocess",
            "multiprocessing",
            "concurrent",
            "threading",
            "_thread",
            "_threading_local",
            "asyncio",
            "sched",
        ),
        *("signal", "pty", "tty", "atexit", "weakref", "_weakrefset", "gc", "ctypes", "faulthandler", "tracemalloc"),
        # files, and the system
        *("os", "posix", "nt", "sys", "shutil", "tempfile", "fileinput", "mmap", "fcntl", "io", "_io", "_pyio", "glob"),
        *("tarfile", "zipfile", "gzip", "bz2", "lzma", "_compression", "mailbox", "venv", "ensurepip", "webbrowser"),
        *("site", "sysconfig", "linecache", "logging.handlers", "logging.config", "readline", "rlcompleter"),
        # networks
        *(
            "socket",
            "_socket",
            "ssl",
            "_ssl",
            "select",
            "selectors",
            "socketserver",
            "http.server",
            "xmlrpc",
            "wsgiref",
        ),
        *("smtplib", "smtpd", "ftplib", "imaplib", "poplib", "nntplib", "telnetlib", "asyncore", "asynchat"),
        *("urllib.request", "urllib.robotparser", "http.client", "idlelib", "tkinter", "turtle", "turtledemo"),
        # what replays: nothing of the machine that judges is built by what is judged
        *("pytest_runtime", "pytest", "_pytest", "pluggy", "hypothesis", "cffi", "pip", "setuptools", "pkg_resources"),
        # code that other libraries make of text
        *("cloudpickle", "dill", "joblib", "paramiko", "fabric", "invoke", "pexpect", "gevent", "greenlet", "psutil"),
    }
)
"""Modules, with all below them, whose objects act by themselves."""

ACTING_CLASSES: Final = frozenset(
    {
        *("logging:FileHandler", "typing:ForwardRef", "argparse:FileType"),
        *("http.cookiejar:FileCookieJar", "http.cookiejar:LWPCookieJar", "http.cookiejar:MozillaCookieJar"),
    }
)
"""Classes of modules that do not act, which open files that they name, or run text that they hold."""

PLAIN_CLASSES: Final = frozenset(
    {
        *("http.client:HTTPMessage", "urllib.request:Request", "os:PathLike", "zipfile:ZipInfo", "tarfile:TarInfo"),
        *("inspect:Signature", "inspect:Parameter", "inspect:BoundArguments", "inspect:_ParameterKind"),
        *("_thread:_local",),
    }
)
"""Classes of modules that act, which are data all the same."""


def restorable(name: ClassName, exceptions: Collection[str] = ()) -> Any:
    """The class of that name outside the included packages, whose objects a replay restores; raises `LookupError` with
    the reason where there is none. `exceptions` are packages of which every exception is one."""
    known = VALUE_TYPES.get(name)
    if known is not None:
        return known
    module, _qualname = split_name(name)
    found = find_loaded(name)
    if found is None:
        raise LookupError("no module that is loaded holds it")
    if not is_instance(found, type):
        raise LookupError("it is no class")
    root = module.partition(".")[0]
    if inherits(found, BaseException) and (root in sys.stdlib_module_names or root in exceptions):
        return found
    if inherits(found, enum.Enum) and root in sys.stdlib_module_names:
        return found
    reason = refusal(found, name)
    if reason:
        raise LookupError(reason)
    return found


def refusal(cls: type, name: ClassName) -> str:
    """Why the objects of a class that was found under a name are not restored; empty where they are."""
    if class_name(cls) != name:
        return f"there it is only a name for {class_name(cls)}"
    for base in type_mro(cls):
        if base is object:
            continue
        if "__del__" in type_dict(base):
            return f"{class_name(base)} does something when an object goes away"
        if acts(class_name(base)):
            return f"objects of {class_name(base)} act by themselves"
    return layout_fault(cls) if not inherits(cls, enum.Enum) else ""


def acts(name: ClassName) -> bool:
    """Whether the objects of a class act on the process by themselves."""
    if name in PLAIN_CLASSES:
        return False
    parts = split_name(name)[0].split(".")
    return name in ACTING_CLASSES or any(".".join(parts[:end]) in ACTING for end in range(1, len(parts) + 1))
