"""What all tests share: pytest's own harness for plugins, and no compiled files."""

from __future__ import annotations

import gc
import os
import sys
import tempfile

from hypothesis import HealthCheck, settings

from pytest_runtime.ordinary_imports import import_ordinarily

pytest_plugins = ["pytester"]

# Recordings make a key pair in the user's configuration folder: tests have one of their own, which subprocesses share.
_FOLDER = tempfile.TemporaryDirectory(prefix="pytest-runtime-tests-")
os.environ["XDG_CONFIG_HOME"] = _FOLDER.name

# Many versions of one file come and go within a second: Python must not take one for another.
sys.dont_write_bytecode = True

# No test depends on how quick this machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

import_ordinarily()


def pytest_collection_finish() -> None:
    """Let no later collection look at what stays until the end: three thousand tests, and all that they import."""
    gc.collect()
    gc.freeze()
