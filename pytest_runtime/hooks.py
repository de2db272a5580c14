"""The hooks that a project or another plugin may implement: how single values are compared.

They are asked only where base and candidate differ, from the whole outcome down to the part that differs, and only in
a run with `--runtime-baseline`. Values are plain Python: an object is the dict of its public attributes, a member of an
enumeration its value, a class its name. Where a value cannot be shown so, no hook is asked, and it counts.
"""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookspec(firstresult=True)
def pytest_runtime_normalise(entry: str, field: str, value: Any) -> Any:
    """Return what is compared in the place of a value, or `None` to leave it alone.

    `entry` is the trace's entry (`POST /trades`), `field` the path of the value (`response.json.items[3].score`). It is
    asked for base's value and for the candidate's. An exception is an error of that trace.
    """


@pytest.hookspec(firstresult=True)
def pytest_runtime_compare(entry: str, field: str, base: Any, candidate: Any) -> bool | None:
    """Return `True` when two values count as equal, `False` when they differ, `None` for no opinion.

    `False` also overrules the rules of the configuration for the field and its parts. An exception, or anything else
    that is returned, is an error of that trace.
    """
